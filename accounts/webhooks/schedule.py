"""When a failed delivery is tried again: seven more times in 27.5 hours, each wait up to 20 % off."""

import random
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

RETRY_SECONDS = (5, 300, 1800, 7200, 18000, 36000, 36000)
JITTER = 0.2
RETRY_AFTER_STATUSES = (429, 502, 503, 504)
MAX_RETRY_AFTER_SECONDS = 24 * 3600


def next_wait(attempts: int, *, status: int | None, retry_after: str, now: datetime) -> timedelta | None:
    """How long to wait after the last of `attempts` failed, None when it was the final one.

    A Retry-After (RFC 9110, 10.2.3) of a status that carries one lengthens the wait, to a day at most.
    410 Gone ends a delivery at once.
    """
    if status == 410 or attempts > len(RETRY_SECONDS):
        return None
    jitter = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - nothing secret in it
    seconds = RETRY_SECONDS[attempts - 1] * jitter
    if status in RETRY_AFTER_STATUSES:
        seconds = max(seconds, min(_seconds_of(retry_after, now), MAX_RETRY_AFTER_SECONDS))
    return timedelta(seconds=seconds)


def _seconds_of(retry_after: str, now: datetime) -> float:
    """Seconds from now, 0 for what is neither a number nor a date."""
    if re.fullmatch("[0-9]{1,18}", retry_after):
        return int(retry_after)
    try:
        at = parsedate_to_datetime(retry_after)
    except (ValueError, OverflowError):
        return 0
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
