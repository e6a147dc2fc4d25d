"""Entries for what has come to be searched, and the end of what has gone.

Two ways lead to an entry, and between them no generation is missed. One that completes is due by its `index_at` and
gets an entry in every index that is kept (`take_due`); a new index is filled by passing through all generations by id
(`fill_chunk`). Say that generation G completes while index X is made. Each INSERT below takes its generations and its
indexes from one snapshot of the database, in which G is completed.

- X is in the snapshot of take_due: G gets its entry there.
- It is not: then X was committed after that snapshot, and so after G was completed. The pass of X begins after X was
  committed, and so finds G completed, wherever in the order of ids it stands.
- The pass came by G's place before it was completed, or before it was there at all: then X was committed before G was
  completed, and whoever takes up G's `index_at` sees X.

Where both come by, the second INSERT changes nothing. One that is hidden meanwhile may get an entry from a pass that
saw it just before; whoever claims such an entry deletes it (entries.is_findable).
"""

from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from generations.models import Collection, CollectionItem, Generation, SearchEntry, SearchIndex, SearchText, Tag

from .wanting import ELIGIBLE, FIRST

ROWS = 200
CHUNK = 1000
# So many entries that wait are enough for an index that is being filled: what completes meanwhile waits behind them.
IN_HAND = 5 * CHUNK

# In the order of generations, as every other such INSERT, so that two of them never wait for each other.
_INSERT = f"""
    INSERT INTO generations_searchentry
        (index_id, generation_id, team_id, request_id, failure_code, attempt_count, failed_count, next_at, created_at)
    SELECT search_index.id, generation.id, generation.team_id, '', '', 0, 0, now(), now()
    FROM generations_generation AS generation CROSS JOIN generations_searchindex AS search_index
    WHERE search_index.retired_at IS NULL AND {ELIGIBLE} AND %s
    ORDER BY generation.id, search_index.id
    ON CONFLICT (index_id, generation_id) DO NOTHING
"""  # noqa: S608 -- no value in it
_OF_GENERATIONS = _INSERT.replace("%s", "generation.id = ANY(%s)")
_OF_INDEX = _INSERT.replace("%s", "search_index.id = %s AND generation.id > %s AND generation.id <= %s")


def take_due() -> None:
    """All that is due by its `index_at`, a round at a time. Beside others who do the same, each takes what is free."""
    _take_out_hidden()
    while _take_round() == ROWS:
        _take_out_hidden()


def fill_chunk(index: SearchIndex) -> bool:
    """The next thousand generations of the pass. Returns whether it is over.

    Entries and the place that the pass has come to are one transaction, so whoever is killed leaves nothing half done.
    """
    place = index.filled_to or FIRST
    with transaction.atomic():
        last = _end_of_chunk(place)
        row = SearchIndex.objects.filter(id=index.id, filled_to=index.filled_to, filled_at=None, retired_at=None)
        if not (row.update(filled_at=Now()) if last is None else row.update(filled_to=last)):
            return True
        if last is not None:
            with connection.cursor() as cursor:
                cursor.execute(_OF_INDEX, [index.pk, place, last])
    index.refresh_from_db()
    return last is None


def has_room(index: SearchIndex) -> bool:
    """Whether there is room for another chunk among what waits to be done."""
    return SearchEntry.objects.filter(index=index, next_at__isnull=False)[:IN_HAND].count() <= IN_HAND - CHUNK


def empty_chunk(index: SearchIndex) -> bool:
    """Delete a thousand entries of a retired index. Returns whether there were any."""
    ids = SearchEntry.objects.filter(index=index).values("id")[:CHUNK]
    count, _each = SearchEntry.objects.filter(id__in=ids).delete()
    return bool(count)


def _take_out_hidden() -> None:
    """The hidden ones of the next round leave their collections, which are locked as whoever changes one locks it.

    In a transaction of its own: whoever holds a collection may wait for a generation.
    """
    hidden = Generation.objects.filter(index_at__lte=Now(), hidden_at__isnull=False).order_by("index_at")
    items = CollectionItem.objects.filter(generation__in=list(hidden.values_list("id", flat=True)[:ROWS]))
    with transaction.atomic():
        holding = Collection.objects.filter(id__in=items.values("collection")).order_by("id")
        if list(holding.select_for_update(no_key=True).values("id")):
            items.delete()


def _take_round() -> int:
    """One hidden only now is left to the next round, after it has left its collections."""
    in_collection = Q(hidden_at__isnull=False) & Exists(CollectionItem.objects.filter(generation=OuterRef("pk")))
    with transaction.atomic():
        due = Generation.objects.filter(~in_collection, index_at__lte=Now())
        due = due.order_by("index_at").only("id", "hidden_at")
        rows = list(due.select_for_update(skip_locked=True, no_key=True, of=("self",))[:ROWS])
        ids = [each.pk for each in rows]
        _forget([each.pk for each in rows if each.hidden_at])
        with connection.cursor() as cursor:
            cursor.execute(_OF_GENERATIONS, [ids])
        # They are locked, so this is the `index_at` that was seen.
        Generation.objects.filter(id__in=ids).update(index_at=None)
    return len(rows)


def _forget(hidden: list[UUID]) -> None:
    """Whoever writes tags or entries of one of them has the lock that is held here now, or finds it hidden."""
    gone: tuple[QuerySet, ...] = (
        SearchEntry.objects.filter(generation__in=hidden),
        Tag.objects.filter(generation__in=hidden),
        SearchText.objects.filter(generation__in=hidden),
    )
    if hidden:
        for rows in gone:
            rows.delete()


def _end_of_chunk(after: UUID) -> UUID | None:
    """The last of the next thousand ids, whatever state they are in; None where there are no more."""
    ids = Generation.objects.filter(id__gt=after).order_by("id").values_list("id", flat=True)[:CHUNK]
    return max(ids, default=None)
