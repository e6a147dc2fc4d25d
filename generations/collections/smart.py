"""Smart collections: a saved search, which finds what fits it whenever somebody looks.

It finds what its maker would: their own clips where it says "mine", and what was made since; also when they have left,
as what they made stays the team's. Their private collections count for one that is private itself: in one of the team's
they would show others what is in them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.core.cache import caches
from django.utils.translation import gettext as _

from generations.cards import ASSETS, SHOWS
from generations.models import Collection, Generation, State
from generations.models.generations import GenerationQuerySet
from generations.search import query
from generations.search.query import Results, Search
from project.caches import PROCESS

from .items import MAX_ITEMS

ROUND = 100
PUBLIC_SECONDS = 60
COVER_SECONDS = 3600
# A search may have to ask a provider for a vector first, so a list of collections waits for few.
MOST_COVERS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A stretch of what it finds. `notice` is what a search has to tell; `is_cut` says that there is more to find."""

    generations: list[Generation]
    has_more: bool
    notice: str = ""
    is_cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """The ids of everything that it finds, in its order; `notice` is what whoever has them should know."""

    ids: list[UUID]
    notice: str


def search_of(asked: Mapping[str, str]) -> dict[str, str]:
    """What of a gallery's address is a search, to be kept; empty where it asks for everything. Raises BadSearch."""
    return Search.from_query(asked).as_query()


def words(search: Mapping[str, str]) -> list[str]:
    """What it looks for, as people read it."""
    show = SHOWS.get(search.get("show", ""), SHOWS["all"])
    named = {
        "q": _("“%(words)s”"),
        "tag": _("tag “%(words)s”"),
        "batch": _("of one batch"),
        "collection": _("in one collection"),
        "like": _("like one clip"),
    }
    found = [text % {"words": search[name]} for name, text in named.items() if search.get(name)]
    return found if show.slug == "all" and found else [*found, str(show.label)]


def found(collection: Collection, *, offset: int, limit: int, within: GenerationQuerySet | None = None) -> Results:
    """What it finds at the moment with its assets, the best or the newest first."""
    search = Search.from_query(collection.search or {})
    return query.find_in(collection, search, offset=offset, limit=limit, within=within, prefetch=(ASSETS,))


def part(collection: Collection, *, offset: int, limit: int) -> Part:
    results = found(collection, offset=offset, limit=limit)
    generations = [each.generation for each in results.found]
    if offset == 0:
        _note_cover(collection, generations)
    is_cut = _is_cut(results, offset + limit)
    return Part(generations=generations, has_more=results.has_more, notice=results.notice, is_cut=is_cut)


def part_for_public(collection: Collection, *, offset: int, limit: int) -> Part:
    """What of it is completed. Of how it was found nothing is told.

    Anybody who has a link asks as often as they like: each page is searched for once in PUBLIC_SECONDS.
    """
    key = f"public:{_as_it_is(collection)}:{offset}:{limit}"
    completed = _completed(collection)
    kept: tuple[list[UUID], bool, bool] | None = caches[PROCESS].get(key)
    if kept is None:
        results = found(collection, offset=offset, limit=limit, within=completed)
        kept = [each.generation.id for each in results.found], results.has_more, _is_cut(results, offset + limit)
        caches[PROCESS].set(key, kept, PUBLIC_SECONDS)
    ids, has_more, is_cut = kept
    rows = completed.prefetch_related(ASSETS).in_bulk(ids)
    return Part(generations=[rows[id] for id in ids if id in rows], has_more=has_more, is_cut=is_cut)


def whole(collection: Collection) -> Whole:
    """Each once, MAX_ITEMS at most."""
    seen: dict[UUID, None] = {}
    notices: dict[str, None] = {}
    for offset in range(0, MAX_ITEMS, ROUND):
        results = found(collection, offset=offset, limit=ROUND)
        seen |= dict.fromkeys(each.generation.id for each in results.found)
        notices[results.notice] = None
        if _is_cut(results, offset + ROUND):
            notices[cut_words(collection)] = None
        if not results.has_more:
            break
    return Whole(ids=list(seen), notice=" ".join(filter(None, notices)))


def cut_words(collection: Collection) -> str:
    """Which of what there is to find are in it, where that is more than it takes."""
    if Search.from_query(collection.search or {}).is_ranked:
        return _("The best %(most)s of what its search finds.") % {"most": query.MOST}
    return _("The newest %(most)s of what its search finds.") % {"most": MAX_ITEMS}


def covers(collections: Iterable[Collection]) -> dict[UUID, UUID]:
    """By collection the first completed of what it finds, which is known for an hour after somebody has looked.

    Of those that are not known MOST_COVERS are searched for; the others have none until the next time.
    """
    keys = {f"cover:{_as_it_is(each)}": each for each in collections}
    known: dict[str, UUID | None] = caches[PROCESS].get_many(keys)
    for key in [key for key in keys if key not in known][:MOST_COVERS]:
        results = found(keys[key], offset=0, limit=1, within=_completed(keys[key]))
        known[key] = results.found[0].generation.id if results.found else None
        caches[PROCESS].set(key, known[key], COVER_SECONDS)
    return {keys[key].pk: id for key, id in known.items() if id}


def _note_cover(collection: Collection, generations: Iterable[Generation]) -> None:
    first = next((each.id for each in generations if each.state == State.COMPLETED), None)
    if first:
        caches[PROCESS].set(f"cover:{_as_it_is(collection)}", first, COVER_SECONDS)


def _is_cut(results: Results, end: int) -> bool:
    """A ranked search says how much it has found in all; of the newest it is known at the end of what is taken."""
    return results.total >= query.MOST or (results.has_more and end >= MAX_ITEMS)


def _completed(collection: Collection) -> GenerationQuerySet:
    return Generation.objects.for_team(collection.team_id).filter(state=State.COMPLETED)


def _as_it_is(collection: Collection) -> str:
    """Another text after each change of what it looks for, and of who sees it."""
    return f"{collection.pk}:{collection.updated_at.timestamp()}"
