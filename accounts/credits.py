"""The only writer of credits: what comes in and goes out, and hold, which is settled once by capture or release.

Each posting is one statement that moves the team's balance and writes the entry explaining it, so the two cannot
part. Amounts are whole credits, above 0 and below 2**63.

Lock order: generation, then balance, then budgets. Who needs the balances of several teams in one transaction takes
them by lock() first, in the order of the teams' ids.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Sum
from uuid_utils.compat import uuid7

from accounts import budgets
from accounts.models import Allowance, CreditBalance, CreditEntry, EntryKind, Purchase, RedeemCode, Team, User
from accounts.models.credits import HOLDING_KINDS, MAX_COUNTED, NOTE_CHARACTERS
from accounts.refusals import InsufficientCredits

# The condition is in the UPDATE, so two holds can never both take the last credits; when it fails no row comes back.
# What begins a hold gives no period: it is reserved in the month that it is for the team.
_POST = """
WITH balance AS (
    UPDATE accounts_creditbalance
    SET available = available + %(available)s,
        held = held + %(held)s,
        spent = spent + %(spent)s,
        granted = granted + %(granted)s,
        sequence = sequence + 1
    WHERE team_id = %(team_id)s AND available >= %(least_available)s AND granted <= %(most_granted)s
    RETURNING *
)
INSERT INTO accounts_creditentry (
    id, team_id, sequence, kind, hold_id, api_key_id, member_id, period, note, actor_id,
    purchase_id, redeem_code_id, allowance_id,
    available_delta, held_delta, spent_delta, granted_delta,
    available_after, held_after, spent_after, granted_after
)
SELECT
    %(id)s, balance.team_id, sequence, %(kind)s, %(hold_id)s, %(api_key_id)s, %(member_id)s,
    coalesce(
        %(period)s,
        to_char(coalesce(%(at)s, statement_timestamp()) AT TIME ZONE team.time_zone, 'YYYY-MM')
    ),
    %(note)s, %(actor_id)s,
    %(purchase_id)s, %(redeem_code_id)s, %(allowance_id)s,
    %(available)s, %(held)s, %(spent)s, %(granted)s,
    available, held, spent, granted
