"""What every API of ours shares: its envelopes, who is asking, and how often they may."""
