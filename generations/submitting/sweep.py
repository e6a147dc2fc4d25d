"""What nobody else comes back for: leases that ran out, deadlines, and what is kept only for a while.

One process sweeps at a time; each round is bounded, and the next one is seconds away.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from generations import lifecycle
from generations.archive import archive, store
from generations.models import Asset, Callback, Generation, IdempotencyKey, State, Submission
from project.celery import nudge

from . import closing
from .rounds import ROWS, each_locked, guarded

log = logging.getLogger(__name__)

SWEEP_LOCK = 0x73776565  # any number, as long as it is this one everywhere
KEYS_KEPT = timedelta(hours=72)
# Long enough to know what a provider sends again; whoever replays it later finds a generation that has ended.
CALLBACKS_KEPT = timedelta(days=30)
CALLBACKS_TO_NOBODY_KEPT = timedelta(days=7)
ASKED_FOR = timedelta(hours=24)
LATE_POLL = timedelta(seconds=60)
LINK_LIFE = timedelta(hours=24)
# Archiving gives up by itself when the link dies; this is for what it could not even give up.
ARCHIVE_GRACE = timedelta(hours=1)


def sweep() -> None:
    """One round of every step. Where one says that there is more to do, the next round comes at once."""
    with _alone() as alone:
        outcomes = [guarded(step) for step in STEPS] if alone else []
    if any(outcomes):
        nudge("sweep")


def release_leases() -> None:
    """A worker died while submitting. With a submission its POST may have gone out; without, it surely has not."""
    orphans = Generation.objects.filter(state=State.SUBMITTING, lease_until__lt=Now())
    each_locked(orphans, _release)


def pass_deadlines() -> None:
    """The hold is given back; the provider goes on being asked, in case the clip comes after all."""
    waiting = (State.SUBMITTING, State.UNCONFIRMED, State.RUNNING)
    overdue = Generation.objects.filter(state__in=waiting, deadline_at__lt=Now())
    each_locked(overdue, _time_out)


def give_up_queued() -> None:
    """What nobody could send in all that time, whatever the reason; what waits for room has not been refused.

    A lease protects none: what fails at each try is leased nearly always, and a worker finds before it sends that the
    generation has ended.
    """
    too_old = Now() - timedelta(seconds=settings.GENERATION_DEADLINE_SECONDS)
    queued = Generation.objects.filter(state=State.QUEUED, next_at__isnull=False, first_refused_at__lt=too_old)
    each_locked(queued, _fail_as_busy)


def give_up_archiving() -> None:
    """Results that could neither be kept nor given up before their link died."""
    dies_at = Coalesce("link_expires_at", F("ended_at") + LINK_LIFE)
    due = Submission.objects.filter(outcome=archive.SUCCEEDED, next_at__isnull=False)
    dead = due.alias(dies_at=dies_at).filter(dies_at__lt=Now() - ARCHIVE_GRACE)
    for submission in dead.order_by("?")[:ROWS]:
        guarded(archive.give_up, submission)


def close_old_submissions() -> None:
    # One without a next_at has no task id: nobody can be asked, and no callback came.
    open_ones = Submission.objects.filter(Q(next_at__isnull=False) | Q(provider_task_id=""), ended_at=None)
    old = open_ones.filter(created_at__lt=Now() - ASKED_FOR)
    ids = old.exclude(generation__state__in=(State.SUBMITTING, State.UNCONFIRMED, State.RUNNING)).values("id")[:ROWS]
    Submission.objects.filter(id__in=ids).update(outcome="lost", ended_at=Now(), next_at=None, lease_until=None)


def forget_idempotency_keys() -> None:
    old = IdempotencyKey.objects.filter(created_at__lt=timezone.now() - KEYS_KEPT).values("id")[: 10 * ROWS]
    IdempotencyKey.objects.filter(id__in=old).delete()


def forget_callbacks() -> bool:
    """Returns whether there are probably more. What came to nobody's address can be much, and goes sooner."""
    now = timezone.now()
    of_nobody = Callback.objects.filter(submission=None, received_at__lt=now - CALLBACKS_TO_NOBODY_KEPT)
    forgotten = 0
    for old in (Callback.objects.filter(received_at__lt=now - CALLBACKS_KEPT), of_nobody):
        count, _each = Callback.objects.filter(id__in=old.values("id")[: 10 * ROWS]).delete()
        forgotten += count
    return forgotten >= 10 * ROWS


def unlink_deleted_files() -> bool:
    """The file goes with the last asset that has its content. Returns whether there are probably more."""
    # In any order: those that can't be unlinked must not keep the others from their turn.
    deleted = Asset.objects.filter(deleted_at__isnull=False).exclude(path="").order_by("?")
    paths = list(deleted.values_list("path", flat=True)[:ROWS])
    unlinked = [guarded(_unlink, path) for path in set(paths)]
    return len(paths) == ROWS and any(unlinked)


def forget_drafts() -> None:
    store.forget_drafts(ROWS)


STEPS = (
    release_leases,
    pass_deadlines,
    give_up_queued,
    give_up_archiving,
    close_old_submissions,
    forget_idempotency_keys,
    forget_callbacks,
    closing.empty_teams,
    unlink_deleted_files,
    closing.finish_teams,
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
    log.error("generation %s: no end after %s s", generation.id, settings.GENERATION_DEADLINE_SECONDS)
    lifecycle.advance(generation, State.FAILED, failure_code="TIMEOUT")
    generation.submissions.filter(ended_at=None).update(next_at=Now() + LATE_POLL, poll_count=0)


def _fail_as_busy(generation: Generation) -> None:
    lifecycle.advance(generation, State.FAILED, failure_code="PROVIDER_BUSY")


def _unlink(path: str) -> bool:
    with transaction.atomic():
        store.lock(path)
        if not Asset.objects.filter(path=path, deleted_at=None).exists():
            store.unlink(path)
        Asset.objects.filter(path=path, deleted_at__isnull=False).update(path="")
    return True


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
