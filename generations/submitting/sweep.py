"""What nobody else comes back for: leases that ran out, deadlines, and what is kept only for a while.

One process sweeps at a time; each round is bounded, and the next one is seconds away.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from generations import lifecycle
from generations.archive import store
from generations.models import Asset, Generation, IdempotencyKey, State, Submission

ROWS = 100
SWEEP_LOCK = 0x73776565  # any number, as long as it is this one everywhere
KEYS_KEPT = timedelta(hours=72)
ASKED_FOR = timedelta(hours=24)
LATE_POLL = timedelta(seconds=60)


def sweep() -> None:
    with _alone() as alone:
        if alone:
            release_leases()
            pass_deadlines()
            close_old_submissions()
            forget_idempotency_keys()
            unlink_deleted_files()
            store.forget_drafts()


def release_leases() -> None:
    """A worker died while submitting. With a submission its POST may have gone out; without, it surely has not."""
    orphans = Generation.objects.filter(state=State.SUBMITTING, lease_until__lt=Now())
    for generation in _each_locked(orphans.order_by("lease_until")):
        submission = generation.submissions.filter(ended_at=None).first()
        if submission is None:
            lifecycle.advance(generation, State.QUEUED, next_at=Now())
        else:
            lifecycle.advance(generation, State.UNCONFIRMED)
            Submission.objects.filter(id=submission.id).update(next_at=Now())


def pass_deadlines() -> None:
    """The hold is given back; the provider goes on being asked, in case the clip comes after all."""
    waiting = (State.SUBMITTING, State.UNCONFIRMED, State.RUNNING)
    overdue = Generation.objects.filter(state__in=waiting, deadline_at__lt=Now())
    for generation in _each_locked(overdue.order_by("deadline_at")):
        lifecycle.advance(generation, State.FAILED, failure_code="TIMEOUT")
        open_submissions = generation.submissions.filter(ended_at=None)
        open_submissions.update(next_at=Now() + LATE_POLL, poll_count=0)


def close_old_submissions() -> None:
    old = Submission.objects.filter(ended_at=None, next_at__isnull=False, created_at__lt=Now() - ASKED_FOR)
    ids = old.exclude(generation__state__in=(State.SUBMITTING, State.UNCONFIRMED, State.RUNNING)).values("id")[:ROWS]
    Submission.objects.filter(id__in=ids).update(outcome="lost", ended_at=Now(), next_at=None, lease_until=None)


def forget_idempotency_keys() -> None:
    old = IdempotencyKey.objects.filter(created_at__lt=timezone.now() - KEYS_KEPT).values("id")[: 10 * ROWS]
    IdempotencyKey.objects.filter(id__in=old).delete()


def unlink_deleted_files() -> None:
    """The file goes with the last asset that has its content."""
    deleted = Asset.objects.filter(deleted_at__isnull=False).exclude(path="").order_by("deleted_at")
    for path in set(deleted.values_list("path", flat=True)[:ROWS]):
        with transaction.atomic():
            store.lock(path)
            if not Asset.objects.filter(path=path, deleted_at=None).exists():
                store.unlink(path)
            Asset.objects.filter(path=path, deleted_at__isnull=False).update(path="")


def _each_locked(generations: QuerySet[Generation]) -> Iterator[Generation]:
    """Each of a round's rows, locked in a transaction of its own for as long as it is looked at."""
    for _ in range(ROWS):
        with transaction.atomic():
            generation = generations.select_for_update(skip_locked=True).first()
            if generation is None:
                return
            yield generation


@contextmanager
def _alone() -> Iterator[bool]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [SWEEP_LOCK])
        alone = bool(cursor.fetchone()[0])
        try:
            yield alone
        finally:
            if alone:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [SWEEP_LOCK])
