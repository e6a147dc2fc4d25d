"""What somebody looks for among their team's generations, and what is found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from generations import tags
from generations.cards import SHOWS
from generations.models import Collection, Generation
from generations.models.generations import GenerationQuerySet

from . import meaning, rankings
from .fusion import Fused, Ranked, Reason, Way, fuse

Lookups = Sequence["str | Prefetch[Any]"]

MOST = 240
MAX_CHARACTERS = 200


class BadSearch(ValueError):
    """A text that can't be looked for: `field` is which, `message` says why to whoever typed it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field, self.message = field, message


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """The query of the gallery's address: words `q`, or a generation that others shall be `like`, among those that fit
    the filters. Of a text and a likeness the text counts.
    """

    q: str = ""
    show: str = "all"
    batch: UUID | None = None
    tag: str = ""
    collection: UUID | None = None
    like: UUID | None = None

    @classmethod
    def from_query(cls, given: Mapping[str, Any]) -> "Search":
        """What is not understood is as if it were not there; raises BadSearch for a text that can't be searched."""
        q = _text(given, "q").strip()
        show = str(given.get("show") or "")
        return cls(
            q=q,
            show=show if show in SHOWS else "all",
            batch=_id(given, "batch"),
            tag=_text(given, "tag").strip(),
            collection=_id(given, "collection"),
            like=None if q else _id(given, "like"),
        )

    def as_query(self) -> dict[str, str]:
        """What from_query() reads back, without what says nothing."""
        show = "" if self.show == "all" else self.show
        values = {"q": self.q, "show": show, "batch": self.batch, "tag": self.tag,
                  "collection": self.collection, "like": self.like}  # fmt: skip
        return {name: str(value) for name, value in values.items() if value}

    @property
    def is_ranked(self) -> bool:
        """Whether the best comes first, and not the newest."""
        return bool(self.q or self.like)

    @property
    def is_filtered(self) -> bool:
        return bool(self.show != "all" or self.batch or self.tag or self.collection)


@dataclass(frozen=True, slots=True)
class Found:
    """`reasons` say why it is there; none where nothing but filters was asked, or where it lies further away."""

    generation: Generation
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """One page. `total` is of all pages, at most MOST, and `by` how many of them each way of searching found.

    The last ones of all are `further`: by no way what was looked for, only the nearest to it in meaning. All these are
    of a ranked search alone. `notice` is what whoever asked should know about how it was found.
    """

    found: list[Found]
    has_more: bool
    notice: str = ""
    total: int = 0
    by: Mapping[Way, int] = field(default_factory=dict)
    further: Sequence[UUID] = ()
    is_by_meaning: bool = False


def find(
    search: Search,
    *,
    team_id: UUID,
    user_id: UUID | None,
    offset: int,
    limit: int,
    within: GenerationQuerySet | None = None,
    prefetch: Lookups = (),
    with_private: bool = True,
    with_further: bool = False,
) -> Results:
    """A page of what fits: ranked, the best 240 of it, else newest first. Another team's are never there.

    `user_id` is whose are "mine", and whose private collections are theirs to name; None for a program. Without
    `with_private` their private ones are not there, for what others see too. `within` narrows further; `prefetch` is
    what to fetch with each. `with_further` has the nearest in meaning follow where few are near enough to be found.
    """
    generations = among(search, team_id=team_id, user_id=user_id, with_private=with_private)
    if within is not None:
        generations = generations.filter(id__in=within.order_by().values("id"))
    if not search.is_ranked:
        rows = list(generations.newest_first().prefetch_related(*prefetch)[offset : offset + limit + 1])
        return Results(found=[Found(row) for row in rows[:limit]], has_more=len(rows) > limit)
    asked = rankings.Asked(
        generations=generations,
        is_filtered=search.is_filtered or within is not None,
        team_id=team_id,
        user_id=user_id if with_private else None,
        limit=MOST,
    )
    brought = rankings.like(search.like, asked) if search.like else rankings.of_text(search.q, asked)
    fused = fuse(brought.lists)[:MOST]
    further = _further(brought.further, fused) if with_further else []
    listed = [*fused, *further]
    return Results(
        found=_with_rows(listed[offset : offset + limit], generations, prefetch),
        has_more=len(listed) > offset + limit,
        notice=brought.notice,
        total=len(listed),
        by=_counted(fused),
        further=[each.generation_id for each in further],
        is_by_meaning=brought.is_by_meaning,
    )


