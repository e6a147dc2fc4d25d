"""What each index needs besides its entries: it is filled, its database index is built, it takes over, and is retired.

All of it is repeatable: whoever is killed leaves a lease that runs out, and another goes on from the rows.
"""

from datetime import timedelta

from django.db.models.expressions import Combinable
from django.db.models.functions import Now
from django.utils import timezone

from generations.models import SearchEntry, SearchIndex
from project.due import Crew, claim, heartbeat

from . import database_index, filling, spaces

THREADS = 2
LOOK_AGAIN = timedelta(seconds=5)
# At one that has all it can have and is of no use: an operator has to see to it first.
LOOK_SELDOM = timedelta(minutes=5)
# The current index of a kind is worth a database index from so many vectors on, done or not.
BUILT_FROM = 500
# Whoever began to enter a generation before an index was retired has ended by then: no statement may last so long.
GRACE = timedelta(seconds=90)


def claim_due(limit: int) -> list[SearchIndex]:
    return claim(SearchIndex.objects.all(), limit)


def tend(index: SearchIndex) -> None:
    """Do all that can be done for a claimed index now, and say when to look at it again."""
    due_at = index.next_at
    with heartbeat(index):
        next_at = _clear(index) if index.retired_at else _bring_on(index)
    row = SearchIndex.objects.filter(id=index.id)
    # Whoever retired it meanwhile has said when it is due.
    row.filter(next_at=due_at).update(next_at=next_at)
    row.update(lease_until=None)


def _bring_on(index: SearchIndex) -> Combinable | None:
    _fill(index)
    _build(index)
    index.refresh_from_db()
    is_left = spaces.is_ready(index) and not spaces.take_over(index)
    index.refresh_from_db()
    # One without vectors yet will have something to build once it has some.
    has_index = index.kind == SearchIndex.Kind.TAGS or index.built_at is not None
    is_finished = index.is_current and index.filled_at is not None and has_index
    if is_finished:
        return None
    return Now() + (LOOK_SELDOM if is_left and not index.is_current else LOOK_AGAIN)


def _fill(index: SearchIndex) -> None:
    while index.filled_at is None and filling.has_room(index):
        if filling.fill_chunk(index):
            return


def _build(index: SearchIndex) -> None:
    """Once all is there: many rows at once are built in far less time than one after the other."""
    index.refresh_from_db()
    if spaces.is_built(index) or index.retired_at or not (spaces.is_done(index) or _is_worth_it(index)):
        return
    if database_index.build(index):
        SearchIndex.objects.filter(id=index.id, retired_at=None).update(built_at=Now())


def _is_worth_it(index: SearchIndex) -> bool:
    some = SearchEntry.objects.filter(index=index, vector__isnull=False)[:BUILT_FROM]
    return index.is_current and some.count() == BUILT_FROM


def _clear(index: SearchIndex) -> Combinable | None:
    """Its database index goes, then its entries, and once more what had been on its way while it was retired."""
    is_old = index.retired_at is not None and timezone.now() - index.retired_at > GRACE
    is_dropped = index.kind == SearchIndex.Kind.TAGS or database_index.drop(index)
    while filling.empty_chunk(index):
        pass
    return None if is_old and is_dropped else Now() + GRACE


crew = Crew(size=THREADS, claim=claim_due, do=tend)
