"""API keys: made, changed, rotated, recognised, and revoked. A secret is shown once; only its SHA-256 is kept.

A secret is `sk-video-`, 30 random characters of base 62 (178 bits), and 6 characters of base 62 that are the CRC-32
of everything before them, most significant first, with the digits 0-9A-Za-z. For secret scanners:

    sk-video-[0-9A-Za-z]{36}

>>> well_formed("sk-video-0123456789ABCDEFGHIJKLMNOPQRST096KMA")
True

A key has one current secret, and after a rotation old ones that end by themselves. Nothing about a key is kept in a
process, and moments are compared by the database's clock: an end is an end in every process at once.
"""

import hashlib
import re
import secrets
import string
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q
from django.db.models.functions import Least, Now
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit_log, credits, networks, roles
from accounts.actors import Actor
from accounts.key_settings import KeySettings, check
from accounts.models import ApiKey, ApiSecret, AuditAction, RatePlan, Team
from accounts.refusals import InvalidSetting, TeamClosing
from accounts.roles import Action, authorise

PREFIX = "sk-video-"
PATTERN = re.compile(r"sk-video-[0-9A-Za-z]{36}")
GRACES = (timedelta(0), timedelta(hours=1), timedelta(hours=24), timedelta(days=7))
MAX_GRACE = timedelta(days=30)
MAX_KEYS = 200
MAX_OLD_SECRETS = 10
KEEP_ENDED = timedelta(days=30)

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM_LENGTH = 30
_CHECKSUM_LENGTH = 6
_TOUCH_EVERY = timedelta(minutes=1)
_ACCEPTED = (
    Q(api_key__revoked_at=None, api_key__team__closing_at=None)
    & (Q(api_key__expires_at=None) | Q(api_key__expires_at__gt=Now()))
    & (Q(valid_until=None) | Q(valid_until__gt=Now()))
)


class InvalidApiKey(Exception):
    """Malformed, unknown, revoked, expired, replaced, or of a closed team; the caller is not told which."""


class UnknownApiKey(InvalidApiKey):
    """Well formed, but never one of ours: somebody guesses."""


class KeyRevoked(Exception):
    """The key has ended for good, and can't be changed any more."""


class AlreadyIssued(Exception):
    """There is a key with this id."""


class TooManyKeys(Exception):
    """The team has as many live keys as it may."""

    limit = MAX_KEYS


class NotCurrent(Exception):
    """Another secret is the key's current one; `hint` are its last four characters."""

    def __init__(self, hint: str) -> None:
        super().__init__("another secret is current")
        self.hint = hint


def well_formed(secret: str) -> bool:
    """Whether this could be a key of ours: its shape and checksum are right. Asks nobody."""
    return PATTERN.fullmatch(secret) is not None and secret.endswith(_checksum(secret[:-_CHECKSUM_LENGTH]))


@transaction.atomic
def issue(team: Team, settings: KeySettings, *, by: Actor, key_id: UUID | None = None) -> tuple[ApiKey, str]:
    """A new key of the team, and its secret, which is never to be seen again.

    Who may ask twice for the same key names its id: the second time raises AlreadyIssued. Raises InvalidSetting,
    NotAllowed, TooManyKeys, TeamClosing.
    """
    settings = check(settings)
    # Closing takes this lock before it revokes the keys that there are.
    if not _admit(team.pk, by).is_open:
        raise TeamClosing
    if key_id and ApiKey.objects.filter(pk=key_id).exists():
        raise AlreadyIssued
    _refuse_one_too_many(team)
    key = ApiKey(team=team, created_by=by.user, **settings.columns())
    key.pk = key_id or key.pk
    key.save(force_insert=True)
    secret = _add_secret(key)
    detail = {name: shown for name, value in settings.columns().items() if (shown := _shown(value)) not in (None, "")}
    _record(by, AuditAction.KEY_CREATED, key, **detail)
    return key, secret


