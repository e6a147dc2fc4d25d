"""Why something is not done, with the figures that say so."""

from datetime import datetime
from typing import Any


class InsufficientCredits(Exception):
    """A limit does not leave room for so many credits.

    limit_source names the limit: team_balance, team_budget, key_budget or member_budget. available is what it has
    left, and resets_at when a monthly one resets, in the team's time zone.
    """

    def __init__(
        self,
        *,
        required: int,
        available: int,
        limit_source: str = "team_balance",
        resets_at: datetime | None = None,
    ) -> None:
        super().__init__(f"Insufficient credits. Required: {required}, Available: {available}")
        self.required = required
        self.available = available
        self.limit_source = limit_source
        self.resets_at = resets_at


class TooManyInProgress(Exception):
    """As many of the key's holds are open as it may have at once."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} at once")
        self.limit = limit


class TeamClosing(Exception):
    """The team is closed, or being closed."""


class InvalidSetting(ValueError):
    """A setting that can't be had. `constraint` is the rule's name, `limit` its bound."""

    def __init__(self, field: str, constraint: str, message: str, limit: Any = None) -> None:
        super().__init__(message)
        self.field = field
        self.constraint = constraint
        self.message = message
        self.limit = limit
