"""What nobody else comes back for: leases that ran out, deadlines, and what is kept only for a while.

One process sweeps at a time; each round is bounded, and the next one is seconds away.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from generations import lifecycle
from generations.archive import archive, store
from generations.due import log_failure
from generations.models import Asset, Generation, IdempotencyKey, State, Submission

ROWS = 100
SWEEP_LOCK = 0x73776565  # any number, as long as it is this one everywhere
KEYS_KEPT = timedelta(hours=72)
ASKED_FOR = timedelta(hours=24)
LATE_POLL = timedelta(seconds=60)
LINK_LIFE = timedelta(hours=24)
# Archiving gives up by itself when the link dies; this is for what it could not even give up.
ARCHIVE_GRACE = timedelta(hours=1)


def sweep() -> None:
    with _alone() as alone:
        for step in STEPS if alone else ():
            _guarded(step)


def release_leases() -> None:
    """A worker died while submitting. With a submission its POST may have gone out; without, it surely has not."""
    orphans = Generation.objects.filter(state=State.SUBMITTING, lease_until__lt=Now())
    _each_locked(orphans.order_by("lease_until"), _release)


def pass_deadlines() -> None:
    """The hold is given back; the provider goes on being asked, in case the clip comes after all."""
    waiting = (State.SUBMITTING, State.UNCONFIRMED, State.RUNNING)
    overdue = Generation.objects.filter(state__in=waiting, deadline_at__lt=Now())
    _each_locked(overdue.order_by("deadline_at"), _time_out)


def give_up_queued() -> None:
    """What nobody could send in all that time, whatever the reason.

    A lease protects none: what fails at each try is leased nearly always, and a worker finds before it sends that the
    generation has ended.
    """
    too_old = Now() - timedelta(seconds=settings.GENERATION_DEADLINE_SECONDS)
    queued = Generation.objects.filter(state=State.QUEUED, next_at__isnull=False, created_at__lt=too_old)
    _each_locked(queued.order_by("created_at"), _fail_as_busy)


def give_up_archiving() -> None:
    """Results that could neither be kept nor given up before their link died."""
    dies_at = Coalesce("link_expires_at", F("ended_at") + LINK_LIFE)
    due = Submission.objects.filter(outcome=archive.SUCCEEDED, next_at__isnull=False)
    dead = due.alias(dies_at=dies_at).filter(dies_at__lt=Now() - ARCHIVE_GRACE)
    for submission in dead.order_by("next_at")[:ROWS]:
        _guarded(archive.give_up, submission)


def close_old_submissions() -> None:
    # One without a next_at has no task id: nobody can be asked, and no callback came.
    open_ones = Submission.objects.filter(Q(next_at__isnull=False) | Q(provider_task_id=""), ended_at=None)
    old = open_ones.filter(created_at__lt=Now() - ASKED_FOR)
    ids = old.exclude(generation__state__in=(State.SUBMITTING, State.UNCONFIRMED, State.RUNNING)).values("id")[:ROWS]
    Submission.objects.filter(id__in=ids).update(outcome="lost", ended_at=Now(), next_at=None, lease_until=None)


def forget_idempotency_keys() -> None:
    old = IdempotencyKey.objects.filter(created_at__lt=timezone.now() - KEYS_KEPT).values("id")[: 10 * ROWS]
    IdempotencyKey.objects.filter(id__in=old).delete()


def unlink_deleted_files() -> None:
    """The file goes with the last asset that has its content."""
    deleted = Asset.objects.filter(deleted_at__isnull=False).exclude(path="").order_by("deleted_at")
    for path in set(deleted.values_list("path", flat=True)[:ROWS]):
        _guarded(_unlink, path)


def forget_drafts() -> None:
    store.forget_drafts(ROWS)


STEPS = (
    release_leases,
    pass_deadlines,
    give_up_queued,
    give_up_archiving,
    close_old_submissions,
    forget_idempotency_keys,
    unlink_deleted_files,
    forget_drafts,
)


def _release(generation: Generation) -> None:
    submission = generation.submissions.filter(ended_at=None).first()
    if submission is None:
        lifecycle.advance(generation, State.QUEUED, next_at=Now())
    else:
        lifecycle.advance(generation, State.UNCONFIRMED)
        Submission.objects.filter(id=submission.id).update(next_at=Now())


def _time_out(generation: Generation) -> None:
    lifecycle.advance(generation, State.FAILED, failure_code="TIMEOUT")
    generation.submissions.filter(ended_at=None).update(next_at=Now() + LATE_POLL, poll_count=0)


def _fail_as_busy(generation: Generation) -> None:
    lifecycle.advance(generation, State.FAILED, failure_code="PROVIDER_BUSY")


def _unlink(path: str) -> None:
    with transaction.atomic():
        store.lock(path)
        if not Asset.objects.filter(path=path, deleted_at=None).exists():
            store.unlink(path)
        Asset.objects.filter(path=path, deleted_at__isnull=False).update(path="")


def _each_locked(generations: QuerySet[Generation], do: Callable[[Generation], None]) -> None:
    """Each of a round's rows, locked in a transaction of its own for as long as it is looked at."""

    def look_at(generation_id: UUID) -> None:
        with transaction.atomic():
            generation = generations.filter(id=generation_id).select_for_update(skip_locked=True).first()
            if generation:
                do(generation)

    for generation_id in list(generations.values_list("id", flat=True)[:ROWS]):
        _guarded(look_at, generation_id)


def _guarded(act: Callable[..., None], *arguments: object) -> None:
    """What fails must not keep the sweep from the rest: the boundary of each row and each step."""
    try:
        act(*arguments)
    except Exception as error:
        log_failure(f"sweep: {act.__name__} {arguments}", error)


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
