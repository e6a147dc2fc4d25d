"""Each provider account's circuit: ten failures in thirty seconds open it, and a probe that is answered closes it.

A failure is a call that brought no word of the provider's, and its word that it failed. They are counted for thirty
seconds from the first. While the circuit is open no POST and no poll goes there, but every thirty seconds a read: of a
task that it made once, or of one that there is not. No generation is risked to find out whether it is back.
"""

import logging
from datetime import timedelta
from functools import partial
from typing import TypeGuard

from django.db import connection, transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Now

from generations.models import ProviderAccount, Submission
from generations.providers.base import AccountRefused, NotSent, ProviderError, Refused, Unclear
from generations.providers.registry import adapter
from project.celery import nudge
from project.due import Crew

from . import budget, outcomes, queue

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


def is_refusal(error: ProviderError) -> TypeGuard[Refused]:
    """Whether it is the provider's word that it will not have what was asked for."""
    return isinstance(error, Refused) and not is_failure(error)


def note(account: ProviderAccount, error: ProviderError) -> None:
    """Count an error, where it is a failure of the account."""
    if is_failure(error):
        fail(account)


def fail(account: ProviderAccount) -> None:
    """Count a failure; the one that is too many opens the circuit, before another can be counted."""
    closed = ProviderAccount.objects.filter(id=account.id, circuit_opened_at=None)
    in_window = Q(failing_since__gt=Now() - WINDOW)
    with transaction.atomic():
        closed.update(
            failure_count=Case(When(in_window, then=F("failure_count") + 1), default=Value(1)),
            failing_since=Case(When(in_window, then=F("failing_since")), default=Now()),
        )
        too_many = closed.filter(failure_count__gte=FAILURES)
        opened = too_many.update(circuit_opened_at=Now(), probe_at=Now() + PROBE_EVERY)
    if opened:
        log.error("provider account %s: its circuit is open after %s failures", account.label, FAILURES)


def close(account: ProviderAccount) -> None:
    """It answers again: what waits for it is sent and asked about."""
    is_open = ProviderAccount.objects.filter(id=account.id, circuit_opened_at__isnull=False)
    if is_open.update(circuit_opened_at=None, probe_at=None, failure_count=0, failing_since=None):
        log.warning("provider account %s: its circuit is closed", account.label)
        queue.call_up()
        transaction.on_commit(partial(nudge, "poll"))


def claim_due(limit: int) -> list[ProviderAccount]:
    """Open ones that are to be looked at now; the next look at them is thirty seconds away.

    Paused ones too: what runs there is followed to its end.
    """
    due = ProviderAccount.objects.filter(probe_at__lte=Now()).order_by("probe_at")
    with transaction.atomic():
        claimed = list(due.select_for_update(skip_locked=True)[:limit])
        ids = [account.pk for account in claimed]
        ProviderAccount.objects.filter(pk__in=ids).update(probe_at=Now() + PROBE_EVERY)
    return claimed


def probe(account: ProviderAccount) -> None:
    """Ask for a task that it has made, which it surely answers as documented; for none only where it has made none."""
    known = Submission.objects.filter(account=account).exclude(provider_task_id="")
    task_id = known.order_by("-id").values_list("provider_task_id", flat=True).first() or NO_TASK
    budget.take(account)
    connection.close()
    try:
        adapter(account).fetch(task_id)
    except AccountRefused as refusal:
        outcomes.pause(account, refusal.reason)
    except ProviderError as error:
        if is_failure(error):
            return
    close(account)


crew = Crew(size=THREADS, claim=claim_due, do=probe)
