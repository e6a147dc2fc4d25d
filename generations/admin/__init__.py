"""The operator's pages: provider accounts, prices, search, what providers sent, and what became of submissions.

Credentials are never shown.
"""

from . import accounts, callbacks, prices, search, submissions

__all__ = ["accounts", "callbacks", "prices", "search", "submissions"]
