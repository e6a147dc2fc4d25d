"""System checks of what stands in the database: what would go wrong in production, said before it does."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DatabaseError
from django.utils import timezone

from generations.models import ProviderAccount
from generations.providers import signatures


@register(Tags.security, deploy=True)
def callback_secrets_are_secrets(**kwargs: Any) -> Sequence[CheckMessage]:
    """Of each account whose callbacks are signed. A database that does not run, or is not migrated, has none."""
    if not _has_database():
        return []
    try:
        signed = list(ProviderAccount.objects.exclude(signature_scheme="").order_by("label"))
    except DatabaseError:
        return []
    return [message for account in signed for message in _messages(account)]


def _messages(account: ProviderAccount) -> list[CheckMessage]:
    """Of the secret that is used now, without which nothing can be told; of the one before it, only that it is none."""
    now, change = timezone.now(), f"manage.py provider set {account.label!r}"
    hint = f"Until then its callbacks are answered 503. {change} --callback-secret -"
    try:
        secrets = account.callback_secrets(now)
    except InvalidToken:
        told = f"None of CREDENTIAL_KEYS decrypts the secret of {account.label}'s callbacks."
        return [Error(told, hint=hint, id="filmgate.E010")]
    newest, *old = [signatures.key_of(account.signature_scheme, secret) for secret in secrets]
    if newest is None:
        return [Error(f"The secret of {account.label}'s callbacks is too weak.", hint=hint, id="filmgate.E011")]
    if account.has_old_callback_secret(now) and not any(old):
        told = f"The old secret of {account.label}'s callbacks can't be read, or is too weak."
        hint = f"What it signed is answered 401; the new one is good. {change} --old-secret-hours 0"
        return [Warning(told, hint=hint, id="filmgate.W010")]
    return []


def _has_database() -> bool:
    """The embedded one is started by the commands that need it, which a check is not."""
    if not settings.EMBEDDED_DATABASE:
        return True
    place = settings.DATABASES["default"]
    return Path(place["HOST"], f".s.PGSQL.{place['PORT']}").exists()
