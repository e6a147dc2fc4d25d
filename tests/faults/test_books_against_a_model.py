"""L6: operations drawn from a seed, done to the books and to a model of them in Python, which must agree throughout."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from accounts import credits
from accounts.audit import audit
from accounts.models import ApiKey, BudgetUse, CreditBalance, CreditEntry, Membership, Team
from accounts.refusals import InsufficientCredits, TooManyInProgress
from tests.books_model import LIFETIME, Books, Limits, TeamBooks
from tests.factories import make_key, make_member, make_team, make_user

ZONES = ("UTC", "Asia/Shanghai", "America/New_York")
COMPARED_EVERY = 1_000
COMMITTED_EVERY = 100
COLUMNS = {"monthly": "monthly_budget_credits", "lifetime": "lifetime_budget_credits", "in_progress": "max_in_progress"}
REFUSALS = {
    "team_balance": InsufficientCredits,
    "team_budget": InsufficientCredits,
    "key_budget": InsufficientCredits,
    "member_budget": InsufficientCredits,
    "TooManyInProgress": TooManyInProgress,
    "HoldSettledOtherwise": credits.HoldSettledOtherwise,
    "IntegrityError": IntegrityError,
    "ValueError": ValueError,
}
WEIGHTS = {
    "hold": 40,
    "capture": 13,
    "release": 12,
    "refund": 3,
    "settle_again": 3,
    "grant": 8,
    "withdraw": 3,
    "adjust": 5,
    "top_up": 3,
    "take_back": 3,
    "limit": 7,
}
OF_OPEN = ("capture", "release")
OF_SETTLED = ("settle_again", "refund")
MILLION = [pytest.param(seed, 50_000, marks=pytest.mark.faults) for seed in range(20)]


@pytest.mark.parametrize(("seed", "number"), [(20261121, 20_000), *MILLION])
def test_whatever_is_done_the_books_are_what_the_model_says(transactional_db, seed, number):  # L6
    operator = Operator(seed)

    for first in range(0, number, COMPARED_EVERY):
        for _ in range(COMPARED_EVERY // COMMITTED_EVERY):
            with transaction.atomic():
                for _ in range(COMMITTED_EVERY):
                    operator.operate()
        assert operator.found() == operator.expected(), f"seed {seed}, after {first + COMPARED_EVERY} operations"

    assert audit() == [], f"seed {seed}"
    # A run in which something hardly ever happened would have shown nothing of it.
    assert min(operator.done[name] for name in (*WEIGHTS, *REFUSALS)) > number // 3_000, f"seed {seed}: {operator.done}"


class Operator:
    """Draws operations and does each to both; what they answer has to be the same."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.seed = seed
        self.done: Counter[str] = Counter()
        self.at = datetime(2026, 10, 20, tzinfo=UTC)
        self.books = Books()
        self.teams: dict[UUID, Team] = {}
        self.askers: dict[UUID, list[Any]] = {}
        self.open: list[UUID] = []
        self.settled: list[UUID] = []
        in_two_teams = make_user()
        for zone in ZONES:
            team = make_team()
            Team.objects.filter(pk=team.pk).update(time_zone=zone)
            members = [make_member(team=team), make_member(team=team, user=in_two_teams)]
            askers = [("key", make_key(team=team)[0].pk) for _ in range(2)] + [("member", user.pk) for user in members]
            self.teams[team.pk], self.askers[team.pk] = team, [None, *askers]
            self.books.teams[team.pk] = TeamBooks(zone)
            self.books.limits.update({(team.pk, asker): Limits() for asker in [None, *askers]})

    def operate(self) -> None:
        self.at += timedelta(seconds=self.random.randrange(1200))
        (name,) = self.random.choices(list(WEIGHTS), list(WEIGHTS.values()))
        if (name in OF_OPEN and not self.open) or (name in OF_SETTLED and not self.settled):
            name = "hold"
        self.done[name] += 1
        getattr(self, f"_{name}")(self.random.choice(list(self.teams)))

    def expected(self) -> Any:
        balances = {
            team: (books.available, books.held, books.spent, books.granted, books.entries)
            for team, books in self.books.teams.items()
        }
        uses = {(*key, used, self.books.open[key]) for key, used in self.books.used.items()}
        return balances, uses, sum(books.entries for books in self.books.teams.values())

    def found(self) -> Any:
        rows = CreditBalance.objects.values_list("team_id", "available", "held", "spent", "granted", "sequence")
        uses = {
            (row.team_id, _owner(row), row.period, row.used_credits, row.open_holds) for row in BudgetUse.objects.all()
        }
        return {row[0]: row[1:] for row in rows}, uses, CreditEntry.objects.count()

    def _both(self, expected: Any, act: Callable[[], Any]) -> None:
        """What the model refuses is done within a savepoint, which the refusal undoes."""
        if not isinstance(expected, tuple):
            answer = act()
            assert expected == (answer if isinstance(answer, bool | int) else None), f"seed {self.seed}: {self.done}"
            return
        reason = expected[1] if expected[0] == "InsufficientCredits" else expected[0]
        self.done[reason] += 1
        with pytest.raises(REFUSALS[reason]) as refusal, transaction.atomic():
            act()
        assert _told(refusal.value) == expected, f"seed {self.seed}: {self.done}"

    def _hold(self, team: UUID) -> None:
        random, asker = self.random, self.random.choice(self.askers[team])
        amount = random.randrange(1, 200)
        is_new = random.random() < 0.99 or not self.open
        hold_id = UUID(int=random.getrandbits(128)) if is_new else random.choice(self.open)
        expected = self.books.hold(team, amount, asker, hold_id, self.at)
        owner = {f"{'api_key' if asker[0] == 'key' else 'member'}_id": asker[1]} if asker else {}
        self._both(expected, lambda: credits.hold(team, amount, hold_id=hold_id, at=self.at, **owner))
        if expected is None:
            self.open.append(hold_id)

    def _capture(self, team: UUID) -> None:
        """Once in a while more than is held, which is refused, and the hold stays open."""
        hold_id = self._draw(self.open)
        amount = self.random.randrange(1, self.books.holds[hold_id].amount * 21 // 20 + 2)
        self._capture_of(hold_id, amount)
        (self.settled if self.books.holds[hold_id].captured else self.open).append(hold_id)

    def _release(self, team: UUID) -> None:
        hold_id = self._draw(self.open)
        self._both(self.books.release(hold_id), lambda: credits.release(hold_id))
        self.settled.append(hold_id)

    def _settle_again(self, team: UUID) -> None:
        hold_id = self.random.choice(self.settled)
        if self.random.random() < 0.3:
            self._both(self.books.release(hold_id), lambda: credits.release(hold_id))
        else:
            self._capture_of(hold_id, self.books.holds[hold_id].captured or 1)

    def _refund(self, team: UUID) -> None:
        hold_id = self.random.choice(self.settled)
        amount = self.random.randrange(1, 120)
        expected = self.books.refund(hold_id, amount)
        self._both(expected, lambda: credits.refund(hold_id, amount, note=""))

    def _grant(self, team: UUID) -> None:
        amount = self.random.randrange(1, 500)
        self._both(self.books.grant(team, amount), lambda: credits.grant(self.teams[team], amount, note=""))

    def _withdraw(self, team: UUID) -> None:
        amount = self.random.randrange(1, 700)
        self._both(self.books.withdraw(team, amount), lambda: credits.withdraw(self.teams[team], amount, note=""))

    def _adjust(self, team: UUID) -> None:
        amount = self.random.choice((-1, 1)) * self.random.randrange(1, 500)
        self._both(self.books.adjust(team, amount), lambda: credits.adjust(self.teams[team], amount, note=""))

    def _top_up(self, team: UUID) -> None:
        to = self.random.randrange(1, 1500)
        self._both(self.books.top_up(team, to), lambda: credits.top_up(self.teams[team], to))

    def _take_back(self, team: UUID) -> None:
        amount = self.random.randrange(1, 700)
        self._both(self.books.take_back(team, amount), lambda: credits.take_back(self.teams[team], amount))

    def _limit(self, team: UUID) -> None:
        """Lift a limit, or set one near what is used by now."""
        asker = self.random.choice(self.askers[team])
        name = self.random.choice(list(COLUMNS) if asker and asker[0] == "key" else ["monthly", "lifetime"])
        limit = None if self.random.random() < 0.5 else self._near(team, asker, name)
        setattr(self.books.limits[team, asker], name, limit)
        credits.lock(team)
        _rows_of(team, asker).update(**{COLUMNS[name]: limit})

    def _near(self, team: UUID, asker: Any, name: str) -> int:
        if name == "in_progress":
            return max(1, self.books.open[team, asker, LIFETIME] + self.random.randrange(-2, 20))
        period = LIFETIME if name == "lifetime" else f"{self.at:%Y-%m}"
        return max(0, self.books.used[team, asker, period] + self.random.randrange(-200, 4000))

    def _capture_of(self, hold_id: UUID, amount: int) -> None:
        self._both(self.books.capture(hold_id, amount), lambda: credits.capture(hold_id, amount))

    def _draw(self, hold_ids: list[UUID]) -> UUID:
        """Take one out, in no order."""
        place = self.random.randrange(len(hold_ids))
        hold_ids[place], hold_ids[-1] = hold_ids[-1], hold_ids[place]
        return hold_ids.pop()


def _owner(row: BudgetUse) -> Any:
    if row.api_key_id:
        return "key", row.api_key_id
    return ("member", row.member_id) if row.member_id else None


def _rows_of(team: UUID, asker: Any) -> Any:
    if asker is None:
        return Team.objects.filter(pk=team)
    if asker[0] == "key":
        return ApiKey.objects.filter(pk=asker[1])
    return Membership.objects.filter(team=team, user=asker[1])


def _told(refusal: Exception) -> tuple:
    if isinstance(refusal, InsufficientCredits):
        return "InsufficientCredits", refusal.limit_source, refusal.required, refusal.available, refusal.resets_at
    if isinstance(refusal, TooManyInProgress):
        return "TooManyInProgress", refusal.limit
    return (type(refusal).__name__,)
