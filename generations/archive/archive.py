"""Makes our own copy of what a provider made, and ends the generation with it, charged for what really came.

The work is the submission's: its outputs, until its link expires. A late one is archived the same way, for free.
"""

import logging
from contextlib import ExitStack
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from generations import lifecycle, pricing
from generations.models import Asset, Generation, State, Submission
from project.due import Bulkhead, Crew, claim, heartbeat

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

Output = tuple[store.Draft, Clip]

bulkhead = Bulkhead(PER_ACCOUNT)


def claim_due(limit: int) -> list[Submission]:
    return claim(Submission.objects.filter(outcome=SUCCEEDED).select_related("account", "generation"), limit)


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
            outputs, error = _fetch(submission, drafts)
            if error is None:
                _keep(submission, outputs)
            else:
                _retry_or_end(submission, error, outputs)
        except OSError as error:
            # A full or broken disk of ours; the provider's file is still there.
            log.error("submission %s: %s while archiving", submission.id, error.strerror)
            _retry_or_end(submission, ArchiveError("disk"), [])


def _fetch(submission: Submission, drafts: ExitStack) -> tuple[list[Output], ArchiveError | None]:
    """What could be had of the outputs, in their order, and what was wrong with the others: rather what may pass."""
    outputs: list[Output] = []
    errors = [] if submission.outputs else [ArchiveError("nothing came", is_final=True)]
    for url in submission.outputs[: _asked_for(submission.generation)]:
        try:
            draft = drafts.enter_context(download(url, submission.account))
            outputs.append((draft, _look(draft, submission.generation)))
        except ArchiveError as error:
            errors.append(error)
    return outputs, min(errors, key=lambda error: error.is_final, default=None)


def _asked_for(generation: Generation) -> int:
    """How many are kept; what a provider sends beyond it was not ordered, and would not be paid for."""
    return int(generation.params.get("count", 1)) if generation.makes_images else 1


def _look(draft: store.Draft, generation: Generation) -> Clip:
    """As look(), of what was asked for: a picture in a clip's place is no clip."""
    clip = look(draft.file)
    if clip.is_image != generation.makes_images:
        raise ArchiveError(f"{clip.content_type} is not what was asked for")
    return clip


def _keep(submission: Submission, outputs: list[Output]) -> None:
    """Files, assets and the end of the generation, in one transaction. Whoever comes second changes nothing."""
    with transaction.atomic():
        generation = Generation.objects.select_for_update().get(id=submission.generation_id)
        is_ours = generation.state == State.ARCHIVING or submission.arrived_late
        if is_ours and generation.hidden_at is None and not generation.assets.exists():
            for position, (draft, clip) in enumerate(outputs):
                _keep_output(generation, draft, clip, position=position)
            loss_credits = _end(generation, submission, [clip for _draft, clip in outputs])
            Submission.objects.filter(id=submission.id).update(loss_credits=loss_credits)
        Submission.objects.filter(id=submission.id).update(next_at=None, lease_until=None)


def _end(generation: Generation, submission: Submission, clips: list[Clip]) -> int:
    """Complete it, charged for what was made as far as its hold goes. Returns what was made and is not charged."""
    made = pricing.made_credits(generation, seconds=clips[0].duration_seconds or 0, count=len(clips))
    if submission.arrived_late:
        lifecycle.note_late_arrival(generation)
        return made
    charge = min(made, generation.held_credits)
    lifecycle.advance(generation, State.COMPLETED, charge=charge)
    if made > charge:
        log.warning("generation %s: %s credits were made, %s held", generation.id, made, charge)
    return made - charge


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


def _retry_or_end(submission: Submission, error: ArchiveError, outputs: list[Output]) -> None:
    """Another try for all of it; after the last one with what could be had."""
    now = timezone.now()
    count = submission.archive_count + 1
    waits = RETRY_SECONDS[submission.archive_count : count]
    next_at = now + timedelta(seconds=waits[0]) if waits and not error.is_final else None
    log.warning("submission %s: archiving failed, try %s: %s", submission.id, count, error)
    if next_at and (submission.link_expires_at is None or next_at < submission.link_expires_at):
        _leave(submission, next_at, archive_count=count)
    elif outputs:
        _keep(submission, outputs)
    else:
        give_up(submission)


def _leave(submission: Submission, next_at: datetime, **columns: int) -> None:
    """Not now: due again then. Nothing where someone else has kept it meanwhile."""
    held = Submission.objects.filter(id=submission.id, lease_until__isnull=False)
    held.update(next_at=next_at, lease_until=None, **columns)


crew = Crew(size=THREADS, claim=claim_due, do=archive)
