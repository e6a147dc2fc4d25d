"""The operator's pages: provider accounts, prices, and what became of submissions. Credentials are never shown."""

from . import accounts, prices, submissions

__all__ = ["accounts", "prices", "submissions"]
