"""What a collection shows: by hand what was put into it, a smart one what it finds, a page at a time."""

from dataclasses import dataclass

from django.db.models import prefetch_related_objects

from generations.cards import ASSETS
from generations.models import Collection, Generation, State

from . import smart
from .items import MAX_ITEMS, shown
from .smart import Whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """`next` is what the next page is asked with, "" after the last.

    Of a smart one `notice` is what its search has to tell, and `cut` that there is more to find than it takes.
    """

    generations: list[Generation]
    next: str
    notice: str = ""
    cut: str = ""


def page(collection: Collection, *, after: str, limit: int, is_public: bool = False) -> Page:
    """Generations with their assets, in its order; for the public what is completed alone.

    `after` is the `next` of the page before; anything else begins at the beginning.
    """
    if collection.is_smart:
        return _found(collection, after, limit, is_public=is_public)
    items = shown(collection).select_related("generation")
    if is_public:
        items = items.filter(generation__state=State.COMPLETED)
    if place := _place(after):
        items = items.after(*place)
    rows = list(items[: limit + 1])
    last = rows[limit - 1] if len(rows) > limit else None
    generations = [row.generation for row in rows[:limit]]
    prefetch_related_objects(generations, ASSETS)
    return Page(generations=generations, next=f"{last.position}.{last.pk}" if last else "")


def page_with(collection: Collection, place: int, *, limit: int) -> str:
    """The `after` of the page that shows the item of this place, where all pages are full; "" of the first."""
    last = (place - 1) // limit * limit - 1
    before = shown(collection)[last : last + 1].first() if last >= 0 else None
    return f"{before.position}.{before.pk}" if before else ""


def whole(collection: Collection) -> Whole:
    """Everything in it, in its order."""
    if collection.is_smart:
        return smart.whole(collection)
    return Whole(ids=list(shown(collection).values_list("generation_id", flat=True)), notice="")


def count(collection: Collection) -> int | None:
    return None if collection.is_smart else shown(collection).count()


def _found(collection: Collection, after: str, limit: int, *, is_public: bool) -> Page:
    offset = int(after) // limit * limit if after.isascii() and after.isdigit() and len(after) < 6 else 0
    offset = min(offset, MAX_ITEMS // limit * limit)
    part = (smart.part_for_public if is_public else smart.part)(collection, offset=offset, limit=limit)
    has_more = part.has_more and offset + limit < MAX_ITEMS
    return Page(
        generations=part.generations,
        next=str(offset + limit) if has_more else "",
        notice=part.notice,
        cut=smart.cut_words(collection) if part.is_cut else "",
    )


def _place(after: str) -> tuple[int, int] | None:
    """The position and the id of the last item of the page before."""
    position, _dot, id = after.partition(".")
    digits = position.removeprefix("-")
    if all(each.isascii() and each.isdigit() and len(each) <= 18 for each in (digits, id)):
        return int(position), int(id)
    return None
