"""What an operator does to a provider account, from the admin or the command line."""

from functools import partial
from urllib.parse import urlsplit

from django.db import transaction
from django.utils import timezone

from project.celery import nudge

from .models import ProviderAccount
from .submitting import circuit

BY_OPERATOR = "by an operator"


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
    transaction.on_commit(partial(nudge, "submit"))
    account.refresh_from_db()
