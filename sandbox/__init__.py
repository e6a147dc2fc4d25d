"""A stand-in for the documented upstream APIs, over real HTTP, making real MP4s.

Its own ASGI app on its own port, for development, demonstrations and tests. It knows nothing of the product:
what it answers is what a provider's document says, and what goes wrong is what a caller asked to go wrong.
"""
