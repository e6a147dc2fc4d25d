"""Reads what providers sent us. A callback is a hint: it wakes a poll, or tells which task a submission may be.

Nothing that a callback claims is taken over, signed or not; what counts is what our own credential fetches. Where an
account's callbacks are signed, one that is not has no effect at all.
"""

import logging
from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from generations.models import Callback, Submission
from generations.providers.base import AccountRefused, Busy, ProviderError, TaskMissing
from generations.providers.registry import adapter
from project.celery import nudge
from project.due import Bulkhead, Crew, claim

from . import budget, circuit, outcomes, reports
from .poll import LEAST
from .reception import VERDICTS, proof_of

THREADS = 8
PER_ACCOUNT = 4
GROWTH = 1.3
PATIENCE = timedelta(minutes=10)
Verdict = Callback.Verdict

log = logging.getLogger(__name__)
bulkhead = Bulkhead(PER_ACCOUNT)


def claim_due(limit: int) -> list[Callback]:
    return claim(Callback.objects.select_related("submission__account", "submission__generation"), limit)


def ingest(callback: Callback) -> None:
    """Give a claimed callback its verdict, or come back to it later."""
    submission = callback.submission
    if submission is None:
        return  # what came to nobody is never due
    proof = _proof_now(callback, submission)
    if proof in VERDICTS:
        _judge(callback, VERDICTS[proof])
        return
    if proof == Callback.Proof.UNCHECKED:
        log.error("provider account %s: the secret of its callbacks can't be read", submission.account.label)
        _wait_or_disown(callback, Verdict.UNCHECKED)
        return
    try:
        task_id = adapter(submission.account).read_callback(headers=callback.headers, body=bytes(callback.body))
    except ValueError:
        _judge(callback, Verdict.MALFORMED)
        return
    except AccountRefused as refusal:
        outcomes.pause(submission.account, refusal.reason)
        _wait_or_disown(callback)
        return
    callback.provider_task_id = task_id
    if submission.provider_task_id not in ("", task_id):
        _judge(callback, Verdict.FOREIGN)
    elif submission.ended_at:
        _judge(callback, Verdict.SETTLED)
    elif submission.provider_task_id:
        _wake(submission)
        _judge(callback, Verdict.WOKE)
    else:
        _meet(callback, submission)


@transaction.atomic
def again(ids: Iterable[UUID]) -> dict[UUID, str]:
    """Have callbacks looked into once more, with the account as it is now. Repeats do no harm.

    Those that somebody looks into just now are left to them, and those that came to nobody to nobody. Returns the
    verdicts before of all others, by their ids.
    """
    free = Q(lease_until=None) | Q(lease_until__lte=Now())
    addressed = Callback.objects.filter(free, id__in=list(ids), submission__isnull=False)
    before = dict(addressed.order_by("id").select_for_update().values_list("id", "verdict"))
    again = Callback.objects.filter(id__in=before)
    again.update(verdict="", attempt_count=0, next_at=Now(), lease_until=None)
    transaction.on_commit(partial(nudge, "ingest"))
    return before


def _proof_now(callback: Callback, submission: Submission) -> Callback.Proof:
    """What was signed rightly when it came stays so while the scheme is the same: its secret may be gone by now."""
    account = submission.account
    if callback.proof == Callback.Proof.GOOD and callback.scheme == account.signature_scheme:
        return Callback.Proof.GOOD
    return proof_of(account, callback.headers, bytes(callback.body), callback.received_at)


def _wake(submission: Submission) -> None:
    Submission.objects.filter(id=submission.id, ended_at=None).update(next_at=Now())
    nudge("poll")


def _meet(callback: Callback, submission: Submission) -> None:
    """The submission does not know its task yet: fetch the one named, and bind it if it matches."""
    with bulkhead.slot(submission.account_id) as entered:
        if not entered or not _may_ask(submission):
            _later(callback, LEAST.total_seconds())
            return
        connection.close()
        try:
            report = adapter(submission.account).fetch(callback.provider_task_id)
        except TaskMissing:
            _wait_or_disown(callback)
        except Busy as refusal:
            budget.exhaust(submission.account, seconds=refusal.retry_after_seconds)
            _later(callback, refusal.retry_after_seconds)
        except AccountRefused as refusal:
            outcomes.pause(submission.account, refusal.reason)
            _wait_or_disown(callback)
        except ProviderError as error:
            circuit.note(submission.account, error)
            _wait_or_disown(callback)
        else:
            is_ours = reports.matches(submission, report) and reports.apply(submission, report)
            _judge(callback, Verdict.BOUND if is_ours else Verdict.FOREIGN)


def _may_ask(submission: Submission) -> bool:
    rested = Q(polled_at=None) | Q(polled_at__lte=Now() - LEAST)
    turn = Submission.objects.filter(rested, id=submission.id).update(polled_at=Now())
    return bool(turn) and budget.take(submission.account)


def _wait_or_disown(callback: Callback, verdict: Callback.Verdict = Verdict.FOREIGN) -> None:
    """A provider may tell of a task before it can be fetched; ten minutes after it last did it is nothing of ours."""
    if timezone.now() - (callback.last_received_at or callback.received_at) > PATIENCE:
        _judge(callback, verdict)
    else:
        _later(callback, LEAST.total_seconds() * GROWTH ** min(callback.attempt_count, 10))


def _later(callback: Callback, seconds: float) -> None:
    Callback.objects.filter(id=callback.id).update(
        provider_task_id=callback.provider_task_id,
        attempt_count=callback.attempt_count + 1,
        next_at=Now() + timedelta(seconds=seconds),
        lease_until=None,
    )


def _judge(callback: Callback, verdict: Callback.Verdict) -> None:
    if verdict == Verdict.FOREIGN:
        log.warning("submission %s: a callback names a foreign task", callback.submission_id)
    Callback.objects.filter(id=callback.id).update(
        provider_task_id=callback.provider_task_id, verdict=verdict, next_at=None, lease_until=None
    )


crew = Crew(size=THREADS, claim=claim_due, do=ingest)
