"""What a collection holds, and in which order. Each change is made with the collection's row locked.

Positions have gaps, so an item that is moved is one row written. Where a gap is used up, all are numbered anew.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Max

from accounts import teams
from accounts.models import Team, User
from generations.models import Collection, CollectionItem, Generation
from generations.models.collections import CollectionItemQuerySet

from .keeping import create, locked, touch

MAX_ITEMS = 5000
GAP = 1 << 20
# As far as positions that come from outside may lie from 0: a page's address has 18 digits for one.
FARTHEST = 1 << 59

_RENUMBER = """
UPDATE generations_collectionitem AS item SET position = numbered.place * %s
FROM (
    SELECT id, row_number() OVER (ORDER BY position, id) AS place
    FROM generations_collectionitem WHERE collection_id = %s
) AS numbered
WHERE item.id = numbered.id
"""


class NotThere(Exception):
    """A generation that the team has not, or that is not in the collection."""


class TooManyItems(ValueError):
    """The collection would have more than MAX_ITEMS."""


class IsSmart(ValueError):
    """A smart collection fills itself: nothing is added, removed or moved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """How many came to it, and how many were in it before."""

    added: int
    already: int


@transaction.atomic
def add(
    collection: Collection, generation_ids: Sequence[UUID], *, by: User, places: Mapping[UUID, int] | None = None
) -> Added:
    """Put them at its end, in this order, or where `places` says. What is in it stays where it is.

    What the team has deleted is left out. Raises NotThere, and nothing is added, where one was never the team's;
    TooManyItems, IsSmart, Gone, TeamClosing.
    """
    teams.lock(collection.team_id)
    kept = _locked(collection, by)
    wanted = list(dict.fromkeys(generation_ids))
    # Locked: whoever hides one meanwhile has it taken out of what it is in, and must not come before it is in.
    rows = Generation.objects.select_for_update(no_key=True).filter(team_id=kept.team_id, id__in=wanted)
    of_team = dict(rows.order_by("id").values_list("id", "hidden_at"))
    if len(of_team) < len(wanted):
        raise NotThere
    there = set(kept.items.filter(generation__in=wanted).values_list("generation_id", flat=True))
    new = [id for id in wanted if id not in there and of_team[id] is None]
    if kept.items.count() + len(new) > MAX_ITEMS:
        raise TooManyItems
    last = kept.items.aggregate(last=Max("position"))["last"] or 0
    CollectionItem.objects.bulk_create(
        CollectionItem(
            collection=kept,
            generation_id=id,
            position=_within((places or {}).get(id, last + number * GAP)),
            added_by=by,
        )
        for number, id in enumerate(new, start=1)
    )
    if new:
        touch(kept)
    return Added(added=len(new), already=len(there))


@transaction.atomic
def add_to_new(team: Team, generation_ids: Sequence[UUID], *, name: str, by: User) -> tuple[Collection, Added]:
    """Both or neither: a collection of the team's that begins with these. Raises as create() and add() do."""
    made = create(team, name=name, by=by)
    return made, add(made, generation_ids, by=by)


@transaction.atomic
def remove(collection: Collection, generation_ids: Iterable[UUID], *, by: User) -> dict[UUID, int]:
    """Take them out. Returns those that were in it with their positions, to put them back. Raises IsSmart, Gone.

    The cover stays what was chosen, to be it again with what is put back.
    """
    kept = _locked(collection, by)
    leaving = kept.items.filter(generation__in=generation_ids)
    places = dict(leaving.values_list("generation_id", "position"))
    if places:
        leaving.delete()
        touch(kept)
    return places


@transaction.atomic
def move(collection: Collection, generation_id: UUID, *, beside: UUID, is_after: bool, by: User) -> bool:
    """Put an item right before the one `beside`, or right after it. Returns whether it was elsewhere.

    Raises NotThere where one of them is not in the collection; IsSmart, Gone.
    """
    kept = _locked(collection, by)
    return _put(kept, _item(kept, generation_id), _item(kept, beside), is_after=is_after)


