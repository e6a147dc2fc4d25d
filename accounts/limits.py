"""How often a key may ask: a fixed window of 60 s from the key's first request in it, exact over all processes."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

# One statement on one row, so every request gets a number of its own. EXCLUDED.started_at is the one "now" of it.
_COUNT = """
INSERT INTO accounts_ratewindow AS rate (api_key_id, kind, started_at, count)
VALUES (%s, %s, statement_timestamp(), 1)
ON CONFLICT (api_key_id, kind) DO UPDATE SET
    started_at = CASE WHEN rate.started_at + interval '60 s' <= EXCLUDED.started_at
                      THEN EXCLUDED.started_at ELSE rate.started_at END,
    count = CASE WHEN rate.started_at + interval '60 s' <= EXCLUDED.started_at
                 THEN 1 ELSE rate.count + 1 END
RETURNING
    count,
    started_at + interval '60 s',
    greatest(1, ceil(extract(epoch FROM started_at + interval '60 s' - statement_timestamp())))::integer
"""


@dataclass(frozen=True)
class RateState:
    """Where a key stands after this request. retry_after_seconds is at least 1."""

    limit: int
    remaining: int
    reset_at: datetime
    allowed: bool
    retry_after_seconds: int


def count(key_id: UUID, kind: str, *, limit: int = 1000) -> RateState:
    """Count one request of the kind ("create" or "read") and say whether it is within the limit.

    Call it outside any transaction: inside one, the row stays locked until commit and requests of one key queue up,
    and a rollback would uncount the request.
    """
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [key_id, kind])
        number, reset_at, retry_after_seconds = cursor.fetchone()
    return RateState(
        limit=limit,
        remaining=max(0, limit - number),
        reset_at=reset_at,
        allowed=number <= limit,
        retry_after_seconds=retry_after_seconds,
    )
