"""What people do with a batch: draft it, start it, let it stand still and go on, call it off, throw a draft away.

Each is harmless when repeated, and says whether it was done: a state that someone else has left by now stays left.
"""

from functools import partial
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import Team, User
from generations.models import Batch, BatchRow
from project.celery import nudge

from . import making, progress
from .checking import Checker
from .quoting import quoted_now
from .reading import Given


class CapTooLow(Exception):
    """With this cap no further row could be made; `least` is what the next one takes."""

    def __init__(self, least: int) -> None:
        super().__init__(f"at least {least}")
        self.least = least


class PriceMoved(Exception):
    """What is left costs something else than what was shown."""


class Unpriced(Exception):
    """Rows that wait have no price now. They may have one again, so they are left as they are."""


@transaction.atomic
def draft(team: Team, user: User, *, name: str, rows: list[Given]) -> Batch:
    """A batch of these rows, each with its price or what is wrong with it. Nothing is held."""
    batch = Batch.objects.create(team=team, created_by=user, name=name)
    checker = Checker(team.pk)
    checked = [checker.row(number, given) for number, given in enumerate(rows, start=1)]
    for row in checked:
        row.batch = batch
    BatchRow.objects.bulk_create(checked)
    return batch


@transaction.atomic
def start(batch_id: UUID, user: User, *, cap_credits: int) -> bool:
    """Begin to make a draft that has a good row. Raises CapTooLow."""
    batch = _locked(batch_id, Batch.State.DRAFT)
    if batch is None or not progress.of(batch).waiting:
        return False
    batch.started_at = timezone.now()
    _run(batch, user, cap_credits)
    return True


@transaction.atomic
def pause(batch_id: UUID) -> bool:
    """No further row is made; what is in progress goes on. One of which all is made ends by itself."""
    batch = _locked(batch_id, Batch.State.RUNNING)
    if batch is None or not progress.of(batch).waiting:
        return False
    making.pause(batch, Batch.Pause.BY_MEMBER)
    return True


@transaction.atomic
def resume(batch_id: UUID, user: User, *, cap_credits: int, shown_credits: int) -> bool:
    """Go on, on behalf of this user, at the prices of now, which come to `shown_credits` for the rows that wait.

    Raises Unpriced, PriceMoved where they come to something else, and CapTooLow.
    """
    batch = _locked(batch_id, Batch.State.PAUSED)
    if batch is None:
        return False
    quoted = quoted_now(batch)
    if quoted.unpriced:
        raise Unpriced
    if quoted.credits != shown_credits:
        raise PriceMoved
    refused = [row for row in quoted.rows if row.problem is not None]
    BatchRow.objects.bulk_update([row for row in quoted.rows if row.problem is None], ["quoted_credits"])
    BatchRow.objects.bulk_update(refused, ["quoted_credits", "problem"])
    _run(batch, user, cap_credits)
    return True


@transaction.atomic
def cancel(batch_id: UUID) -> bool:
    """No further row is made, and what no provider has yet is cancelled, its credits given back."""
    batch = _locked(batch_id, Batch.State.RUNNING, Batch.State.PAUSED)
    if batch is None:
        return False
    making.end(batch, Batch.State.CANCELLED)
    transaction.on_commit(partial(nudge, "batch"))
    return True


@transaction.atomic
def delete(batch_id: UUID) -> bool:
    """Throw a draft away."""
    batch = _locked(batch_id, Batch.State.DRAFT)
    if batch is None:
        return False
    batch.delete()
    return True


def least_cap(batch: Batch) -> int:
    """What the cap has to be for the next row to be made; 0 where none waits."""
    following = batch.rows.filter(progress.WAITING).order_by("number").first()
    return progress.of(batch).committed_credits + (following.quoted_credits or 0) if following else 0


def _locked(batch_id: UUID, *states: Batch.State) -> Batch | None:
    """The batch, locked until the transaction ends, where it is in one of these states."""
    return Batch.objects.select_for_update().filter(id=batch_id, state__in=states).first()


def _run(batch: Batch, user: User, cap_credits: int) -> None:
    if cap_credits < (least := least_cap(batch)):
        raise CapTooLow(least)
    batch.state, batch.paused_because = Batch.State.RUNNING, ""
    batch.created_by, batch.cap_credits = user, cap_credits
    batch.next_at, batch.lease_until = timezone.now(), None
    batch.save()
    transaction.on_commit(partial(nudge, "batch"))