def change(key: ApiKey, settings: KeySettings, *, by: Actor) -> ApiKey:
    """Give the key these settings, all of them. The key as it is now.

    Raises InvalidSetting, NotAllowed, KeyRevoked, and TooManyKeys where it would bring back one that has expired.
    """
    return _change(key, lambda before: settings, by=by)


def change_some(key: ApiKey, changes: Mapping[str, Any], *, by: Actor) -> ApiKey:
    """Change the named settings, whatever someone else makes of the others at the same time. As change() else.

    The figures of a plan of one's own go with it.
    """
    if changes.get("rate_plan", RatePlan.OWN) != RatePlan.OWN:
        changes = {"rate_limit": None, "rate_seconds": None, **changes}
    return _change(key, lambda before: replace(before, **changes), by=by)


@transaction.atomic
def rotate(
    key: ApiKey, *, grace: timedelta, by: Actor, current_id: UUID | None = None, current_hint: str | None = None
) -> str:
    """A new secret, never to be seen again. All older ones end after the grace at the latest, at once where it is 0.

    Twice at once makes two, one after the other; but who names the secret that is to be replaced, by its id or its
    hint, gets NotCurrent where another one is current. No more than MAX_OLD_SECRETS live on, the newest. Raises
    InvalidSetting above MAX_GRACE, NotAllowed, and KeyRevoked.
    """
    if not timedelta(0) <= grace <= MAX_GRACE:
        limit = [0, int(MAX_GRACE.total_seconds())]
        raise InvalidSetting("grace_seconds", "range", _("The grace may be up to 30 days."), limit)
    _admit(key.team_id, by)
    key = _lock(key)
    current = ApiSecret.objects.get(api_key=key, valid_until=None)
    if current_id not in (None, current.pk) or current_hint not in (None, current.hint):
        raise NotCurrent(current.hint)
    live = ApiSecret.objects.filter(Q(valid_until=None) | Q(valid_until__gt=Now()), api_key=key)
    kept = [current.pk, *live.exclude(pk=current.pk).order_by("-created_at", "-pk").values_list("pk", flat=True)]
    live.exclude(pk__in=kept[:MAX_OLD_SECRETS]).update(valid_until=Now())
    live.update(valid_until=Least("valid_until", Now() + grace))  # the least of null and a moment is the moment
    secret = _add_secret(key)
    _record(by, AuditAction.KEY_ROTATED, key, grace_seconds=int(grace.total_seconds()))
    return secret


@transaction.atomic
def end_old_secrets(key: ApiKey, *, by: Actor) -> int:
    """End every secret but the current one now; how many there were. Raises NotAllowed, KeyRevoked."""
    _admit(key.team_id, by)
    key = _lock(key)
    ended = ApiSecret.objects.filter(api_key=key, valid_until__gt=Now()).update(valid_until=Now())
    if ended:
        _record(by, AuditAction.KEY_CHANGED, key, ended_secrets=ended)
    return ended


def forget_ended(at: datetime) -> None:
    """Delete the secrets that ended KEEP_ENDED before `at`; of each key the one that was used last stays."""
    used_later = ApiSecret.objects.filter(api_key=OuterRef("api_key"), last_used_at__gt=OuterRef("last_used_at"))
    ended = ApiSecret.objects.filter(valid_until__lt=at - KEEP_ENDED)
    ended.filter(Q(last_used_at=None) | Exists(used_later)).delete()


@transaction.atomic
def revoke(key: ApiKey, *, by: Actor) -> None:
    """End the key for good. Doing it again changes nothing. Raises NotAllowed."""
    _admit(key.team_id, by)
    _revoke(key, by=by)


def revoke_all(team: Team, *, by: Actor) -> None:
    """End every key of a team that is being closed, with its row locked by the caller, who has authorised the actor."""
    for key in team.api_keys.filter(revoked_at=None):
        _revoke(key, by=by)


