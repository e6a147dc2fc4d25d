"""The rate limits of a key, and the headers that tell of them on every answer to it."""

import math

from allauth.core.internal import ratelimit
from django.http import HttpRequest, HttpResponseBase

from accounts import limits
from accounts.api.answers import ApiError
from accounts.limits import RateState
from accounts.models import ApiKey, RateWindow

# Guesses from one address. The window slides, so nobody waits longer than this.
_GUESS_LIMIT, _GUESS_SECONDS = 20, 60
_GUESSES = {"api_key": f"{_GUESS_LIMIT}/m/ip"}


def admit(request: HttpRequest, key: ApiKey, kind: RateWindow.Kind) -> None:
    """Count this request on its own, before and outside any transaction; raises ApiError where it is one too many."""
    rate = limits.count(key.pk, kind, limits.rate_of(key, kind))
    request.rate = rate  # type: ignore[attr-defined]
    if rate is not None and not rate.allowed:
        raise _too_many(
            f"Too many requests: this key may make {rate.limit} of this kind in {rate.seconds} seconds. "
            f"Try again in {rate.retry_after_seconds} seconds.",
            limit=rate.limit,
            retry_after_seconds=rate.retry_after_seconds,
        )


def count_guess(request: HttpRequest) -> None:
    """Count a key that was never one of ours; raises ApiError where an address sends too many of them."""
    if not ratelimit.consume(request, app="accounts", action="api_key", config=_GUESSES, limit_get=True):
        message = f"Too many requests with unknown keys. Try again in {_GUESS_SECONDS} seconds."
        raise _too_many(message, limit=_GUESS_LIMIT, retry_after_seconds=_GUESS_SECONDS)


def add_headers(request: HttpRequest, response: HttpResponseBase) -> None:
    """X-RateLimit-*, where the request came with a good key that has a limit. Reset is in seconds since 1970."""
    rate: RateState | None = getattr(request, "rate", None)
    if rate is not None:
        response.headers["X-RateLimit-Limit"] = str(rate.limit)
        response.headers["X-RateLimit-Remaining"] = str(rate.remaining)
        response.headers["X-RateLimit-Reset"] = str(math.ceil(rate.reset_at.timestamp()))


def _too_many(message: str, *, limit: int, retry_after_seconds: int) -> ApiError:
    seconds = str(retry_after_seconds)
    return ApiError(
        429,
        "RATE_LIMIT_EXCEEDED",
        message,
        details={"limit": limit, "retry_after_seconds": retry_after_seconds},
        headers={"Retry-After": seconds, "X-RateLimit-RetryAfter": seconds},
    )
