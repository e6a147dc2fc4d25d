"""When a provider says "later": the headers in which it may say when."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LEAST_SECONDS = 1.0
MOST_SECONDS = 300.0
DEFAULT_SECONDS = 30.0
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")


def retry_after_seconds(headers: Mapping[str, str], now: datetime) -> float:
    """Seconds to wait, from 1 to 300; 30 where no header says anything that can be understood."""
    for name, read in _READERS.items():
        if name in headers:
            try:
                seconds = read(headers[name].strip(), now)
            except (ValueError, OverflowError):
                return DEFAULT_SECONDS
            return min(max(seconds, LEAST_SECONDS), MOST_SECONDS)
    return DEFAULT_SECONDS


def _seconds_or_date(text: str, now: datetime) -> float:
    """RFC 9110, 10.2.3."""
    if re.fullmatch(r"-?\d{1,18}", text):
        return float(text)
    at = parsedate_to_datetime(text)
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()


def _epoch(text: str, now: datetime) -> float:
    """Seconds since the epoch, or milliseconds where the number is too large for that."""
    if not re.fullmatch(r"\d{1,15}(\.\d+)?", text):
        raise ValueError(text)
    at = float(text)
    return (at / 1000 if at > 1e11 else at) - now.timestamp()


def _duration(text: str, now: datetime) -> float:
    """Such as 6s, 12ms, 1m30s, 1h2m3s."""
    match = _DURATION.fullmatch(text)
    if not text or match is None:
        raise ValueError(text)
    hours, minutes, seconds, milliseconds = (float(part or 0) for part in match.groups())
    return 3600 * hours + 60 * minutes + seconds + milliseconds / 1000


def _iso(text: str, now: datetime) -> float:
    return (datetime.fromisoformat(text.replace("Z", "+00:00")) - now).total_seconds()


def _rate_limit(text: str, now: datetime) -> float:
    """draft-ietf-httpapi-ratelimit-headers: "create";r=0;t=31."""
    if match := re.search(r";\s*t=(\d{1,9})", text):
        return float(match[1])
    raise ValueError(text)


_READERS: Mapping[str, Callable[[str, datetime], float]] = {
    "retry-after": _seconds_or_date,
    "x-ratelimit-retryafter": _seconds_or_date,
    "x-ratelimit-reset": _epoch,
    "x-ratelimit-reset-requests": _duration,
    "anthropic-ratelimit-requests-reset": _iso,
    "ratelimit": _rate_limit,
}
