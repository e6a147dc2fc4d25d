"""An embedding provider that is down is left alone, and found again when it answers.

Failures in a row of an account are counted over all processes, and any answer sets the count back. From the third on it
is down: nothing is sent there but one short text, every five seconds at first and every twenty after a while, until
that is answered. So the work waits where it is, and no clip or prompt is tried out on a provider that is down.

Nor does one clip or prompt bring its account down: where it has failed before, a short text is asked about beside it,
and when that is answered its failure is its own.
"""

import logging
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Greatest, Now
from django.utils import timezone

from generations.models import ProviderAccount, SearchIndex
from generations.providers import registry
from generations.providers.base import AccountRefused, Busy, ProviderError
from generations.submitting import budget, circuit, outcomes
from project.celery import nudge
from project.due import Crew

from . import serving
from .serving import DOWN_AFTER, FREE, KINDS, built

log = logging.getLogger(__name__)

LEAST = timedelta(seconds=5)
MOST = timedelta(seconds=20)
# A probe that never comes back; another one goes out then.
PROBE_LASTS = timedelta(seconds=60)
THREADS = 2
PROBE_TEXT = "film"
ASIDE_SECONDS = 10.0
# Longer than any turn takes to come: what is asked to learn how an account stands is not left out.
TURN_WAIT = timedelta(seconds=10)


def note(index: SearchIndex, server: serving.Server[Any], error: ProviderError, *, is_repeated: bool = False) -> bool:
    """Take in what a call that brought nothing says of its account. Returns whether the account is down.

    `is_repeated` is of what has failed before.
    """
    if isinstance(error, AccountRefused) and server.is_as_before:
        serving.note_refused(index, server.account)
        return False
    if is_repeated and circuit.is_failure(error) and _answers_another(server):
        return False
    return _take_in(server.account, error)


def answered(account: ProviderAccount) -> None:
    """It is there. Where it was down, all that waits for it goes on at once."""
    failing = ProviderAccount.objects.filter(id=account.id, failure_count__gt=0)
    was_down = Q(failure_count__gte=DOWN_AFTER)
    with transaction.atomic():
        ended = failing.filter(was_down).update(busy_until=None, failure_count=0, failing_since=None)
        failing.update(failure_count=0, failing_since=None)
    if ended:
        log.warning("provider account %s answers again", account.label)
        transaction.on_commit(partial(nudge, "index"))


def claim_due(limit: int) -> list[ProviderAccount]:
    """Those that are down and are to be tried now; nobody else tries them meanwhile."""
    down = ProviderAccount.objects.active().filter(FREE, provider__in=KINDS, failure_count__gte=DOWN_AFTER)
    with transaction.atomic():
        claimed = list(down.select_for_update(skip_locked=True)[:limit])
        ids = [account.pk for account in claimed]
        ProviderAccount.objects.filter(pk__in=ids).update(busy_until=Now() + PROBE_LASTS)
    return claimed


def probe(account: ProviderAccount) -> None:
    """Ask for the vector of one short text."""
    embedder = built(account, registry.embedder)
    if embedder is None:
        return
    budget.take(account, wait=TURN_WAIT)
    connection.close()
    try:
        embedder.embed_texts([PROBE_TEXT])
    except ProviderError as error:
        _take_in(account, error)
    else:
        answered(account)


def _take_in(account: ProviderAccount, error: ProviderError) -> bool:
    if isinstance(error, AccountRefused):
        outcomes.pause(account, error.reason)
    elif isinstance(error, Busy):
        _wait(account, seconds=error.retry_after_seconds)
    elif circuit.is_failure(error):
        return _fail(account)
    else:
        answered(account)
    return False


def _answers_another(server: serving.Server[Any]) -> bool:
    budget.take(server.account, wait=TURN_WAIT)
    connection.close()
    try:
        server.adapter.embed_texts([PROBE_TEXT], total_seconds=ASIDE_SECONDS)
    except ProviderError:
        return False
    answered(server.account)
    return True


def _fail(account: ProviderAccount) -> bool:
    row = ProviderAccount.objects.filter(id=account.id)
    is_first = When(failure_count=0, then=Now())
    row.update(failing_since=Case(is_first, default=F("failing_since")), failure_count=F("failure_count") + 1)
    failing = row.filter(failure_count__gte=DOWN_AFTER).values_list("failure_count", "failing_since").first()
    if failing is None:
        return False
    count, since = failing
    if count == DOWN_AFTER:
        log.error("provider account %s is down: %s failures in a row", account.label, count)
    wait = min(max((timezone.now() - since) / 2 if since else LEAST, LEAST), MOST)
    row.update(busy_until=Now() + wait)
    return True


def _wait(account: ProviderAccount, *, seconds: float) -> None:
    """It answers, and says when it wants to be asked again."""
    answered(account)
    until = Value(timezone.now() + timedelta(seconds=seconds))
    ProviderAccount.objects.filter(id=account.id).update(busy_until=Greatest("busy_until", until))


crew = Crew(size=THREADS, claim=claim_due, do=probe)