def authenticate(secret: str) -> ApiKey:
    """The live key with this secret, with its team, and in .secret the row of the secret. Raises InvalidApiKey."""
    if not well_formed(secret):
        raise InvalidApiKey
    found = ApiSecret.objects.filter(digest=_digest(secret)).select_related("api_key__team")
    row = found.annotate(is_accepted=ExpressionWrapper(_ACCEPTED, BooleanField())).first()
    if row is None:
        raise UnknownApiKey
    if not row.is_accepted:
        raise InvalidApiKey
    row.api_key.secret = row
    return row.api_key


def accepts_from(key: ApiKey, ip: str | None) -> bool:
    """Whether the key may be used from this address."""
    return not key.allowed_networks or networks.includes(key.allowed_networks, networks.address_of(ip))


def touch(secret: ApiSecret, ip: str | None) -> None:
    """Note that the secret was used, and from where, at most once a minute."""
    before = timezone.now() - _TOUCH_EVERY
    if secret.last_used_at is None or secret.last_used_at < before:
        stale = Q(last_used_at=None) | Q(last_used_at__lt=before)
        address = networks.address_of(ip)
        ApiSecret.objects.filter(stale, pk=secret.pk).update(last_used_at=Now(), last_used_ip=address and str(address))


@transaction.atomic
def _change(key: ApiKey, made_of: Callable[[KeySettings], KeySettings], *, by: Actor) -> ApiKey:
    _admit(key.team_id, by)
    credits.lock(key.team_id)  # no hold in flight shall overrun a new limit
    key = _lock(key)
    before = KeySettings.of(key)
    after = check(made_of(before), before=before)
    if key.is_expired and after.expires_at != before.expires_at:
        _refuse_one_too_many(key.team)
    old, new = before.columns(), after.columns()
    if changed := [name for name in new if new[name] != old[name]]:
        for name in changed:
            setattr(key, name, new[name])
        if "expires_at" in changed:
            key.expiry_told_at = None
        key.save(update_fields=[*changed, "expiry_told_at"])
        detail = {name: [_shown(old[name]), _shown(new[name])] for name in changed}
        _record(by, AuditAction.KEY_CHANGED, key, **detail)
    return key


def _admit(team_id: UUID, by: Actor) -> Team:
    """The team, locked before its balance and its keys are, once it is seen that the actor may manage these."""
    team = roles.lock(team_id)
    authorise(team, by, Action.MANAGE_KEYS)
    return team


def _revoke(key: ApiKey, *, by: Actor) -> None:
    if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=Now()):
        _record(by, AuditAction.KEY_REVOKED, key)


def _refuse_one_too_many(team: Team) -> None:
    """To be asked under the team's lock, or two at once would pass."""
    live = ApiKey.objects.filter(Q(expires_at=None) | Q(expires_at__gt=Now()), team=team, revoked_at=None)
    if live.count() >= MAX_KEYS:
        raise TooManyKeys


def _lock(key: ApiKey) -> ApiKey:
    # no_key: entries that refer to the key need not wait.
    locked = ApiKey.objects.select_for_update(of=("self",), no_key=True).select_related("team").get(pk=key.pk)
    if locked.is_revoked:
        raise KeyRevoked
    return locked


def _add_secret(key: ApiKey) -> str:
    head = PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_LENGTH))
    secret = head + _checksum(head)
    ApiSecret.objects.create(api_key=key, hint=secret[-4:], digest=_digest(secret))
    return secret


def _record(by: Actor, action: AuditAction, key: ApiKey, **detail: Any) -> None:
    audit_log.record(by, action, team=key.team, subject=key.name, subject_id=key.pk, **detail)


def _shown(value: Any) -> Any:
    """A setting as the audit log keeps it, where a list would be from and to."""
    if isinstance(value, list):
        return ", ".join(value)
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value


def _checksum(head: str) -> str:
    number = zlib.crc32(head.encode("ascii"))
    digits = []
    for _position in range(_CHECKSUM_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("ascii")).hexdigest()
