"""Signed links to our own files: they open without a key or a session until they expire.

A link depends on the asset and its expiry alone, and the expiry moves in steps of a week, so pages and ETags keep.
Links that share collections are signed in the same way.
"""

import hmac
import time
from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from .models import Asset

STEP = timedelta(days=7)
LEAST = timedelta(days=1)
_PURPOSE = "media"


def expires_at(asset: Asset) -> datetime:
    """The end of the asset's present week, or of the next one where less than a day is left."""
    steps = (timezone.now() + LEAST - asset.created_at) // STEP + 1
    return (asset.created_at + steps * STEP).replace(microsecond=0)


def path(asset: Asset) -> str:
    """The link for our own pages."""
    expires = int(expires_at(asset).timestamp())
    signature = sign_until(_PURPOSE, str(asset.id), expires)
    return f"{reverse('generations:media', args=[asset.id])}?expires={expires}&signature={signature}"


def url(asset: Asset) -> str:
    """The link for programs and receivers."""
    return settings.PUBLIC_URL + path(asset)


def url_for_provider(asset: Asset) -> str:
    """The link for a provider, at the address by which providers reach us."""
    return settings.CALLBACK_BASE_URL + path(asset)


def is_good(asset_id: object, *, expires: str, signature: str) -> bool:
    """Whether a link with these query parameters was made here and has not expired."""
    return is_signed_until(_PURPOSE, str(asset_id), expires, signature)


def sign(purpose: str, text: str) -> str:
    """40 hex digits by which the text is known to come from here, for this purpose and no other."""
    return salted_hmac(f"filmgate.{purpose}", text, algorithm="sha256").hexdigest()[:40]


def is_signed(purpose: str, text: str, signature: str) -> bool:
    return hmac.compare_digest(sign(purpose, text).encode(), signature.encode())


def sign_until(purpose: str, text: str, until: int) -> str:
    """The same with a time after which it counts no more, in seconds since 1970."""
    return sign(purpose, f"{text}:{until}")


def is_signed_until(purpose: str, text: str, until: str, signature: str) -> bool:
    """Whether it is signed, and `until`, as it came, is yet to come."""
    if not (until.isascii() and until.isdigit() and len(until) <= 10):
        return False
    return int(until) > time.time() and is_signed(purpose, f"{text}:{int(until)}", signature)
