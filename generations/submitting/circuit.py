"""Each provider account's circuit: ten failures within thirty seconds open it, and the first answer closes it.

A failure is a call that brought no word of the provider's, and its word that it failed. While the circuit is open
nothing goes there, neither POST nor poll, but a read every thirty seconds of a task that there is not: whoever says so
is back. No generation is risked to find that out.
"""

import logging
from datetime import timedelta
from functools import partial

from django.db import connection, transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Now

from generations.due import Crew
from generations.models import ProviderAccount
from generations.providers.base import AccountRefused, NotSent, ProviderError, Refused, Unclear
from generations.providers.registry import adapter
from project.celery import nudge

from . import outcomes

log = logging.getLogger(__name__)

FAILURES = 10
WINDOW = timedelta(seconds=30)
PROBE_EVERY = timedelta(seconds=30)
THREADS = 4
NO_TASK = "00000000-0000-0000-0000-000000000000"


def is_failure(error: ProviderError) -> bool:
    """Whether a call that brought no report speaks against its account, rather than against what was asked."""
    if isinstance(error, Refused):
        return error.failure_code == "PROVIDER_ERROR"
    return isinstance(error, NotSent | Unclear)


def fail(account: ProviderAccount) -> None:
    """Count a failure; the one that is too many opens the circuit."""
    closed = ProviderAccount.objects.filter(id=account.id, circuit_opened_at=None)
    in_window = Q(failing_since__gt=Now() - WINDOW)
    closed.update(
        failure_count=Case(When(in_window, then=F("failure_count") + 1), default=Value(1)),
        failing_since=Case(When(in_window, then=F("failing_since")), default=Now()),
    )
    if closed.filter(failure_count__gte=FAILURES).update(circuit_opened_at=Now(), probe_at=Now() + PROBE_EVERY):
        log.error("provider account %s: its circuit is open after %s failures", account.label, FAILURES)


def close(account: ProviderAccount) -> None:
    """It answers again: what waits for it is sent and asked about."""
    is_open = ProviderAccount.objects.filter(id=account.id, circuit_opened_at__isnull=False)
    if is_open.update(circuit_opened_at=None, probe_at=None, failure_count=0, failing_since=None):
        log.warning("provider account %s: its circuit is closed", account.label)
        for name in ("submit", "poll"):
            transaction.on_commit(partial(nudge, name))


def claim_due(limit: int) -> list[ProviderAccount]:
    """Open ones in service that are to be looked at now; the next look at them is thirty seconds away."""
    due = ProviderAccount.objects.active().filter(probe_at__lte=Now()).order_by("probe_at")
    with transaction.atomic():
        claimed = list(due.select_for_update(skip_locked=True)[:limit])
        ids = [account.pk for account in claimed]
        ProviderAccount.objects.filter(pk__in=ids).update(probe_at=Now() + PROBE_EVERY)
    return claimed


def probe(account: ProviderAccount) -> None:
    connection.close()
    try:
        adapter(account).fetch(NO_TASK)
    except AccountRefused as refusal:
        outcomes.pause(account, refusal.reason)
    except ProviderError as error:
        if is_failure(error):
            return
    close(account)


crew = Crew(size=THREADS, claim=claim_due, do=probe)
