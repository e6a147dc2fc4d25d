"""What becomes of a claimed entry. Whoever has lost the lease, or comes second, changes nothing."""

import logging
import random
from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from generations import tags
from generations.models import Generation, SearchEntry, SearchIndex, State
from generations.providers.base import AccountRefused, Busy, ProviderError
from generations.providers.embedding import MachineTag, Vector

from . import vectors

log = logging.getLogger(__name__)

JITTER = 0.2
RETRY_SECONDS = 5.0
MOST_RETRY_SECONDS = 600.0
# Most of a day of tries, each of which failed while its provider answered others. An index that is to take another's
# place waits for half an hour of them.
MOST_TRIES = 100
FEW_TRIES = 10
GIVEN_UP = "PROVIDER_ERROR"
# The provider makes vectors of another size than before under the same name: raise the account's version.
DIMS_CHANGED = "DIMS_CHANGED"


def of(index: SearchIndex) -> QuerySet[SearchEntry]:
    """All of an index, as they are claimed."""
    return SearchEntry.objects.filter(index=index).select_related("index", "generation")


def is_findable(entry: SearchEntry) -> bool:
    """Whether its generation is there to be found; the entry of one that was hidden meanwhile goes."""
    generation: Generation = entry.generation
    if generation.hidden_at is None and generation.state == State.COMPLETED:
        return True
    drop(entry)
    return False


def keep_vector(entry: SearchEntry, vector: Vector) -> None:
    """Its vector, and with it the end of the work. The first vector of an index says how many dimensions all have."""
    if not _fits(entry.index, len(vector)):
        log.error("%s: a vector of %s dimensions, not %s", entry.index, len(vector), entry.index.dims)
        fail(entry, DIMS_CHANGED)
    else:
        _end(entry, **vectors.columns(entry.index, vector, team_id=entry.team_id))


def keep_tags(entry: SearchEntry, read: Sequence[MachineTag]) -> None:
    """Tags and the end of the work at once. The generation is locked before its entry, as by whoever clears it away."""
    with transaction.atomic():
        visible = Generation.objects.select_for_update(no_key=True).filter(pk=entry.generation_id, hidden_at=None)
        if list(visible.values("pk")) and _end(entry):
            tags.keep_read(entry.generation, read)


def fail(entry: SearchEntry, failure_code: str) -> None:
    """It will never have one, unless an operator has it tried again."""
    log.warning("%s: generation %s failed: %s", entry.index, entry.generation_id, failure_code)
    _end(entry, failure_code=failure_code)


def drop(entry: SearchEntry) -> None:
    _held(entry).delete()


def later(entry: SearchEntry, *, seconds: float, **columns: object) -> None:
    """Due again then. `columns` are written with it."""
    _held(entry).update(next_at=Now() + timedelta(seconds=seconds), lease_until=None, **columns)


def try_alone(entry: SearchEntry) -> None:
    """At once, and from now on without others: what is in a batch was refused, and nobody knows which of them."""
    later(entry, seconds=0, attempt_count=F("attempt_count") + 1)


def after(entry: SearchEntry, error: ProviderError, *, is_down: bool) -> None:
    """A call that brought nothing: where the account wants to wait, or is not to be used, that says nothing of it."""
    if isinstance(error, Busy | AccountRefused):
        later(entry, seconds=0)
    else:
        try_again(entry, is_down=is_down)


def try_again(entry: SearchEntry, *, is_down: bool, tries: int = 1, **columns: object) -> None:
    """After a try that brought nothing: 5 s growing to 10 min. Where its provider is down that says nothing of it.

    One that took long counts for several `tries`.
    """
    if is_down:
        later(entry, seconds=_jittered(RETRY_SECONDS), **columns)
    elif entry.attempt_count + tries >= (MOST_TRIES if entry.index.is_current else FEW_TRIES):
        fail(entry, GIVEN_UP)
    else:
        seconds = min(RETRY_SECONDS * 2.0 ** min(entry.attempt_count, 10), MOST_RETRY_SECONDS)
        later(entry, seconds=_jittered(seconds), attempt_count=F("attempt_count") + tries, **columns)


def _end(entry: SearchEntry, **columns: object) -> bool:
    return bool(
        _held(entry).update(done_at=Now(), next_at=None, lease_until=None, request_id="", account=None, **columns)
    )


def _held(entry: SearchEntry) -> QuerySet[SearchEntry]:
    return SearchEntry.objects.filter(id=entry.id, done_at=None, lease_until=entry.lease_until)


def _fits(index: SearchIndex, dims: int) -> bool:
    if not index.dims:
        SearchIndex.objects.filter(id=index.id, dims=0).update(dims=dims)
        index.refresh_from_db(fields=["dims"])
    return index.dims == dims


def _jittered(seconds: float) -> float:
    return seconds * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 -- nothing secret in it
