"""Smart collections: a saved search, which finds what fits it whenever somebody looks.

It finds what its maker would: their own clips where it says "mine", and what was made since; also when they have left,
as what they made stays the team's. Their private collections count for one that is private itself: in one of the team's
they would show others what is in them.
"""

from collections.abc import Mapping
from uuid import UUID

from django.core.cache import caches
from django.utils.translation import gettext as _

from generations.cards import ASSETS, SHOWS
from generations.models import Collection, Generation, State
from generations.models.generations import GenerationQuerySet
from generations.search.query import Results, Search, find

from .items import MOST

ROUND = 100
PUBLIC_SECONDS = 60
CACHE = "vectors"  # of this process alone, where nothing pushes out the counters of rate limits


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
    return find(
        Search.from_query(collection.search or {}),
        team_id=collection.team_id,
        user_id=collection.created_by_id,
        offset=offset,
        limit=limit,
        within=within,
        along=(ASSETS,),
        with_private=collection.visibility == Collection.Visibility.PRIVATE,
    )


def found_by_public(collection: Collection, *, offset: int, limit: int) -> tuple[list[Generation], bool]:
    """What of it is completed, with its assets, and whether there is more.

    Anybody who has a link asks as often as they like: each page is searched for once in PUBLIC_SECONDS.
    """
    key = f"public:{collection.pk}:{collection.visibility}:{offset}:{limit}"
    completed = Generation.objects.for_team(collection.team_id).filter(state=State.COMPLETED)
    kept: tuple[list[UUID], bool] | None = caches[CACHE].get(key)
    if kept is None:
        results = found(collection, offset=offset, limit=limit, within=completed)
        kept = [each.generation.id for each in results.found], results.has_more
        caches[CACHE].set(key, kept, PUBLIC_SECONDS)
    ids, has_more = kept
    rows = completed.prefetch_related(ASSETS).in_bulk(ids)
    return [rows[id] for id in ids if id in rows], has_more


def all_ids(collection: Collection) -> list[UUID]:
    """Of everything that it finds, MOST at most, each once."""
    seen: dict[UUID, None] = {}
    for offset in range(0, MOST, ROUND):
        results = found(collection, offset=offset, limit=ROUND)
        seen |= dict.fromkeys(each.generation.id for each in results.found)
        if not results.has_more:
            break
    return list(seen)
