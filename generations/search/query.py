"""What somebody looks for among their team's generations, and what is found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from generations import tags
from generations.cards import SHOWS
from generations.models import Collection, Generation
from generations.models.generations import GenerationQuerySet

from . import rankings
from .fusing import Fused, Reason, Way, fuse

Along = Sequence["str | Prefetch[Any]"]

MOST = 240
MAX_CHARACTERS = 200


class BadSearch(ValueError):
    """A text that can't be looked for; `message` says why to whoever typed it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


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
    """`reasons` say why it is there; none where nothing but filters was asked."""

    generation: Generation
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """One page. `total` is of all pages, at most MOST, and `by` how many of them each way of searching found.

    They are of a ranked search alone. `says` is what whoever asked should know about how it was found.
    """

    found: list[Found]
    has_more: bool
    says: str = ""
    total: int = 0
    by: Mapping[Way, int] = field(default_factory=dict)
    is_by_meaning: bool = False


def find(
    search: Search,
    *,
    team_id: UUID,
    user_id: UUID | None,
    offset: int,
    limit: int,
    within: GenerationQuerySet | None = None,
    along: Along = (),
    with_private: bool = True,
) -> Results:
    """A page of what fits: ranked, the best 240 of it, else newest first. Another team's are never there.

    `user_id` is whose are "mine", and whose private collections are theirs to name; None for a program. Without
    `with_private` their private ones are not there, for what others see too. `within` narrows further; `along` is what
    to fetch along with each.
    """
    generations = among(search, team_id=team_id, user_id=user_id, with_private=with_private)
    if within is not None:
        generations = generations.filter(id__in=within.order_by().values("id"))
    if not search.is_ranked:
        rows = list(generations.newest_first().prefetch_related(*along)[offset : offset + limit + 1])
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
    return Results(
        found=_with_rows(fused[offset : offset + limit], generations, along),
        has_more=len(fused) > offset + limit,
        says=brought.says,
        total=len(fused),
        by=_counted(fused),
        is_by_meaning=brought.is_by_meaning,
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
    collection = rankings.collections_of(team_id, user_id).filter(id=collection_id).first()
    if collection is None:
        return generations.none()
    if not collection.is_smart:
        return generations.filter(collection_items__collection=collection)
    kept = {name: value for name, value in (collection.search or {}).items() if name != "collection"}
    search, maker_id = Search.from_query(kept), collection.created_by_id
    if not search.is_ranked:
        within = among(search, team_id=team_id, user_id=maker_id)
        return generations.filter(id__in=within.values("id"))
    is_private = collection.visibility == Collection.Visibility.PRIVATE
    found = find(search, team_id=team_id, user_id=maker_id, offset=0, limit=MOST, with_private=is_private).found
    return generations.filter(id__in=[each.generation.id for each in found])


def _with_rows(fused: Sequence[Fused], generations: GenerationQuerySet, along: Along) -> list[Found]:
    """Whatever was hidden meanwhile is left out."""
    rows = generations.prefetch_related(*along).in_bulk([each.generation_id for each in fused])
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
        raise BadSearch(_("Search for at most 200 characters."))
    if "\0" in value or any("\ud800" <= each <= "\udfff" for each in value):
        raise BadSearch(_("There is a character in this that is no text. Type it anew."))
    return value


def _id(given: Mapping[str, Any], name: str) -> UUID | None:
    try:
        return UUID(_text(given, name))
    except ValueError:
        return None
