"""Where someone is signed in: listed, and ended. What is ended is gone before its browser asks again."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts import audit_log, devices
from accounts.actors import Actor, client_ip
from accounts.models import AuditAction, User
from accounts.session_store import SIGNED_IN_AT, SessionStore

FORGET_AT_ONCE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    id: int
    device: str
    ip: str
    signed_in_at: datetime
    last_seen_at: datetime
    is_current: bool


def open_sessions(user: User, *, current: str | None) -> list[OpenSession]:
    """The one with the session key `current` first, then the ones seen last."""
    rows = list(UserSession.objects.filter(user=user).order_by("-last_seen_at", "-pk"))
    held = _held_by([row.session_key for row in rows], user)
    listed = [_told(row, held[row.session_key], current) for row in rows if row.session_key in held]
    return sorted(listed, key=lambda each: not each.is_current)


def seen(request: HttpRequest) -> None:
    """Note that the browser was here, and from where; a write at most every 5 minutes."""
    if isinstance(request.session, SessionStore) and request.session.keep():
        ip = client_ip(request)
        UserSession.objects.filter(session_key=request.session.session_key).update(
            **({"ip": ip} if ip else {}),
            last_seen_at=timezone.now(),
            user_agent=request.headers.get("User-Agent", "")[: UserSession._meta.get_field("user_agent").max_length],
        )


@transaction.atomic
def end(user: User, session_id: int, *, by: Actor) -> bool:
    """End one of the user's sessions; False where it is none of theirs, or over already."""
    row = UserSession.objects.select_for_update().filter(user=user, pk=session_id).first()
    if row is None:
        return False
    is_open = bool(_held_by([row.session_key], user))
    _end([row])
    if is_open:
        browser, system = devices.recognised(row.user_agent)
        audit_log.record_of_account(
            by, AuditAction.SESSION_ENDED, user=user, browser=browser, system=system, address=row.ip
        )
    return is_open


@transaction.atomic
def end_others(user: User, *, current: str | None, by: Actor) -> int:
    """End all of the user's sessions but the one with this session key; None ends them all. Returns how many."""
    rows = list(UserSession.objects.select_for_update().filter(user=user).exclude(session_key=current))
    ended = _end(rows)
    if ended:
        audit_log.record_of_account(by, AuditAction.SESSION_ENDED, user=user, count=ended)
    return ended


def forget(session_key: str | None) -> None:
    """The browser has signed out."""
    UserSession.objects.filter(session_key=session_key).delete()


def move(session_key: str | None, *, to: str | None) -> None:
    """The session goes on under another key."""
    UserSession.objects.filter(session_key=session_key).update(session_key=to)


def forget_expired(at: datetime) -> None:
    """Drop what nobody can come back to: sessions that ended by themselves, and the rows that told of them.

    At most FORGET_AT_ONCE of each, the oldest first: the rest is dropped by the next call.
    """
    expired = Session.objects.filter(expire_date__lt=at)
    some = list(expired.order_by("expire_date").values_list("pk", flat=True)[:FORGET_AT_ONCE])
    expired.filter(pk__in=some).delete()
    held = Session.objects.filter(session_key=OuterRef("session_key"))
    over = UserSession.objects.filter(~Exists(held), last_seen_at__lt=at - timedelta(hours=1)).order_by("last_seen_at")
    UserSession.objects.filter(pk__in=list(over.values_list("pk", flat=True)[:FORGET_AT_ONCE])).delete()


def _end(rows: Collection[UserSession]) -> int:
    """Returns how many of them were not over already."""
    ended, _ = Session.objects.filter(session_key__in=[row.session_key for row in rows]).delete()
    UserSession.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return ended


def _held_by(session_keys: Collection[str], user: User) -> dict[str, dict[str, Any]]:
    """What those of the sessions hold in which the user is still signed in, by session key."""
    store, fingerprint = SessionStore(), user.get_session_auth_hash()
    rows = Session.objects.filter(session_key__in=session_keys, expire_date__gt=timezone.now())
    held = {row.session_key: store.decode(row.session_data) for row in rows}
    return {
        key: data for key, data in held.items() if constant_time_compare(data.get(HASH_SESSION_KEY, ""), fingerprint)
    }


def _told(row: UserSession, data: dict[str, Any], current: str | None) -> OpenSession:
    signed_in_at = data.get(SIGNED_IN_AT)
    return OpenSession(
        id=row.pk,
        device=devices.in_words(*devices.recognised(row.user_agent)),
        ip=row.ip,
        signed_in_at=datetime.fromtimestamp(signed_in_at, UTC) if signed_in_at else row.created_at,
        last_seen_at=row.last_seen_at,
        is_current=row.session_key == current,
    )
