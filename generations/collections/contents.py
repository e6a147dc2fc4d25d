"""What a collection shows: by hand what was put into it, a smart one what it finds, a page at a time."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery, prefetch_related_objects
from django.db.models.functions import Coalesce

from generations.cards import ASSETS, Card
from generations.models import Collection, CollectionItem, Generation, State

from . import open_links, smart
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


def page_with(collection: Collection, place: int, *, limit: int) -> str:
    """The `after` of the page that shows the item of this place, where all pages are full; "" of the first."""
    last = (place - 1) // limit * limit - 1
    before = shown(collection).order_by("position", "id")[last : last + 1].first() if last >= 0 else None
    return f"{before.position}.{before.pk}" if before else ""


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
    """Each with its `item_count`, whether it `is_shared`, and `first_id`, its cover where none was chosen.

    `has_cover` says whether what was chosen is still in it.
    """
    of_this = CollectionItem.objects.filter(collection=OuterRef("pk"), generation__hidden_at=None)
    pictured = of_this.filter(generation__state=State.COMPLETED).order_by("position", "id")
    counts = of_this.order_by().values("collection").annotate(count=Count("pk")).values("count")
    return with_shared(collections).annotate(
        item_count=Coalesce(Subquery(counts), 0),
        first_id=Subquery(pictured.values("generation_id")[:1]),
        has_cover=Q(search__isnull=False) | Exists(of_this.filter(generation=OuterRef("cover"))),
    )


def with_shared(collections: QuerySet[Collection]) -> QuerySet[Collection]:
    """Each with whether it `is_shared`: whether a link opens it."""
    return collections.annotate(is_shared=Exists(open_links.opening().filter(collection=OuterRef("pk"))))


def shelves(collections: Iterable[Collection]) -> list[Shelf]:
    """The collections of counted(), with their covers."""
    listed = list(collections)
    wanted = {id for each in listed if (id := _cover(each))}
    covers = Generation.objects.filter(id__in=wanted, hidden_at=None).prefetch_related(ASSETS)
    cards = {generation.id: Card(generation) for generation in covers}
    return [
        Shelf(
            collection=each,
            cover=cards.get(_cover(each)),  # type: ignore[arg-type]
            count=None if each.is_smart else each.item_count,  # type: ignore[attr-defined]
        )
        for each in listed
    ]


def _cover(collection: Collection) -> UUID | None:
    first: UUID | None = collection.first_id  # type: ignore[attr-defined]
    return collection.cover_id if collection.cover_id and collection.has_cover else first  # type: ignore[attr-defined]


def _found(collection: Collection, after: str, limit: int, *, is_public: bool) -> Page:
    offset = int(after) // limit * limit if after.isascii() and after.isdigit() and len(after) < 6 else 0
    offset = min(offset, MOST // limit * limit)
    says = ""
    if is_public:
        generations, has_more = smart.found_by_public(collection, offset=offset, limit=limit)
    else:
        results = smart.found(collection, offset=offset, limit=limit)
        generations, has_more = [each.generation for each in results.found], results.has_more
        says = results.says
    has_more = has_more and offset + limit < MOST
    return Page(generations=generations, next=str(offset + limit) if has_more else "", says=says)


def _place(after: str) -> tuple[int, int] | None:
    """The position and the id of the last item of the page before."""
    position, _dot, id = after.partition(".")
    digits = position.removeprefix("-")
    if all(each.isascii() and each.isdigit() and len(each) <= 18 for each in (digits, id)):
        return int(position), int(id)
    return None
