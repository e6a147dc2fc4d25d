"""Makes the rows of batches that run, one after another, and stands still where the cap or anything else says so.

Each row is one transaction with its batch's row locked: what is committed is counted, the next row's price added, and
only where that stays within the cap is it made. So the cap holds whoever makes at once, and a worker may be killed at
any line. Lock order: batch, then team, then as lifecycle.create() has it; nobody who holds a team's row, a generation
or a balance locks a batch.
"""

from datetime import timedelta
from enum import Enum, auto
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts import roles
from accounts.actors import Actor
from accounts.refusals import InsufficientCredits, TeamClosing, TooManyInProgress
from accounts.roles import Action, NotAllowed
from generations import lifecycle, pricing
from generations.intake import InvalidParameter
from generations.lifecycle import Asker, IllegalMove
from generations.models import Batch, BatchRow, Generation, State
from generations.pricing import NoPrice
from project.due import Crew, claim

from . import progress
from .checking import as_json, resolved_of

THREADS = 4
# So that a pause is felt, and a batch leaves others their turn.
AT_ONCE = 20
LOOK_AGAIN = timedelta(seconds=5)


class Step(Enum):
    """What came of one look at a batch."""

    MADE = auto()  # or refused: its next row may have its turn
    LATER = auto()
    OVER = auto()  # it runs no more


def claim_due(limit: int) -> list[Batch]:
    """Those that run, and those that were cancelled and may have something in the queue."""
    return claim(Batch.objects.filter(state__in=(Batch.State.RUNNING, Batch.State.CANCELLED)), limit)


def wake() -> None:
    """Something has ended, or some seconds have gone by: batches that wait for room are looked at now."""
    waiting = Batch.objects.filter(state=Batch.State.RUNNING, lease_until=None, next_at__gt=Now())
    with transaction.atomic():
        ids = list(waiting.select_for_update(skip_locked=True).values_list("id", flat=True))
        Batch.objects.filter(id__in=ids).update(next_at=Now())


def make(batch: Batch) -> None:
    """Make rows of a claimed batch until there is no room for more."""
    if batch.state == Batch.State.CANCELLED:
        empty_queue(batch)
        return
    while (came := step(batch.id)) is Step.MADE:
        pass
    if came is Step.LATER:
        _look_again(batch)


@transaction.atomic
def step(batch_id: UUID) -> Step:
    """Make the next row of a batch, or see why not."""
    batch = Batch.objects.select_for_update().filter(id=batch_id, state=Batch.State.RUNNING).first()
    if batch is None:
        return Step.OVER
    at = progress.of(batch)
    row = batch.rows.filter(progress.WAITING).order_by("number").first()
    if row is None:
        return Step.LATER if at.in_progress else end(batch, Batch.State.FINISHED)
    if at.in_progress >= AT_ONCE:
        return Step.LATER
    return _make(batch, row, at)


def empty_queue(batch: Batch) -> None:
    """Cancel what of a cancelled batch no provider has. What is about to be sent may come back, so it is watched."""
    own = Generation.objects.filter(batch_id=batch.id)
    for generation in own.filter(state=State.QUEUED):
        try:
            lifecycle.advance(generation, State.CANCELLED)
        except IllegalMove:
            continue
    if own.filter(state__in=(State.QUEUED, State.SUBMITTING)).exists():
        _look_again(batch)
    else:
        Batch.objects.filter(id=batch.id).update(next_at=None, lease_until=None)


def pause(batch: Batch, because: Batch.Pause) -> Step:
    """Let a locked batch stand still."""
    batch.state, batch.paused_because = Batch.State.PAUSED, because
    batch.next_at = batch.lease_until = None
    batch.save(update_fields=["state", "paused_because", "next_at", "lease_until"])
    return Step.OVER


def end(batch: Batch, state: Batch.State) -> Step:
    """Finish or cancel a locked batch."""
    batch.state, batch.paused_because, batch.ended_at = state, "", timezone.now()
    batch.next_at = timezone.now() if state == Batch.State.CANCELLED else None
    batch.lease_until = None
    batch.save(update_fields=["state", "paused_because", "ended_at", "next_at", "lease_until"])
    return Step.OVER


def _make(batch: Batch, row: BatchRow, at: progress.Progress) -> Step:
    """Make this row of a locked batch that is so far. What is in progress may still give credits back."""
    try:
        roles.authorise(roles.lock(batch.team_id), Actor(user=batch.created_by), Action.CREATE)
        resolved = resolved_of(row.given)
        quoted = pricing.quote(resolved)
        if quoted.total_credits != row.quoted_credits:
            return pause(batch, Batch.Pause.PRICE)
        if at.committed_credits + quoted.total_credits > (batch.cap_credits or 0):
            return Step.LATER if at.in_progress else pause(batch, Batch.Pause.CAP)
        asker = Asker(team_id=batch.team_id, user_id=batch.created_by_id)
        row.generation, _is_new = lifecycle.create(resolved, quoted, asker=asker, batch_id=batch.id)
        row.save(update_fields=["generation"])
    except InvalidParameter as refused:
        row.problem, row.quoted_credits = as_json(refused), None
        row.save(update_fields=["problem", "quoted_credits"])
    except NoPrice:
        return pause(batch, Batch.Pause.PRICE)
    except InsufficientCredits:
        return Step.LATER if at.in_progress else pause(batch, Batch.Pause.CREDITS)
    except TooManyInProgress:
        return Step.LATER
    except (NotAllowed, PermissionDenied):
        return pause(batch, Batch.Pause.MEMBER)
    except TeamClosing:
        return end(batch, Batch.State.CANCELLED)
    return Step.MADE


def _look_again(batch: Batch) -> None:
    """In a while, unless somebody else has it by now."""
    own = Batch.objects.filter(id=batch.id, lease_until=batch.lease_until)
    own.exclude(next_at=None).update(next_at=Now() + LOOK_AGAIN, lease_until=None)


crew = Crew(size=THREADS, claim=claim_due, do=make)