FROM balance JOIN accounts_team AS team ON team.id = balance.team_id
RETURNING *
"""


Source = Purchase | RedeemCode | Allowance


class TooManyCredits(ValueError):
    """The team would have been given more in all than can be counted."""


class NoSuchHold(LookupError):
    """Nothing was ever held under this id."""


class HoldSettledOtherwise(Exception):
    """The hold was settled before, in another way or for another amount."""

    def __init__(self, settled: CreditEntry) -> None:
        super().__init__(f"hold {settled.hold_id}: {settled.kind} of {settled.spent_delta}")
        self.settled = settled


def open_balance(team: Team) -> CreditBalance:
    """The empty balance that every team starts with."""
    return CreditBalance.objects.create(team=team)


def grant(
    team: Team, credits: int, *, note: str = "", source: Source | None = None, actor: User | None = None
) -> CreditEntry:
    """Give credits to the team. Raises TooManyCredits, ValueError for a note of more than NOTE_CHARACTERS, and
    IntegrityError where the source has brought its credits before."""
    amount = _whole(credits)
    return _Posting(team.pk, EntryKind.GRANT, available=amount, note=note, source=source, actor=actor).write()


def withdraw(
    team: Team, credits: int, *, note: str = "", source: Purchase | None = None, actor: User | None = None
) -> CreditEntry:
    """Take available credits back. Raises InsufficientCredits when fewer are available."""
    amount = _whole(credits)
    return _Posting(team.pk, EntryKind.WITHDRAW, available=-amount, note=note, source=source, actor=actor).write()


def adjust(team: Team, credits: int, *, note: str, actor: User | None = None) -> CreditEntry:
    """Correct what is available, up or down. Raises what grant() and withdraw() do."""
    amount = -_whole(-credits) if type(credits) is int and credits < 0 else _whole(credits)
    return _Posting(team.pk, EntryKind.ADJUST, available=amount, note=note, actor=actor).write()


@transaction.atomic
def top_up(team: Team, to: int, *, source: Allowance | None = None) -> int:
    """Grant what the team lacks of so many credits; returns how many that is, perhaps 0.

    What is held counts as there, for it may come back.
    """
    balance = lock(team.pk)
    lacking = _whole(to) - balance.available - balance.held
    if lacking > 0:
        grant(team, lacking, source=source)
    return max(0, lacking)


@transaction.atomic
def take_back(team: Team, credits: int, *, source: Purchase | None = None) -> int:
    """Withdraw so many credits or as many as are available; returns how many that is, perhaps 0."""
    amount = min(_whole(credits), lock(team.pk).available)
    if amount:
        withdraw(team, amount, source=source)
    return amount


def lock(team_id: UUID) -> CreditBalance:
    """The team's balance, which nobody else moves until the transaction ends.

    Whoever lowers a limit or starts to close the team takes it first: no hold in flight can then miss the change.
    """
    return CreditBalance.objects.select_for_update().get(team_id=team_id)


def hold(
    team_id: UUID,
    credits: int,
    *,
    hold_id: UUID,
    api_key_id: UUID | None = None,
    member_id: UUID | None = None,
    at: datetime | None = None,
) -> CreditEntry:
    """Set credits aside under hold_id, a name of the caller's that is used once, and reserve them in the budgets of
    the team and of the key or the member who asks, for the month that it is, or was at `at`.

    Raises InsufficientCredits when the balance or a budget leaves no room, TooManyInProgress, TeamClosing,
    PermissionDenied when the member has left, IntegrityError when the name was used before. Within a transaction of
    the caller's, a refusal undoes that one.
    """
    amount = _whole(credits)
    posting = _Posting(
        team_id,
        EntryKind.HOLD,
        available=-amount,
        held=amount,
        hold_id=hold_id,
        api_key_id=api_key_id,
        member_id=member_id,
        period=None,
        at=at,
    )
    # A savepoint would be two statements more in every create.
    with transaction.atomic(savepoint=False):
        entry = posting.write()
        budgets.reserve(entry)
    return entry


def capture(hold_id: UUID, credits: int) -> bool:
    """Spend credits of a hold and give back the rest. Raises ValueError above what is held; otherwise as release()."""
    return _settle(hold_id, EntryKind.CAPTURE, _whole(credits))


def release(hold_id: UUID) -> bool:
    """Give the whole hold back.

    True when this call settled the hold, False when it had been settled exactly so before.
    Raises HoldSettledOtherwise, or NoSuchHold.
    """
    return _settle(hold_id, EntryKind.RELEASE, 0)


@transaction.atomic
def refund(hold_id: UUID, credits: int, *, note: str, actor: User | None = None) -> CreditEntry:
    """Give spent credits of a captured hold back. Raises ValueError above what was captured and not refunded yet."""
    amount = _whole(credits)
    holding, settlement = _locked(hold_id)
    refunds = CreditEntry.objects.filter(hold_id=hold_id, kind=EntryKind.REFUND)
    captured = settlement.spent_delta if settlement else 0
    left = captured + (refunds.aggregate(total=Sum("spent_delta"))["total"] or 0)
    if amount > left:
        raise ValueError(f"cannot refund {amount} of {left} left of {captured} captured for {hold_id}")
    entry = _follow(holding, EntryKind.REFUND, available=amount, spent=-amount, note=note, actor=actor)
    budgets.give_back(holding, amount, is_settled=False)
    return entry


@transaction.atomic
def _settle(hold_id: UUID, kind: EntryKind, spent: int) -> bool:
    holding, settlement = _locked(hold_id)
    held = holding.held_delta
    if spent > held:
        raise ValueError(f"cannot capture {spent} of {held} held as {hold_id}")
    if settlement is None:
        _follow(holding, kind, available=held - spent, held=-held, spent=spent)
        budgets.give_back(holding, held - spent, is_settled=True)
        return True
    if (settlement.kind, settlement.spent_delta) != (kind, spent):
        raise HoldSettledOtherwise(settlement)
    return False


def _locked(hold_id: UUID) -> tuple[CreditEntry, CreditEntry | None]:
    """The hold, and what settled it. Raises NoSuchHold.

    Whoever holds the balance row sees every settlement made before; the unique constraint is only the backstop.
    """
    hold = CreditEntry.objects.filter(hold_id=hold_id, kind=EntryKind.HOLD)
    if not CreditBalance.objects.select_for_update().filter(team_id=hold.values("team_id")[:1]):
        raise NoSuchHold(hold_id)
    entries = CreditEntry.objects.filter(hold_id=hold_id, kind__in=HOLDING_KINDS).order_by("sequence")
    holding, *settlements = entries
    return holding, settlements[0] if settlements else None


def _follow(holding: CreditEntry, kind: EntryKind, **posting: Any) -> CreditEntry:
    """Post what becomes of a hold, under its name and against its budgets."""
    names = ("hold_id", "api_key_id", "member_id", "period")
    return _Posting(holding.team_id, kind, **{name: getattr(holding, name) for name in names}, **posting).write()


@dataclass(frozen=True)
class _Posting:
    """What an entry does to three of the figures; granted moves by their sum."""

    team_id: UUID
    kind: EntryKind
    available: int
    held: int = 0
    spent: int = 0
    hold_id: UUID | None = None
    api_key_id: UUID | None = None
    member_id: UUID | None = None
    period: str | None = ""
    at: datetime | None = None
    note: str = ""
    source: Source | None = None
    actor: User | None = None

    def __post_init__(self) -> None:
        if len(self.note) > NOTE_CHARACTERS:
            raise ValueError(f"a note has at most {NOTE_CHARACTERS} characters, not {len(self.note)}")

    @property
    def granted(self) -> int:
        return self.available + self.held + self.spent

    def write(self) -> CreditEntry:
        """Post it. A refusal shows a balance that really leaves no room: where it has risen since, this tries again."""
        while (entry := self._try()) is None:
            balance = CreditBalance.objects.get(team_id=self.team_id)
            if balance.available + self.available < 0:
                raise InsufficientCredits(required=-self.available, available=balance.available)
            if balance.granted + self.granted > MAX_COUNTED:
                raise TooManyCredits(f"{self.granted} more would bring what was granted above {MAX_COUNTED}")
        return entry

    def _try(self) -> CreditEntry | None:
        actor_id = self.actor and self.actor.pk
        parameters = {
            **vars(self),
            "id": uuid7(),
            "kind": self.kind.value,
            "granted": self.granted,
            "least_available": -self.available,
            "most_granted": MAX_COUNTED - max(0, self.granted),
            "actor_id": actor_id,
            "purchase_id": self.source.pk if isinstance(self.source, Purchase) else None,
            "redeem_code_id": self.source.pk if isinstance(self.source, RedeemCode) else None,
            "allowance_id": self.source.pk if isinstance(self.source, Allowance) else None,
        }
        return next(iter(CreditEntry.objects.raw(_POST, parameters)), None)


def _whole(credits: int) -> int:
    if type(credits) is not int:
        raise TypeError(f"credits are whole numbers, not {type(credits).__name__}")
    if not 0 < credits <= MAX_COUNTED:
        raise ValueError(f"credits are above 0 and below 2**63, not {credits}")
    return credits
