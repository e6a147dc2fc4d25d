"""Codes that are good for credits once: `FG-` and 20 characters of Crockford's base 32 (100 bits), in groups of five.

A code is shown when it is issued and never again; its SHA-256 is kept. Written by hand or dictated it still works:
case, spaces and dashes do not matter, O is 0, and I and L are 1. https://www.crockford.com/base32.html

>>> read("fg 7k3m9-qzo4t-x8w2c-il5yp") == read("FG-7K3M9-QZ04T-X8W2C-115YP")
True
"""

import hashlib
import re
import secrets
import time
import unicodedata
from datetime import datetime
from uuid import UUID

from django.core.cache import cache
from django.db import connection, transaction
from django.utils import timezone

from accounts import audit_log, credits, teams
from accounts.actors import Actor
from accounts.models import AuditAction, RedeemCode, Team
from accounts.models.credits import NOTE_CHARACTERS

PREFIX = "FG"
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 20
GROUP = 5
MOST_AT_ONCE = 1000
TRIES = 10
TRIES_SECONDS = 60

_ALIKE = str.maketrans("OIL", "011")
_CODE = re.compile(f"[{ALPHABET}]{{{LENGTH}}}")


class NoSuchCode(Exception):
    """The code gives nothing. `reason`: unknown, expired, redeemed, too_many (guesses: ten a minute), or too_large
    (the team would have more than can be counted). `redeemed_at` is told where it was this very team."""

    def __init__(self, reason: str, *, redeemed_at: datetime | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.redeemed_at = redeemed_at


@transaction.atomic
def issue(
    count: int, credits: int, *, note: str, expires_at: datetime | None, by: Actor, form_key: UUID | None = None
) -> list[str]:
    """New codes, each worth `credits`, as they are to be given away. Every call issues new ones.

    `form_key` names the request in the audit log, see accounts.billing.by_operator. Raises ValueError.
    """
    if not 0 < count <= MOST_AT_ONCE:
        raise ValueError(f"1 to {MOST_AT_ONCE} codes can be issued at once, not {count}")
    if not 0 < credits < 2**31:
        raise ValueError(f"a code is worth more than 0 and less than 2**31 credits, not {credits}")
    if len(note) > NOTE_CHARACTERS:
        raise ValueError(f"a note has at most {NOTE_CHARACTERS} characters, not {len(note)}")
    bodies = ["".join(secrets.choice(ALPHABET) for _ in range(LENGTH)) for _ in range(count)]
    RedeemCode.objects.bulk_create(
        RedeemCode(
            digest=_digest(body), hint=body[-4:], credits=credits, note=note, issued_by=by.user, expires_at=expires_at
        )
        for body in bodies
    )
    audit_log.record(
        by, AuditAction.CODES_ISSUED, team=None, subject=note, subject_id=form_key, count=count, credits=credits
    )
    return [_shown(body) for body in bodies]


def redeem(code: str, team: Team, *, by: Actor) -> RedeemCode:
    """Give the team what the code is worth. Raises NoSuchCode, or TeamClosing."""
    # The tries of a refusal stay counted, so they are no part of the transaction.
    for who in (by.user and f"user:{by.user.pk}", by.ip and f"ip:{by.ip}"):
        if who:
            _count_try(who)
    body = read(code)
    if body is None:
        raise NoSuchCode("unknown")
    return _redeem(_digest(body), team, by)


def read(text: str) -> str | None:
    """The 20 characters of a code as somebody wrote it, None where it is none."""
    letters = re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", text[:100])).upper()
    body = letters.removeprefix(PREFIX) if len(letters) > LENGTH else letters
    body = body.translate(_ALIKE)
    return body if _CODE.fullmatch(body) else None


@transaction.atomic
def _redeem(digest: str, team: Team, by: Actor) -> RedeemCode:
    # Whoever comes second waits here, and finds it redeemed.
    row = RedeemCode.objects.select_for_update(no_key=True).filter(digest=digest).first()
    if row is None:
        raise NoSuchCode("unknown")
    if row.redeemed_at:
        raise NoSuchCode("redeemed", redeemed_at=row.redeemed_at if row.team_id == team.pk else None)
    if row.expires_at and row.expires_at <= timezone.now():
        raise NoSuchCode("expired")
    teams.lock(team.pk)
    try:
        credits.grant(team, row.credits, source=row, actor=by.user)
    except credits.TooManyCredits:
        raise NoSuchCode("too_large") from None
    row.redeemed_at, row.redeemed_by, row.team = timezone.now(), by.user, team
    row.save(update_fields=["redeemed_at", "redeemed_by", "team"])
    audit_log.record(by, AuditAction.CODE_REDEEMED, team=team, subject=str(row), subject_id=row.pk, credits=row.credits)
    return row


def _count_try(who: str) -> None:
    """Raises NoSuchCode for the eleventh try in any minute, in whichever process. What is refused is not counted."""
    key = f"redeem:{who}"
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])
        now = time.time()
        tries = [at for at in cache.get(key, []) if at > now - TRIES_SECONDS]
        if len(tries) >= TRIES:
            raise NoSuchCode("too_many")
        cache.set(key, [*tries, now], TRIES_SECONDS)


def _shown(body: str) -> str:
    return "-".join([PREFIX, *(body[at : at + GROUP] for at in range(0, LENGTH, GROUP))])


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode("ascii")).hexdigest()
