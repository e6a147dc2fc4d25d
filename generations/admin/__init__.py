"""The operator's pages: provider accounts, prices, what providers sent, and what became of submissions.

Credentials are never shown.
"""

from . import accounts, callbacks, prices, submissions

__all__ = ["accounts", "callbacks", "prices", "submissions"]
