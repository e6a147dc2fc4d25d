"""How often a key may ask: a fixed window from the key's first request in it, exact over all processes.

One row for a key and a kind counts what was let through. How many those may be, and for how long they count, is asked
anew each time: another plan applies at once, to the window that is running. See docs/decisions/0012.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from django.db import connection

from accounts.models import ApiKey, RatePlan, RateWindow

# Every request that is let through gets a number of its own, since the row is locked from the condition to the count;
# one too many changes nothing and gets no row. EXCLUDED.started_at is the one "now" of it.
_COUNT = """
INSERT INTO accounts_ratewindow AS rate (api_key_id, kind, started_at, count)
VALUES (%(key_id)s, %(kind)s, statement_timestamp(), 1)
ON CONFLICT (api_key_id, kind) DO UPDATE SET
    started_at = CASE WHEN rate.started_at + %(length)s <= EXCLUDED.started_at
                      THEN EXCLUDED.started_at ELSE rate.started_at END,
    count = CASE WHEN rate.started_at + %(length)s <= EXCLUDED.started_at
                 THEN 1 ELSE rate.count + 1 END
WHERE rate.count < %(limit)s OR rate.started_at + %(length)s <= EXCLUDED.started_at
RETURNING
    count,
    started_at + %(length)s,
    greatest(1, ceil(extract(epoch FROM started_at + %(length)s - statement_timestamp())))::integer
"""
_LOOK = """
SELECT
    %(limit)s,
    started_at + %(length)s,
    greatest(1, ceil(extract(epoch FROM started_at + %(length)s - statement_timestamp())))::integer
FROM accounts_ratewindow
WHERE api_key_id = %(key_id)s AND kind = %(kind)s
"""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests in so many seconds; None is no limit."""

    limit: int | None
    seconds: int


@dataclass(frozen=True)
class RateState:
    """Where a key stands after this request. retry_after_seconds is at least 1."""

    limit: int
    seconds: int
    remaining: int
    reset_at: datetime
    allowed: bool
    retry_after_seconds: int


STANDARD = Rate(1000, 60)
UNLIMITED = Rate(None, 60)
_CREATES = {
    RatePlan.STANDARD: STANDARD,
    RatePlan.FREE: Rate(10, 3600),
    RatePlan.PRO: Rate(1000, 3600),
    RatePlan.ENTERPRISE: UNLIMITED,
}


def rate_of(key: ApiKey, kind: str) -> Rate:
    """How often the key may ask for something of the kind. Plans limit creates: reads stay as documented."""
    if key.rate_plan == RatePlan.ENTERPRISE:
        return UNLIMITED
    if kind == RateWindow.Kind.READ:
        return STANDARD
    if key.rate_plan == RatePlan.OWN:
        return Rate(key.rate_limit, cast(int, key.rate_seconds))  # both are there: apikey_own_plan_has_figures
    return _CREATES[RatePlan(key.rate_plan)]


def count(key_id: UUID, kind: str, rate: Rate) -> RateState | None:
    """Count one request of the kind ("create" or "read") and say whether it is within the rate; None without a limit.

    Call it outside any transaction: inside one, the row stays locked until commit and requests of one key queue up,
    and a rollback would uncount the request.
    """
    if rate.limit is None:
        return None
    length = timedelta(seconds=rate.seconds)
    parameters: dict[str, Any] = {"key_id": key_id, "kind": kind, "limit": rate.limit, "length": length}
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, parameters)
        if (counted := cursor.fetchone()) is None:
            cursor.execute(_LOOK, parameters)
        number, reset_at, wait_seconds = counted or cursor.fetchone()
    return RateState(
        limit=rate.limit,
        seconds=rate.seconds,
        remaining=rate.limit - number,
        reset_at=reset_at,
        allowed=counted is not None,
        retry_after_seconds=wait_seconds,
    )
