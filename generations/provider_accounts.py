"""What an operator does to a provider account, from the admin or the command line."""

from datetime import timedelta
from functools import partial
from urllib.parse import urlsplit

from cryptography.fernet import InvalidToken
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from project import secrets_at_rest
from project.celery import nudge

from .models import ProviderAccount
from .providers import signatures
from .providers.registry import EMBEDDERS, signatures_of
from .submitting import circuit

BY_OPERATOR = "by an operator"
MOST_OVERLAP = timedelta(days=30)


class NoAccount(LookupError):
    """There is no account at the provider."""


class SignatureRefused(ValueError):
    """A scheme, header or secret that callbacks can't be told by; its text says why, and never the secret."""


def is_base_url(url: str) -> bool:
    """Whether it can be the base URL of a provider's document: no query, no password in it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not (parts.query or parts.username)


def pause(account: ProviderAccount, *, reason: str = "") -> bool:
    """Send no new work there; what runs there is still followed. False where it was paused already, for its reason."""
    in_service = ProviderAccount.objects.filter(pk=account.pk, paused_at=None)
    paused = in_service.update(paused_at=timezone.now(), paused_reason=reason or BY_OPERATOR)
    account.refresh_from_db()
    return bool(paused)


@transaction.atomic
def resume(account: ProviderAccount) -> None:
    """Send work there again, and at once: its circuit closed, and not busy any more. Repeats change nothing."""
    ProviderAccount.objects.filter(pk=account.pk).update(paused_at=None, paused_reason="", busy_until=None)
    circuit.close(account)
    transaction.on_commit(partial(nudge, "index" if account.provider in EMBEDDERS else "submit"))
    account.refresh_from_db()


@transaction.atomic
def raise_version(provider: str) -> int:
    """Have all that an embedding provider has made made anew, in the background. Raises NoAccount.

    Returns the version that its accounts have from now on: one more than any of them had, so that all serve the same.
    """
    accounts = list(ProviderAccount.objects.select_for_update().filter(provider=provider).order_by("pk"))
    if not accounts:
        raise NoAccount(provider)
    version = 1 + max(int(account.options.get("version", 1)) for account in accounts)
    for account in accounts:
        account.options["version"] = str(version)
        account.save(update_fields=["options"])
    transaction.on_commit(partial(nudge, "index"))
    return version


@transaction.atomic
def sign_callbacks(
    account: ProviderAccount, *, scheme: str, secret: str = "", header: str = "", overlap: timedelta | None = None
) -> None:
    """From now on believe its callbacks only with a signature of that scheme; raises SignatureRefused.

    Without a secret the one of the same scheme stays. With a new one, the one before it is good for `overlap` yet, or
    no more. An `overlap` of 0 ends the one before it without a new one too.
    """
    account.refresh_from_db(from_queryset=ProviderAccount.objects.select_for_update())
    is_same_scheme = account.signature_scheme == scheme
    if scheme not in signatures_of(account.provider):
        raise SignatureRefused(_("Callbacks of this provider are not signed that way."))
    if scheme == signatures.HMAC_SHA256:
        header = header or account.signature_header
        if not signatures.is_header_name(header):
            raise SignatureRefused(_("Name the header that has the signature, such as X-Signature."))
    elif header:
        raise SignatureRefused(_("Standard Webhooks has headers of its own: leave it empty."))
    if not secret and not is_same_scheme:
        raise SignatureRefused(_("Another scheme needs its secret."))
    if secret and signatures.key_of(scheme, secret) is None:
        raise SignatureRefused(_WEAK[scheme])
    account.signature_scheme, account.signature_header = scheme, header
    if secret:
        _replace_secret(account, secret, overlap=overlap if is_same_scheme else None)
    elif overlap == timedelta(0):
        account.encrypted_old_callback_secret = account.old_callback_secret_until = None
    account.save(update_fields=_SIGNATURE_COLUMNS)


def believe_unsigned_callbacks(account: ProviderAccount) -> None:
    """Without a scheme callbacks are hints, whoever sent them. Repeats change nothing."""
    nothing = {name: "" if name.startswith("signature") else None for name in _SIGNATURE_COLUMNS}
    ProviderAccount.objects.filter(pk=account.pk).update(**nothing)
    account.refresh_from_db()


def _replace_secret(account: ProviderAccount, secret: str, *, overlap: timedelta | None) -> None:
    """What was encrypted before stays as it is, for a while, where it is a secret that can be read."""
    until = timezone.now() + overlap if overlap and _has_a_secret(account) else None
    account.encrypted_old_callback_secret = account.encrypted_callback_secret if until else None
    account.old_callback_secret_until = until
    account.encrypted_callback_secret = secrets_at_rest.encrypt(secret)


def _has_a_secret(account: ProviderAccount) -> bool:
    try:
        newest = account.callback_secrets(timezone.now())[:1]
    except InvalidToken:
        return False
    return any(signatures.key_of(account.signature_scheme, secret) for secret in newest)


_SIGNATURE_COLUMNS = (
    "signature_scheme",
    "signature_header",
    "encrypted_callback_secret",
    "encrypted_old_callback_secret",
    "old_callback_secret_until",
)
_WEAK = {
    signatures.STANDARD_WEBHOOKS: _("This is no secret: whsec_, and the base64 of at least 24 random bytes."),
    signatures.HMAC_SHA256: _("This is no secret: at least 24 random characters, and no spaces."),
}
