"""API keys: made, recognised, and revoked. The secret is shown once; only its SHA-256 is kept.

A secret is `sk-video-`, 30 random characters of base 62 (178 bits), and 6 characters of base 62 that are the CRC-32
of everything before them, most significant first, with the digits 0-9A-Za-z. For secret scanners:

    sk-video-[0-9A-Za-z]{36}

>>> well_formed("sk-video-0123456789ABCDEFGHIJKLMNOPQRST096KMA")
True
"""

import hashlib
import re
import secrets
import string
import zlib
from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import ApiKey, Team, User

PREFIX = "sk-video-"
PATTERN = re.compile(r"sk-video-[0-9A-Za-z]{36}")

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM_LENGTH = 30
_CHECKSUM_LENGTH = 6
_TOUCH_EVERY = timedelta(minutes=1)


class InvalidApiKey(Exception):
    """Malformed, unknown, revoked, or of a closed team; the caller is not told which."""


def well_formed(secret: str) -> bool:
    """Whether this could be a key of ours: its shape and checksum are right. Asks nobody."""
    return PATTERN.fullmatch(secret) is not None and secret.endswith(_checksum(secret[:-_CHECKSUM_LENGTH]))


def issue(team: Team, *, name: str, created_by: User | None) -> tuple[ApiKey, str]:
    """A new key of the team, and its secret, which is never to be seen again."""
    head = PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_LENGTH))
    secret = head + _checksum(head)
    key = ApiKey.objects.create(team=team, created_by=created_by, name=name, hint=secret[-4:], digest=_digest(secret))
    return key, secret


def authenticate(secret: str) -> ApiKey:
    """The live key with this secret, and its team. Nothing is cached, so a revoked key ends at once."""
    if not well_formed(secret):
        raise InvalidApiKey
    live = ApiKey.objects.filter(revoked_at=None, team__closed_at=None)
    key = live.select_related("team").filter(digest=_digest(secret)).first()
    if key is None:
        raise InvalidApiKey
    return key


def touch(key: ApiKey) -> None:
    """Note that the key was used, at most once a minute."""
    before = timezone.now() - _TOUCH_EVERY
    if key.last_used_at is None or key.last_used_at < before:
        stale = Q(last_used_at=None) | Q(last_used_at__lt=before)
        ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=Now())


def revoke(key: ApiKey) -> None:
    """End the key for good. Doing it again changes nothing."""
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=Now())


def _checksum(head: str) -> str:
    number = zlib.crc32(head.encode("ascii"))
    digits = []
    for _ in range(_CHECKSUM_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("ascii")).hexdigest()
