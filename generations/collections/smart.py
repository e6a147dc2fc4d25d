"""Smart collections: a saved search, which finds what fits it whenever somebody looks.

It finds what its maker would: their own clips where it says "mine", and what was made since.
"""

from collections.abc import Mapping
from uuid import UUID

from django.utils.translation import gettext as _

from generations.cards import ASSETS, SHOWS
from generations.models import Collection, Generation, State
from generations.search.query import Results, Search, find

from .items import MOST

ROUND = 100


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


def found(collection: Collection, *, offset: int, limit: int, is_public: bool = False) -> Results:
    """What it finds at the moment with its assets, the best or the newest first; for the public what is completed."""
    return find(
        Search.from_query(collection.search or {}),
        team_id=collection.team_id,
        user_id=collection.created_by_id,
        offset=offset,
        limit=limit,
        within=Generation.objects.filter(state=State.COMPLETED) if is_public else None,
        along=(ASSETS,),
    )


def all_ids(collection: Collection) -> list[UUID]:
    """Of everything that it finds, MOST at most, each once."""
    seen: dict[UUID, None] = {}
    for offset in range(0, MOST, ROUND):
        results = found(collection, offset=offset, limit=ROUND)
        seen |= dict.fromkeys(each.generation.id for each in results.found)
        if not results.has_more:
            break
    return list(seen)