@transaction.atomic
def shift(collection: Collection, generation_id: UUID, *, is_later: bool, by: User) -> bool:
    """Change places with the one shown before it, or after. Returns False at the end. Raises as move() does."""
    kept = _locked(collection, by)
    moved = _item(kept, generation_id)
    beside = _next(shown(kept), moved, is_later=is_later)
    return beside is not None and _put(kept, moved, beside, is_after=is_later)


@transaction.atomic
def move_to_end(collection: Collection, generation_id: UUID, *, is_last: bool, by: User) -> bool:
    """Put an item after all that are shown, or before them. Returns False where it is there. Raises as move() does."""
    kept = _locked(collection, by)
    moved = _item(kept, generation_id)
    end = shown(kept).last() if is_last else shown(kept).first()
    return end is not None and _put(kept, moved, end, is_after=is_last)


def place_of(collection: Collection, generation_id: UUID) -> int:
    """Which of those that it shows the item is, from 1. Raises NotThere."""
    item = _item(collection, generation_id)
    return shown(collection).before(item.position, item.pk).count() + 1


@transaction.atomic
def set_cover(collection: Collection, generation_id: UUID, *, by: User) -> bool:
    """Returns whether it was another one. A smart collection takes any of the team's. Raises NotThere, Gone."""
    kept = locked(collection, by)
    if kept.is_smart:
        if not Generation.objects.for_team(kept.team_id).filter(id=generation_id).exists():
            raise NotThere
    else:
        _item(kept, generation_id)
    return bool(Collection.objects.filter(pk=kept.pk).exclude(cover=generation_id).update(cover=generation_id))


@transaction.atomic
def unset_cover(collection: Collection, *, by: User) -> bool:
    """Let the first of what is in it be its cover again. Returns whether another was chosen. Raises Gone."""
    kept = locked(collection, by)
    return bool(Collection.objects.filter(pk=kept.pk, cover__isnull=False).update(cover=None))


def shown(collection: Collection) -> CollectionItemQuerySet:
    """Its items in their order, without what the team has deleted meanwhile."""
    return collection.items.filter(generation__hidden_at=None, generation__team=collection.team_id)


def _locked(collection: Collection, by: User) -> Collection:
    kept = locked(collection, by)
    if kept.is_smart:
        raise IsSmart
    return kept


def _item(collection: Collection, generation_id: UUID) -> CollectionItem:
    item = shown(collection).filter(generation=generation_id).first()
    if item is None:
        raise NotThere
    return item


def _next(items: CollectionItemQuerySet, item: CollectionItem, *, is_later: bool) -> CollectionItem | None:
    if is_later:
        return items.after(item.position, item.pk).first()
    return items.before(item.position, item.pk).last()


def _put(collection: Collection, moved: CollectionItem, beside: CollectionItem, *, is_after: bool) -> bool:
    if moved.pk == beside.pk:
        return False
    low, high = _gap(collection, moved, beside, is_after=is_after)
    if low < moved.position < high:
        return False
    if high - low < 2:
        _renumber(collection)
        try:
            beside.refresh_from_db(fields=["position"])
        except CollectionItem.DoesNotExist as error:
            raise NotThere from error
        low, high = _gap(collection, moved, beside, is_after=is_after)
    CollectionItem.objects.filter(pk=moved.pk).update(position=(low + high) // 2)
    touch(collection)
    return True


def _gap(collection: Collection, moved: CollectionItem, beside: CollectionItem, *, is_after: bool) -> tuple[int, int]:
    """The positions that it comes between, both taken."""
    others = collection.items.exclude(pk=moved.pk)
    neighbour = _next(others, beside, is_later=is_after)
    if is_after:
        return beside.position, neighbour.position if neighbour else beside.position + 2 * GAP
    return neighbour.position if neighbour else beside.position - 2 * GAP, beside.position


def _renumber(collection: Collection) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_RENUMBER, [GAP, collection.pk])


def _within(position: int) -> int:
    return max(-FARTHEST, min(FARTHEST, position))