def find_in(
    collection: Collection,
    search: Search,
    *,
    offset: int,
    limit: int,
    within: GenerationQuerySet | None = None,
    prefetch: Lookups = (),
) -> Results:
    """A page of what fits a smart collection's search, as its maker finds it, whoever looks.

    Their private collections count in one that is private itself: in one of the team's they would show others what is
    in them.
    """
    return find(
        search,
        team_id=collection.team_id,
        user_id=collection.created_by_id,
        offset=offset,
        limit=limit,
        within=within,
        prefetch=prefetch,
        with_private=collection.visibility == Collection.Visibility.PRIVATE,
    )


def among(search: Search, *, team_id: UUID, user_id: UUID | None, with_private: bool = True) -> GenerationQuerySet:
    """The team's generations that fit the filters, whatever the text."""
    generations = Generation.objects.for_team(team_id)
    show = SHOWS[search.show]
    if show.mine and user_id is None:
        return generations.none()
    generations = show.among(generations, user_id)
    if search.batch:
        generations = generations.filter(batch_id=search.batch)
    if search.tag:
        generations = tags.with_tag(generations, search.tag)
    if search.collection:
        generations = _in_collection(generations, search.collection, team_id, user_id if with_private else None)
    return generations


def _in_collection(
    generations: GenerationQuerySet, collection_id: UUID, team_id: UUID, user_id: UUID | None
) -> GenerationQuerySet:
    """Of a smart one what its maker would find, without looking into one more collection."""
    collection = Collection.objects.visible_to(user_id, team_id=team_id).filter(id=collection_id).first()
    if collection is None:
        return generations.none()
    if not collection.is_smart:
        return generations.filter(collection_items__collection=collection)
    search = replace(Search.from_query(collection.search or {}), collection=None)
    if not search.is_ranked:
        within = among(search, team_id=team_id, user_id=collection.created_by_id)
        return generations.filter(id__in=within.values("id"))
    found = find_in(collection, search, offset=0, limit=MOST).found
    return generations.filter(id__in=[each.generation.id for each in found])


def _further(lists: Sequence[Ranked], fused: Sequence[Fused]) -> list[Fused]:
    """What follows after all that was found, until there are as many as meaning brings at most."""
    found = {each.generation_id for each in fused}
    left = [each for each in fuse(lists) if each.generation_id not in found]
    return left[: max(0, meaning.MOST - len(fused))]


def _with_rows(fused: Sequence[Fused], generations: GenerationQuerySet, prefetch: Lookups) -> list[Found]:
    """Whatever was hidden meanwhile is left out."""
    rows = generations.prefetch_related(*prefetch).in_bulk([each.generation_id for each in fused])
    return [Found(rows[each.generation_id], each.reasons) for each in fused if each.generation_id in rows]


def _counted(fused: Sequence[Fused]) -> dict[Way, int]:
    counts: dict[Way, int] = {}
    for each in fused:
        for by in {reason.by for reason in each.reasons}:
            counts[by] = counts.get(by, 0) + 1
    return {by: counts[by] for by in rankings.WAYS if by in counts}


def _text(given: Mapping[str, Any], name: str) -> str:
    value = str(given.get(name) or "")
    if len(value) > MAX_CHARACTERS:
        raise BadSearch(name, _("Search for at most 200 characters."))
    if "\0" in value or any("\ud800" <= each <= "\udfff" for each in value):
        raise BadSearch(name, _("There is a character in this that is no text. Type it anew."))
    return value


def _id(given: Mapping[str, Any], name: str) -> UUID | None:
    try:
        return UUID(_text(given, name))
    except ValueError:
        return None
