"""The rate limits of a key, and the headers that tell of them on every answer to it."""

import math

from django.http import HttpRequest, HttpResponseBase

from accounts import limits
from accounts.api.answers import ApiError
from accounts.limits import RateState
from accounts.models import ApiKey, RateWindow

PER_MINUTE = {RateWindow.Kind.CREATE: 1000, RateWindow.Kind.READ: 1000}


def admit(request: HttpRequest, key: ApiKey, kind: RateWindow.Kind) -> None:
    """Count this request on its own, before and outside any transaction; raises ApiError where it is one too many."""
    rate = limits.count(key.pk, kind, limit=PER_MINUTE[kind])
    request.rate = rate  # type: ignore[attr-defined]
    if not rate.allowed:
        seconds = str(rate.retry_after_seconds)
        raise ApiError(
            429,
            "RATE_LIMIT_EXCEEDED",
            f"Too many requests: this key may make {rate.limit} of this kind in 60 seconds. "
            f"Try again in {seconds} seconds.",
            details={"limit": rate.limit, "retry_after_seconds": rate.retry_after_seconds},
            headers={"Retry-After": seconds, "X-RateLimit-RetryAfter": seconds},
        )


def add_headers(request: HttpRequest, response: HttpResponseBase) -> None:
    """X-RateLimit-*, where the request came with a good key. Reset is in seconds since 1970."""
    rate: RateState | None = getattr(request, "rate", None)
    if rate is not None:
        response.headers["X-RateLimit-Limit"] = str(rate.limit)
        response.headers["X-RateLimit-Remaining"] = str(rate.remaining)
        response.headers["X-RateLimit-Reset"] = str(math.ceil(rate.reset_at.timestamp()))
