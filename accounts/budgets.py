"""What teams, keys and members have used of their budgets: reserved and given back by accounts.credits alone.

A budget is a month of the team's time zone, "2026-11", or "lifetime". A hold counts against its team, and against its
key or its member: a key's spending is not its maker's. Every hold is counted, limit or not, so a limit that is set
later knows what was used before. What is given back goes to the month that the hold was reserved in.

No limit can be overrun. Every hold of a team has to take the row of its balance first, and whoever changes a limit
takes it too (credits.lock). The snapshot of the statement that reserves begins after that: it sees each limit and each
use that was committed, and none can change before the hold itself is committed or rolled back.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from accounts.models import ApiKey, BudgetUse, CreditEntry, Membership, Team
from accounts.refusals import InsufficientCredits, TeamClosing, TooManyInProgress

# The smallest limits come first, and a month before the lifetime: the first that is passed is the one to name.
_RESERVE = """
WITH used AS (
    INSERT INTO accounts_budgetuse AS kept (team_id, api_key_id, member_id, period, used_credits, open_holds)
    SELECT DISTINCT %(team_id)s::uuid, api_key_id, member_id, period, %(credits)s::bigint, 1
    FROM (VALUES (NULL::uuid, NULL::uuid), (%(api_key_id)s, %(member_id)s)) AS owner (api_key_id, member_id),
         (VALUES (%(period)s), ('lifetime')) AS span (period)
    ON CONFLICT (team_id, api_key_id, member_id, period) DO UPDATE
    SET used_credits = kept.used_credits + EXCLUDED.used_credits, open_holds = kept.open_holds + 1
    RETURNING *
)
SELECT
    owner.source,
    used.period,
    CASE used.period WHEN 'lifetime' THEN owner.lifetime ELSE owner.monthly END,
    used.used_credits,
    CASE used.period WHEN 'lifetime' THEN owner.max_in_progress END,
    used.open_holds,
    team.time_zone,
    team.closing_at
FROM used
JOIN accounts_team AS team ON team.id = used.team_id
LEFT JOIN LATERAL (
    SELECT 'team_budget', team.monthly_budget_credits, team.lifetime_budget_credits, NULL::integer
    WHERE used.api_key_id IS NULL AND used.member_id IS NULL
    UNION ALL
    SELECT 'key_budget', monthly_budget_credits, lifetime_budget_credits, max_in_progress
    FROM accounts_apikey WHERE id = used.api_key_id
    UNION ALL
    SELECT 'member_budget', monthly_budget_credits, lifetime_budget_credits, NULL
    FROM accounts_membership WHERE team_id = used.team_id AND user_id = used.member_id
) AS owner (source, monthly, lifetime, max_in_progress) ON true
ORDER BY used.api_key_id IS NULL AND used.member_id IS NULL, used.period = 'lifetime'
"""

_GIVE_BACK = """
UPDATE accounts_budgetuse
SET used_credits = used_credits - %(credits)s, open_holds = open_holds - %(holds)s
WHERE team_id = %(team_id)s
AND period IN (%(period)s, 'lifetime')
AND (
    api_key_id IS NULL AND member_id IS NULL
    OR api_key_id = %(api_key_id)s AND member_id IS NULL
    OR api_key_id IS NULL AND member_id = %(member_id)s
)
"""


LimitSource = Literal["team_balance", "team_budget", "key_budget", "member_budget"]


@dataclass(frozen=True, slots=True)
class BudgetState:
    """Where a budget stands. Without a limit, limit and left are None; a lifetime never resets."""

    limit: int | None
    used: int
    left: int | None
    resets_at: datetime | None


@dataclass(frozen=True, slots=True)
class Budgets:
    monthly: BudgetState
    lifetime: BudgetState


@dataclass(frozen=True, slots=True)
class Room:
    """What somebody can really spend now: the least that a limit leaves, which limit, and when it resets, if ever."""

    credits: int
    limit_source: LimitSource
    resets_at: datetime | None


class _Use(NamedTuple):
    """A row of _RESERVE, with this hold counted. No source: the member is in the team no more."""

    source: str | None
    period: str
    limit: int | None
    used: int
    max_in_progress: int | None
    open_holds: int
    time_zone: str
    closing_at: datetime | None


def period_of(team: Team, at: datetime | None = None) -> str:
    """The month that a moment is in for the team, "2026-11"; by default this moment's."""
    return f"{timezone.localtime(at, ZoneInfo(team.time_zone)):%Y-%m}"


def resets_at(team: Team, at: datetime | None = None) -> datetime:
    """When that month ends and the next one begins, in the team's time zone."""
    return _end_of(period_of(team, at), team.time_zone)


