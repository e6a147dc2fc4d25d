"""What becomes of a generation whose POST brought no report. Each is one transaction, generation before submission.

An account's row is written before, on its own: who holds a balance never waits for an account.
"""

import logging
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.core.mail import mail_managers
from django.db import transaction
from django.db.models import DateTimeField, F, Q, Value
from django.db.models.functions import Coalesce, Greatest, Now
from django.utils import timezone

from generations import lifecycle
from generations.models import Generation, ProviderAccount, State, Submission
from project.celery import nudge

from . import reports, routing

log = logging.getLogger(__name__)

RETRY_SECONDS = (1, 4, 16)
JITTER = 0.2
GIVE_UP_AFTER = timedelta(minutes=10)
LOOK_AGAIN = timedelta(seconds=5)
SPREAD = timedelta(seconds=2)  # so that not all of a queue come at once


def not_sent(generation: Generation, submission: Submission) -> None:
    """Surely not sent: queued again, soon."""
    tries = generation.attempt_count % routing.TRIES_PER_ACCOUNT
    seconds = RETRY_SECONDS[min(tries, len(RETRY_SECONDS) - 1)]
    wait = timedelta(seconds=seconds * random.uniform(1 - JITTER, 1 + JITTER))  # noqa: S311 -- nothing secret in it
    with _unless_bound(generation, submission) as unbound:
        if unbound:
            _requeue(generation, timezone.now() + wait, attempt_count=F("attempt_count") + 1)
            reports.end(submission, "not_sent")


def busy(generation: Generation, submission: Submission, *, retry_after_seconds: float) -> None:
    """The account takes nothing until then; another one may."""
    until = timezone.now() + timedelta(seconds=retry_after_seconds)
    row = ProviderAccount.objects.filter(id=submission.account_id)
    row.update(busy_until=Greatest("busy_until", Value(until, DateTimeField())))
    with _unless_bound(generation, submission) as unbound:
        if unbound:
            _requeue(generation, timezone.now())
            reports.end(submission, "busy")


def refused(generation: Generation, submission: Submission, *, failure_code: str) -> None:
    """Nothing was made. Where that was the provider's own fault, another account may do better."""
    with _unless_bound(generation, submission) as unbound:
        if unbound:
            reports.end(submission, failure_code)
            if failure_code == routing.FAILED and _is_for_another(generation):
                _requeue(generation, timezone.now())
            else:
                _fail(generation, failure_code)


def account_refused(generation: Generation, submission: Submission, *, reason: str) -> None:
    """The operator's problem: the account is paused. Another is tried; where there is none, the customer is told."""
    # On its own: a refund below locks a balance, which others hold when they come to the account's row.
    pause(submission.account, reason)
    with _unless_bound(generation, submission) as unbound:
        if unbound:
            if _is_for_another(generation):
                _requeue(generation, timezone.now())
            else:
                _fail(generation, "PROVIDER_ERROR")
            reports.end(submission, "account_refused")


def unclear(generation: Generation, submission: Submission, *, can_look_up: bool) -> None:
    """It may have been accepted: never sent again, resolved by its callback, by a look-up, or by its deadline."""
    with _unless_bound(generation, submission) as unbound:
        if unbound:
            lifecycle.advance(generation, State.UNCONFIRMED, expecting={State.SUBMITTING})
            if can_look_up:
                Submission.objects.filter(id=submission.id, ended_at=None).update(next_at=Now() + LOOK_AGAIN)


def wait_for_account(generation: Generation) -> None:
    """No account takes it now: queued until one may, within ten minutes of the first refusal."""
    if _is_given_up(generation):
        lifecycle.advance(generation, State.FAILED, failure_code="PROVIDER_BUSY", expecting={State.QUEUED})
        return
    soon = timezone.now() + LOOK_AGAIN
    until = max(routing.free_at(generation.model) or soon, timezone.now() + timedelta(seconds=1))
    columns = {"next_at": until + SPREAD * random.random(), "first_refused_at": Coalesce("first_refused_at", Now())}  # noqa: S311
    queued = Generation.objects.filter(state=State.QUEUED)
    queued.filter(id=generation.id, lease_until=generation.lease_until).update(lease_until=None, **columns)
    if not routing.has_free(generation.model):
        # All others of the model would only come to hear the same; those that are to be given up do come.
        patient = Q(first_refused_at=None) | Q(first_refused_at__gt=Now() - GIVE_UP_AFTER)
        queued.filter(patient, model=generation.model, lease_until=None, next_at__lte=Now()).update(**columns)


def pause(account: ProviderAccount, reason: str) -> None:
    """Take an account out of service until an operator resumes it, and tell them, once."""
    if ProviderAccount.objects.filter(id=account.id, paused_at=None).update(paused_at=Now(), paused_reason=reason):
        log.error("provider account %s paused: %s", account.label, reason)
        subject = f"Provider account {account.label} is paused"
        text = f"The reason is {reason}. When that is mended: manage.py provider resume {account.label}"
        transaction.on_commit(partial(nudge, "submit"))
        transaction.on_commit(partial(mail_managers, subject, text, fail_silently=True))


@contextmanager
def _unless_bound(generation: Generation, submission: Submission) -> Iterator[bool]:
    """A transaction with the generation locked; yields False where a callback has shown that the task was made."""
    with transaction.atomic():
        Generation.objects.select_for_update().get(id=generation.id)
        yield Submission.objects.filter(id=submission.id, provider_task_id="").exists()


def _requeue(generation: Generation, at: datetime, **changes: object) -> None:
    """Back to the queue, or failed once ten minutes have gone into trying.

    Where its lease had run out meanwhile it can't be queued again; that nothing was made is known all the same.
    """
    columns: dict[str, Any] = {"next_at": at, "first_refused_at": Coalesce("first_refused_at", Now()), **changes}
    is_given_up = _is_given_up(generation)
    if is_given_up or not lifecycle.advance(generation, State.QUEUED, expecting={State.SUBMITTING}, **columns):
        _fail(generation, "PROVIDER_BUSY")


def _is_given_up(generation: Generation) -> bool:
    """Ten minutes after the first refusal, unless accounts that could make it have taken others since: then it only
    waits for its turn."""
    since = generation.first_refused_at
    if since is None or timezone.now() - since <= GIVE_UP_AFTER:
        return False
    return not routing.took_any(generation, timezone.now() - GIVE_UP_AFTER)


def _is_for_another(generation: Generation) -> bool:
    return routing.has_active(generation, routing.request_for_provider(generation))


def _fail(generation: Generation, failure_code: str) -> None:
    unsent = {State.SUBMITTING, State.UNCONFIRMED}
    lifecycle.advance(generation, State.FAILED, failure_code=failure_code, expecting=unsent)
