"""The only writer of credits: grant, withdraw, and hold, which is settled once by capture or release.

Each posting is one statement that moves the team's balance and writes the entry explaining it, so the two cannot
part. Amounts are whole credits, above 0 and below 2**63. Lock order: generation, then balance, then budgets.
"""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from uuid_utils.compat import uuid7

from accounts.models import CreditBalance, CreditEntry, EntryKind, Team, User

# The condition is in the UPDATE, so two holds can never both take the last credits; when it fails no row comes back.
_POST = """
WITH balance AS (
    UPDATE accounts_creditbalance
    SET available = available + %(available)s,
        held = held + %(held)s,
        spent = spent + %(spent)s,
        granted = granted + %(granted)s,
        sequence = sequence + 1
    WHERE team_id = %(team_id)s AND available + %(available)s >= 0
    RETURNING *
)
INSERT INTO accounts_creditentry (
    id, team_id, sequence, kind, hold_id, note, actor_id,
    available_delta, held_delta, spent_delta, granted_delta,
    available_after, held_after, spent_after, granted_after
)
SELECT
    %(id)s, team_id, sequence, %(kind)s, %(hold_id)s, %(note)s, %(actor_id)s,
    %(available)s, %(held)s, %(spent)s, %(granted)s,
    available, held, spent, granted
FROM balance
RETURNING *
"""


class InsufficientCredits(Exception):
    """A limit does not leave room for this many credits. limit_source names the limit: team_balance."""

    def __init__(self, *, required: int, available: int, limit_source: str = "team_balance") -> None:
        super().__init__(f"Insufficient credits. Required: {required}, Available: {available}")
        self.required = required
        self.available = available
        self.limit_source = limit_source


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


def grant(team: Team, credits: int, *, note: str, actor: User | None = None) -> CreditEntry:
    """Give credits to the team."""
    amount = _whole(credits)
    return _Posting(team.pk, EntryKind.GRANT, available=amount, note=note, actor=actor).write()


def withdraw(team: Team, credits: int, *, note: str, actor: User | None = None) -> CreditEntry:
    """Take available credits back. Raises InsufficientCredits when fewer are available."""
    amount = _whole(credits)
    return _Posting(team.pk, EntryKind.WITHDRAW, available=-amount, note=note, actor=actor).write()


def hold(team_id: UUID, credits: int, *, hold_id: UUID) -> CreditEntry:
    """Set credits aside under hold_id, a name of the caller's that is used once.

    Raises InsufficientCredits when fewer are available, IntegrityError when the name was used before.
    """
    amount = _whole(credits)
    return _Posting(team_id, EntryKind.HOLD, available=-amount, held=amount, hold_id=hold_id).write()


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
def _settle(hold_id: UUID, kind: EntryKind, spent: int) -> bool:
    holding, settlement = _entries_of(hold_id)
    held = holding.held_delta
    if spent > held:
        raise ValueError(f"cannot capture {spent} of {held} held as {hold_id}")
    if settlement is None:
        # Whoever holds the balance row sees every settlement made before; the unique constraint is only the backstop.
        CreditBalance.objects.select_for_update().get(team_id=holding.team_id)
        _, settlement = _entries_of(hold_id)
    if settlement is None:
        _Posting(holding.team_id, kind, available=held - spent, held=-held, spent=spent, hold_id=hold_id).write()
        return True
    if (settlement.kind, settlement.spent_delta) != (kind, spent):
        raise HoldSettledOtherwise(settlement)
    return False


def _entries_of(hold_id: UUID) -> tuple[CreditEntry, CreditEntry | None]:
    """The hold, and what settled it."""
    entries = CreditEntry.objects.filter(hold_id=hold_id).order_by("sequence")[:2]
    match list(entries):
        case [holding, settlement]:
            return holding, settlement
        case [holding]:
            return holding, None
    raise NoSuchHold(hold_id)


@dataclass(frozen=True)
class _Posting:
    """What an entry does to three of the figures; granted moves by their sum."""

    team_id: UUID
    kind: EntryKind
    available: int
    held: int = 0
    spent: int = 0
    hold_id: UUID | None = None
    note: str = ""
    actor: User | None = None

    def write(self) -> CreditEntry:
        """Post it. A refusal shows a balance that is really too low: where it has risen since, this tries again."""
        while (entry := self._try()) is None:
            available = CreditBalance.objects.values_list("available", flat=True).get(team_id=self.team_id)
            if available + self.available < 0:
                raise InsufficientCredits(required=-self.available, available=available)
        return entry

    def _try(self) -> CreditEntry | None:
        granted = self.available + self.held + self.spent
        actor_id = self.actor and self.actor.pk
        parameters = {
            **vars(self),
            "id": uuid7(),
            "kind": self.kind.value,
            "granted": granted,
            "actor_id": actor_id,
        }
        return next(iter(CreditEntry.objects.raw(_POST, parameters)), None)


def _whole(credits: int) -> int:
    if type(credits) is not int:
        raise TypeError(f"credits are whole numbers, not {type(credits).__name__}")
    if not 0 < credits < 2**63:
        raise ValueError(f"credits are above 0 and below 2**63, not {credits}")
    return credits
