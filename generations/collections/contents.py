"""What a collection shows: by hand what was put into it, a smart one what it finds, a page at a time."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery, prefetch_related_objects
from django.db.models.functions import Coalesce, Now

from generations.cards import ASSETS, Card
from generations.models import Collection, CollectionItem, Generation, ShareLink, State

from . import smart
from .items import MOST, shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """`next` is what the next page is asked with, "" after the last. `says` is what a search has to tell about it."""

    generations: list[Generation]
    next: str
    says: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """A collection in a list of them: its cover, and how much is in it; of a smart one nobody has counted."""

    collection: Collection
    cover: Card | None
    count: int | None


def page(collection: Collection, *, after: str, limit: int, is_public: bool = False) -> Page:
    """Generations with their assets, in its order; for the public what is completed alone.

    `after` is the `next` of the page before; anything else begins at the beginning.
    """
    if collection.is_smart:
        return _found(collection, after, limit, is_public=is_public)
    items = shown(collection).select_related("generation").order_by("position", "id")
    if is_public:
        items = items.filter(generation__state=State.COMPLETED)
    if place := _place(after):
        position, id = place
        items = items.filter(Q(position__gt=position) | Q(position=position, id__gt=id))
    rows = list(items[: limit + 1])
    last = rows[limit - 1] if len(rows) > limit else None
    generations = [row.generation for row in rows[:limit]]
    prefetch_related_objects(generations, ASSETS)
    return Page(generations=generations, next=f"{last.position}.{last.pk}" if last else "")


def all_ids(collection: Collection) -> list[UUID]:
    """Of everything in it, in its order."""
    if collection.is_smart:
        return smart.all_ids(collection)
    return list(shown(collection).order_by("position", "id").values_list("generation_id", flat=True))


def count(collection: Collection) -> int | None:
    return None if collection.is_smart else shown(collection).count()


def holding(collections: QuerySet[Collection], generation: Generation) -> QuerySet[Collection]:
    """Those of them that it was put into, by name."""
    return collections.filter(items__generation=generation).order_by("name", "id")


def counted(collections: QuerySet[Collection]) -> QuerySet[Collection]:
    """Each with its `item_count`, whether it `is_shared`, and `first_id`, its cover where none was chosen."""
    of_this = CollectionItem.objects.filter(collection=OuterRef("pk"), generation__hidden_at=None)
    pictured = of_this.filter(generation__state=State.COMPLETED).order_by("position", "id")
    counts = of_this.order_by().values("collection").annotate(count=Count("pk")).values("count")
    links = ShareLink.objects.filter(collection=OuterRef("pk"), revoked_at=None, expires_at__gt=Now())
    return collections.annotate(
        item_count=Coalesce(Subquery(counts), 0),
        first_id=Subquery(pictured.values("generation_id")[:1]),
        is_shared=Exists(links),
    )


def shelves(collections: Iterable[Collection]) -> list[Shelf]:
    """The collections of counted(), with their covers."""
    listed = list(collections)
    wanted = {id for each in listed for id in (each.cover_id, _first(each)) if id}
    covers = Generation.objects.filter(id__in=wanted, hidden_at=None).prefetch_related(ASSETS)
    cards = {generation.id: Card(generation) for generation in covers}
    return [
        Shelf(
            collection=each,
            cover=cards.get(each.cover_id) or cards.get(_first(each)),  # type: ignore[arg-type]
            count=None if each.is_smart else each.item_count,  # type: ignore[attr-defined]
        )
        for each in listed
    ]


def _first(collection: Collection) -> UUID | None:
    first: UUID | None = collection.first_id  # type: ignore[attr-defined]
    return first


def _found(collection: Collection, after: str, limit: int, *, is_public: bool) -> Page:
    offset = int(after) if after.isascii() and after.isdigit() and len(after) < 6 else 0
    results = smart.found(collection, offset=min(offset, MOST), limit=limit, is_public=is_public)
    has_more = results.has_more and offset + limit < MOST
    generations = [each.generation for each in results.found]
    return Page(generations=generations, next=str(offset + limit) if has_more else "", says=results.says)


def _place(after: str) -> tuple[int, int] | None:
    """The position and the id of the last item of the page before."""
    position, _dot, id = after.partition(".")
    digits = position.removeprefix("-")
    if all(each.isascii() and each.isdigit() and len(each) <= 18 for each in (digits, id)):
        return int(position), int(id)
    return None
