"""Collections: what they hold, who sees them, links that share them, and the ZIP of one."""
