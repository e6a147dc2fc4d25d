"""Signed links to our own files: they open without a key or a session until they expire.

A link depends on the asset and its expiry alone, and the expiry moves in steps of a week, so pages and ETags keep.
"""

import hmac
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from .models import Asset

STEP = timedelta(days=7)
LEAST = timedelta(days=1)


def expires_at(asset: Asset) -> datetime:
    """The end of the asset's present week, or of the next one where less than a day is left."""
    steps = (timezone.now() + LEAST - asset.created_at) // STEP + 1
    return (asset.created_at + steps * STEP).replace(microsecond=0)


def path(asset: Asset) -> str:
    """The link for our own pages."""
    expires = int(expires_at(asset).timestamp())
    return f"{reverse('generations:media', args=[asset.id])}?expires={expires}&signature={_sign(asset.id, expires)}"


def url(asset: Asset) -> str:
    """The link for programs and receivers."""
    return settings.PUBLIC_URL + path(asset)


def url_for_provider(asset: Asset) -> str:
    """The link for a provider, at the address by which providers reach us."""
    return settings.CALLBACK_BASE_URL + path(asset)


def is_good(asset_id: object, *, expires: str, signature: str) -> bool:
    """Whether a link with these query parameters was made here and has not expired."""
    if not (expires.isascii() and expires.isdigit() and len(expires) <= 10):
        return False
    unexpired = datetime.fromtimestamp(int(expires), UTC) > timezone.now()
    return unexpired and hmac.compare_digest(_sign(asset_id, int(expires)).encode(), signature.encode())


def _sign(asset_id: object, expires: int) -> str:
    return salted_hmac("filmgate.media", f"{asset_id}:{expires}", algorithm="sha256").hexdigest()[:40]
