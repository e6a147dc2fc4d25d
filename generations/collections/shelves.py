"""Collections in lists: how much is in each, its cover, whether a link opens it."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from generations.cards import ASSETS, Card
from generations.models import Collection, CollectionItem, Generation, State

from . import open_links, smart


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """A collection in a list of them: its cover, and how much is in it; of a smart one nobody has counted."""

    collection: Collection
    cover: Card | None
    count: int | None


def holding(collections: QuerySet[Collection], generation: Generation) -> QuerySet[Collection]:
    """Those of them that it was put into, by name."""
    return collections.filter(items__generation=generation).order_by("name", "id")


def with_shared(collections: QuerySet[Collection]) -> QuerySet[Collection]:
    """Each with whether it `is_shared`: whether a link opens it."""
    return collections.annotate(is_shared=Exists(open_links.opening().filter(collection=OuterRef("pk"))))


def counted(collections: QuerySet[Collection]) -> QuerySet[Collection]:
    """Each with its `item_count`, whether it `is_shared`, and `first_id`, its cover where none was chosen.

    `has_cover` says whether what was chosen is still in it; of a smart one, whether it is still there.
    """
    of_this = CollectionItem.objects.filter(collection=OuterRef("pk"), generation__hidden_at=None)
    pictured = of_this.filter(generation__state=State.COMPLETED)
    counts = of_this.order_by().values("collection").annotate(count=Count("pk")).values("count")
    in_it = Exists(of_this.filter(generation=OuterRef("cover")))
    return with_shared(collections).annotate(
        item_count=Coalesce(Subquery(counts), 0),
        first_id=Subquery(pictured.values("generation_id")[:1]),
        has_cover=Q(cover__isnull=False) & (Q(search__isnull=False, cover__hidden_at=None) | in_it),
    )


def shelves(collections: Iterable[Collection]) -> list[Shelf]:
    """The collections of counted(), with their covers."""
    listed = list(collections)
    covers = _covers(listed)
    generations = Generation.objects.filter(id__in=covers.values(), hidden_at=None).prefetch_related(ASSETS)
    cards = {generation.id: Card(generation) for generation in generations}
    return [
        Shelf(
            collection=each,
            cover=cards.get(covers[each.pk]) if each.pk in covers else None,
            count=None if each.is_smart else each.item_count,  # type: ignore[attr-defined]
        )
        for each in listed
    ]


def _covers(collections: list[Collection]) -> dict[UUID, UUID]:
    """By collection what was chosen, else the first of what is in it."""
    chosen = {each.pk: each.cover_id for each in collections if each.cover_id and each.has_cover}  # type: ignore[attr-defined]
    others = [each for each in collections if each.pk not in chosen]
    first = {each.pk: each.first_id for each in others if each.first_id}  # type: ignore[attr-defined]
    return {**first, **smart.covers(each for each in others if each.is_smart), **chosen}
