"""Makes our own copy of what a provider made, and ends the generation with it.

The work is the submission's: its outputs, until its link expires. A late one is archived the same way, for free.
"""

import logging
from contextlib import ExitStack
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from generations import lifecycle
from generations.due import Bulkhead, Crew, claim, heartbeat
from generations.models import Asset, Generation, State, Submission

from . import store
from .clip import Clip, look
from .errors import ArchiveError
from .fetch import download

log = logging.getLogger(__name__)

THREADS = 12
PER_ACCOUNT = 4
SUCCEEDED = "succeeded"
# Three tries in ten minutes, then on until the link expires.
RETRY_SECONDS = (60, 540, 600, 3600, 3 * 3600, 6 * 3600, 12 * 3600)

bulkhead = Bulkhead(PER_ACCOUNT)


def claim_due(limit: int) -> list[Submission]:
    return claim(Submission.objects.filter(outcome=SUCCEEDED).select_related("account"), limit)


def archive(submission: Submission) -> None:
    """Fetch, look into and keep the outputs of a claimed submission, or say when to try again."""
    connection.close()
    with bulkhead.slot(submission.account_id) as entered:
        if entered:
            _fetch_and_keep(submission)
        else:
            _leave(submission, timezone.now() + timedelta(seconds=1))


def give_up(submission: Submission) -> None:
    """The provider has made it and will bill it; the customer gets the hold back, so the loss is ours."""
    with transaction.atomic():
        generation = Generation.objects.select_for_update().get(id=submission.generation_id)
        if generation.state == State.ARCHIVING:
            lifecycle.advance(generation, State.FAILED, failure_code="ARCHIVE_FAILED")
        Submission.objects.filter(id=submission.id, next_at__isnull=False).update(
            outcome="archive_failed", next_at=None, lease_until=None, loss_credits=generation.held_credits
        )


def _fetch_and_keep(submission: Submission) -> None:
    with heartbeat(submission), ExitStack() as drafts:
        try:
            outputs = []
            for url in submission.outputs:
                draft = drafts.enter_context(download(url, submission.account))
                outputs.append((draft, look(draft.file)))
            _keep(submission, outputs)
        except ArchiveError as error:
            _retry_or_fail(submission, error)
        except OSError as error:
            # A full or broken disk of ours; the provider's file is still there.
            log.error("submission %s: %s while archiving", submission.id, error.strerror)
            _retry_or_fail(submission, ArchiveError("disk"))


def _keep(submission: Submission, outputs: list[tuple[store.Draft, Clip]]) -> None:
    """Files, assets and the end of the generation, in one transaction. Whoever comes second changes nothing."""
    with transaction.atomic():
        generation = Generation.objects.select_for_update().get(id=submission.generation_id)
        is_ours = generation.state == State.ARCHIVING or submission.arrived_late
        if is_ours and generation.hidden_at is None and not generation.assets.exists():
            for position, (draft, clip) in enumerate(outputs):
                _keep_output(generation, draft, clip, position=position)
            if submission.arrived_late:
                lifecycle.note_late_arrival(generation)
            else:
                lifecycle.advance(generation, State.COMPLETED)
        Submission.objects.filter(id=submission.id).update(next_at=None, lease_until=None)


def _keep_output(generation: Generation, draft: store.Draft, clip: Clip, *, position: int) -> None:
    with store.draft([clip.poster]) as poster:
        of_both = {"team_id": generation.team_id, "generation": generation, "position": position}
        Asset.objects.create(
            **of_both,
            kind=Asset.Kind.OUTPUT,
            path=store.keep(draft, clip.suffix),
            content_type=clip.content_type,
            size_bytes=draft.size_bytes,
            sha256=draft.sha256,
            width=clip.width,
            height=clip.height,
            duration_seconds=clip.duration_seconds,
        )
        Asset.objects.create(
            **of_both,
            kind=Asset.Kind.POSTER,
            path=store.keep(poster, ".webp"),
            content_type="image/webp",
            size_bytes=poster.size_bytes,
            sha256=poster.sha256,
        )


def _retry_or_fail(submission: Submission, error: ArchiveError) -> None:
    now = timezone.now()
    count = submission.archive_count + 1
    waits = RETRY_SECONDS[submission.archive_count : count]
    next_at = now + timedelta(seconds=waits[0]) if waits and not error.is_final else None
    log.warning("submission %s: archiving failed, try %s: %s", submission.id, count, error)
    if next_at and (submission.link_expires_at is None or next_at < submission.link_expires_at):
        _leave(submission, next_at, archive_count=count)
    else:
        give_up(submission)


def _leave(submission: Submission, next_at: datetime, **columns: int) -> None:
    """Not now: due again then. Nothing where someone else has kept it meanwhile."""
    held = Submission.objects.filter(id=submission.id, lease_until__isnull=False)
    held.update(next_at=next_at, lease_until=None, **columns)


crew = Crew(size=THREADS, claim=claim_due, do=archive)
