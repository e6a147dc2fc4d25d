"""The books in plain Python: what accounts.credits should answer to each call, and what it should leave behind.

It shares no code with what it checks. Every call returns what the real one returns; a refusal is a tuple that begins
with the name of the exception.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

LIFETIME = "lifetime"


@dataclass
class Limits:
    monthly: int | None = None
    lifetime: int | None = None
    in_progress: int | None = None


@dataclass
class TeamBooks:
    zone: str
    available: int = 0
    held: int = 0
    spent: int = 0
    granted: int = 0
    entries: int = 0

    def post(self, available: int, held: int = 0, spent: int = 0) -> None:
        self.available += available
        self.held += held
        self.spent += spent
        self.granted += available + held + spent
        self.entries += 1


@dataclass
class Hold:
    team: UUID
    owner: tuple[str, UUID] | None
    period: str
    amount: int
    captured: int | None = None  # 0: released
    refunded: int = 0


@dataclass
class Books:
    """`limits` and `uses` are by team and owner: ("key", id), ("member", id), or None for the whole team."""

    teams: dict[UUID, TeamBooks] = field(default_factory=dict)
    limits: dict[tuple[UUID, Any], Limits] = field(default_factory=dict)
    holds: dict[UUID, Hold] = field(default_factory=dict)
    used: Counter[tuple[UUID, Any, str]] = field(default_factory=Counter)
    open: Counter[tuple[UUID, Any, str]] = field(default_factory=Counter)

    def grant(self, team: UUID, credits: int) -> None:
        self.teams[team].post(credits)

    def withdraw(self, team: UUID, credits: int) -> tuple | None:
        return self.adjust(team, -credits)

    def adjust(self, team: UUID, credits: int) -> tuple | None:
        books = self.teams[team]
        if books.available + credits < 0:
            return "InsufficientCredits", "team_balance", -credits, books.available, None
        books.post(credits)
        return None

    def top_up(self, team: UUID, to: int) -> int:
        books = self.teams[team]
        lacking = max(0, to - books.available - books.held)
        if lacking:
            books.post(lacking)
        return lacking

    def take_back(self, team: UUID, credits: int) -> int:
        taken = min(credits, self.teams[team].available)
        if taken:
            self.teams[team].post(-taken)
        return taken

    def hold(self, team: UUID, credits: int, owner: Any, hold_id: UUID, at: datetime) -> tuple | None:
        books = self.teams[team]
        if books.available < credits:
            return "InsufficientCredits", "team_balance", credits, books.available, None
        if hold_id in self.holds:
            return ("IntegrityError",)
        there = at.astimezone(ZoneInfo(books.zone))
        if refusal := self._over_budget(team, credits, owner, there):
            return refusal
        hold = Hold(team, owner, f"{there.year}-{there.month:02}", credits)
        self.holds[hold_id] = hold
        books.post(-credits, held=credits)
        self._count(hold, credits, holds=1)
        return None

    def capture(self, hold_id: UUID, credits: int) -> bool | tuple:
        if credits > self.holds[hold_id].amount:
            return ("ValueError",)
        return self._settle(hold_id, credits)

    def release(self, hold_id: UUID) -> bool | tuple:
        return self._settle(hold_id, 0)

    def refund(self, hold_id: UUID, credits: int) -> tuple | None:
        hold = self.holds[hold_id]
        if credits > (hold.captured or 0) - hold.refunded:
            return ("ValueError",)
        hold.refunded += credits
        self.teams[hold.team].post(credits, spent=-credits)
        self._count(hold, -credits)
        return None

    def _settle(self, hold_id: UUID, spent: int) -> bool | tuple:
        hold = self.holds[hold_id]
        if hold.captured is not None:
            return False if hold.captured == spent else ("HoldSettledOtherwise",)
        hold.captured = spent
        self.teams[hold.team].post(hold.amount - spent, held=-hold.amount, spent=spent)
        self._count(hold, spent - hold.amount, holds=-1)
        return True

    def _count(self, hold: Hold, credits: int, *, holds: int = 0) -> None:
        for owner in {hold.owner, None}:
            for period in (hold.period, LIFETIME):
                self.used[hold.team, owner, period] += credits
                self.open[hold.team, owner, period] += holds

    def _over_budget(self, team: UUID, credits: int, owner: Any, there: datetime) -> tuple | None:
        month = f"{there.year}-{there.month:02}"
        year, number = (there.year + 1, 1) if there.month == 12 else (there.year, there.month + 1)
        end = datetime(year, number, 1, tzinfo=there.tzinfo)
        for each in [owner, None] if owner else [None]:
            limits = self.limits[team, each]
            for limit, period, resets_at in ((limits.monthly, month, end), (limits.lifetime, LIFETIME, None)):
                left = None if limit is None else max(0, limit - self.used[team, each, period])
                if left is not None and credits > left:
                    return "InsufficientCredits", f"{each[0] if each else 'team'}_budget", credits, left, resets_at
        most = self.limits[team, owner].in_progress
        if owner and most is not None and self.open[team, owner, LIFETIME] >= most:
            return "TooManyInProgress", most
        return None