def is_limited(row: Team | ApiKey | Membership) -> bool:
    return row.monthly_budget_credits is not None or row.lifetime_budget_credits is not None


def of_team(team: Team) -> Budgets:
    return _budgets(team, team, Q(api_key=None, member=None))


def of_key(key: ApiKey) -> Budgets:
    return _budgets(key, key.team, Q(api_key=key, member=None))


def of_member(membership: Membership) -> Budgets:
    return _budgets(membership, membership.team, Q(api_key=None, member=membership.user_id))


def room_of(asker: ApiKey | Membership) -> Room:
    """The room that a hold for this key or member finds. Of equal ones, what a hold would name first is named.

    The limits are those read with the asker and its team. What was used is a query for each of the two that has one.
    """
    rooms = [Room(asker.team.balance.available, "team_balance", None)]
    if is_limited(asker):
        if isinstance(asker, ApiKey):
            rooms += _rooms("key_budget", of_key(asker))
        else:
            rooms += _rooms("member_budget", of_member(asker))
    if is_limited(asker.team):
        rooms += _rooms("team_budget", of_team(asker.team))
    return min(rooms, key=lambda room: room.credits)


def used_this_month(team: Team) -> dict[str, dict[UUID, int]]:
    """Credits used by id, of the team's keys under "key" and of its members under "member"; who used none is absent."""
    uses = BudgetUse.objects.filter(team=team, period=period_of(team)).exclude(api_key=None, member=None)
    used: dict[str, dict[UUID, int]] = {"key": {}, "member": {}}
    for key_id, member_id, credits in uses.values_list("api_key_id", "member_id", "used_credits"):
        used["key" if key_id else "member"][key_id or member_id] = credits
    return used


def reserve(hold: CreditEntry) -> None:
    """Count a hold that was just posted. Raises where that passes a limit: then the transaction has to be undone."""
    with connection.cursor() as cursor:
        cursor.execute(_RESERVE, _columns(hold, credits=hold.held_delta))
        uses = [_Use(*row) for row in cursor.fetchall()]
    if any(use.closing_at for use in uses):
        raise TeamClosing
    if not all(use.source for use in uses):
        raise PermissionDenied("no member of the team any more")
    for use in uses:
        if use.limit is not None and use.used > use.limit:
            raise InsufficientCredits(
                required=hold.held_delta,
                available=max(0, use.limit - use.used + hold.held_delta),
                limit_source=use.source or "",
                resets_at=None if use.period == BudgetUse.LIFETIME else _end_of(use.period, use.time_zone),
            )
    for use in uses:
        if use.max_in_progress is not None and use.open_holds > use.max_in_progress:
            raise TooManyInProgress(use.max_in_progress)


def give_back(hold: CreditEntry, credits: int, *, is_settled: bool) -> None:
    """Return credits to the budgets that a hold was reserved in; once it is settled, it is open no more.

    Holds from before there were budgets name no month, and were never counted.
    """
    if hold.period:
        with connection.cursor() as cursor:
            cursor.execute(_GIVE_BACK, _columns(hold, credits=credits, holds=int(is_settled)))


def _columns(hold: CreditEntry, **figures: int) -> dict[str, Any]:
    owner = {name: getattr(hold, name) for name in ("team_id", "api_key_id", "member_id", "period")}
    return {**owner, **figures}


def _budgets(limits: Team | ApiKey | Membership, team: Team, owner: Q) -> Budgets:
    month = period_of(team)
    uses = BudgetUse.objects.filter(owner, team=team, period__in=(month, BudgetUse.LIFETIME))
    used = dict(uses.values_list("period", "used_credits"))
    return Budgets(
        monthly=_state(limits.monthly_budget_credits, used.get(month, 0), _end_of(month, team.time_zone)),
        lifetime=_state(limits.lifetime_budget_credits, used.get(BudgetUse.LIFETIME, 0), None),
    )


def _rooms(source: LimitSource, budgets: Budgets) -> list[Room]:
    return [
        Room(state.left, source, state.resets_at)
        for state in (budgets.monthly, budgets.lifetime)
        if state.left is not None
    ]


def _state(limit: int | None, used: int, resets_at: datetime | None) -> BudgetState:
    """A limit that was lowered below what is used has nothing left, not less."""
    return BudgetState(limit, used, None if limit is None else max(0, limit - used), resets_at)


def _end_of(period: str, time_zone: str) -> datetime:
    year, month = map(int, period.split("-"))
    return datetime(year + month // 12, month % 12 + 1, 1, tzinfo=ZoneInfo(time_zone))
