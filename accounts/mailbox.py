"""The mails of an installation that has no mail server: files in the data folder, read on this machine alone."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest

from project.hosts import is_local

_BETWEEN_MAILS = b"\n" + b"-" * 79 + b"\n"
_FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP")


@dataclass(frozen=True)
class Letter:
    subject: str
    recipients: str
    text: str
    sent_at: datetime


def is_open_to(request: HttpRequest) -> bool:
    """Whether mails are kept here and the request comes from this very machine, through no proxy.

    Through a proxy on this machine that says nothing of itself every request does. But then PUBLIC_URL is what others
    know it by, as is the host that is asked for, unless the proxy asks under a name of its own.
    """
    if not (settings.EMBEDDED_DATABASE and getattr(settings, "EMAIL_FILE_PATH", None)):
        return False
    if settings.TRUSTED_PROXIES or any(name in request.META for name in _FORWARDED):
        return False
    try:
        is_near = ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
        return is_near and is_local(urlsplit(settings.PUBLIC_URL).netloc) and is_local(request.get_host())
    except (ValueError, DisallowedHost):
        return False


def latest(count: int) -> list[Letter]:
    """The newest mails, newest first."""
    files = sorted(Path(settings.MAIL_FOLDER).glob("*.log"), key=lambda file: file.stat().st_mtime, reverse=True)
    letters = [letter for file in files[:count] for letter in _letters(file)]
    return letters[:count]


def _letters(file: Path) -> list[Letter]:
    sent_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    mails = [mail for mail in file.read_bytes().split(_BETWEEN_MAILS) if mail.strip()]
    return [_letter(mail, sent_at) for mail in reversed(mails)]


def _letter(mail: bytes, sent_at: datetime) -> Letter:
    message = message_from_bytes(mail.lstrip(), policy=policy.default)
    body = message.get_body(("plain",))
    return Letter(
        subject=str(message["Subject"] or ""),
        recipients=str(message["To"] or ""),
        text=body.get_content() if body else "",
        sent_at=sent_at,
    )
