"""The wall of cards: everything, or what is looked for."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import Action, TeamHttpRequest, team_required
from generations.cards import ASSETS, SHOWS, Card
from generations.context import live_url
from generations.models import Batch, Collection, Generation
from generations.search import query
from generations.search.query import BadSearch, Found, Results, Search
from project.http import render_fragment

from . import finding
from .asked import uuid_or_none

PAGE = "generations/gallery.html"
PAGE_SIZE = 24


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return redirect("generations:gallery")


@never_cache
@require_safe
@team_required(Action.VIEW)
def gallery(request: TeamHttpRequest) -> HttpResponse:
    """A page of cards: the best first where something is looked for, else newest first, older than `before`.

    To htmx what was found, or the cards of a further page alone.
    """
    try:
        search, refused = Search.from_query(request.GET.dict()), ""
    except BadSearch as error:
        search, refused = Search(), error.message
    results, more = (Results(found=[], has_more=False), {}) if refused else _page(request, search)
    context = {
        **_asked_for(request, search),
        **_found(search, results, refused),
        "more_url": _url(search, **more) if results.has_more else "",
    }
    is_first = refused or not ("offset" in request.GET or "before" in request.GET)
    fragment = "results" if is_first else "cards"
    return render_fragment(request, PAGE, context, fragment=fragment, status=422 if refused else 200)


def _asked_for(request: TeamHttpRequest, search: Search) -> dict[str, Any]:
    """What the page says of the search itself; a likeness or a collection that is not to be seen is not found."""
    like = _like(request, search.like)
    collection = _collection(request, search.collection)
    of_batch = {"batch": str(search.batch)} if search.batch else {}
    return {
        "search": search,
        "typed": request.GET.get("q", ""),
        "show": SHOWS[search.show],
        "chips": [(show, _url(search, show=show.slug)) for show in SHOWS.values()],
        "kept": [(name, value) for name, value in search.as_query().items() if name not in ("q", "like")],
        "live_url": live_url(request.team.id, show=search.show, **of_batch),
        "live_swaps": "rail,card,gone",
        "here_url": _url(search),
        "all_url": _url(Search(show=search.show)),
        "filters": _filters(request, search, collection),
        "like": Card(like) if like else None,
        "takes_new": _takes_new(search),
    }


def _found(search: Search, results: Results, refused: str) -> dict[str, Any]:
    """`announced` is for those who do not see what changed: the warning too, and that a search is over."""
    counted = finding.counted(results) if search.is_ranked and not refused else ""
    is_over = not search.is_ranked and not refused
    announced = _("Nothing is searched for any more: the newest come first.") if is_over else counted
    return {
        "refused": refused,
        "found": finding.shown(results),
        "counted": counted,
        "notice": results.notice,
        "announced": " ".join(filter(None, [announced, results.notice])),
    }


def _page(request: TeamHttpRequest, search: Search) -> tuple[Results, dict[str, str]]:
    """And what the address of the next page has more than this one's."""
    if search.is_ranked:
        offset = _offset(request.GET.get("offset", ""))
        results = query.find(
            search,
            team_id=request.team.id,
            user_id=request.user.id,
            offset=offset,
            limit=PAGE_SIZE,
            prefetch=[ASSETS],
            with_further=True,
        )
        return results, {"offset": str(offset + PAGE_SIZE)}
    generations = query.among(search, team_id=request.team.id, user_id=request.user.id).newest_first()
    if before := uuid_or_none(request.GET.get("before", "")):
        generations = generations.filter(id__lt=before)
    rows = list(generations.prefetch_related(ASSETS)[: PAGE_SIZE + 1])
    found = [Found(row) for row in rows[:PAGE_SIZE]]
    has_more = len(rows) > PAGE_SIZE
    return Results(found=found, has_more=has_more), {"before": str(found[-1].generation.id) if found else ""}


def _offset(text: str) -> int:
    return min(int(text), query.MOST) if text.isascii() and text.isdigit() and len(text) < 5 else 0


def _url(search: Search, **more: str) -> str:
    """The address of the search, its show always named, so that it can be left."""
    return f"{reverse('generations:gallery')}?{urlencode({**search.as_query(), 'show': search.show, **more})}"


def _like(request: TeamHttpRequest, generation_id: UUID | None) -> Generation | None:
    if generation_id is None:
        return None
    generations = Generation.objects.for_team(request.team.id).prefetch_related(ASSETS)
    return get_object_or_404(generations, id=generation_id)


def _collection(request: TeamHttpRequest, collection_id: UUID | None) -> Collection | None:
    if collection_id is None:
        return None
    visible = Collection.objects.visible_to(request.user.id, team_id=request.team.id)
    return get_object_or_404(visible, id=collection_id)


def _filters(request: TeamHttpRequest, search: Search, collection: Collection | None) -> list[dict[str, Any]]:
    """Those that a chip takes away again: which it is, its name, what that says, and the address without it."""
    found = []
    if search.batch:
        named = Batch.objects.filter(team=request.team, id=search.batch).values_list("name", flat=True).first()
        # Variations of one form are made together too, and have no name.
        says = _("Show all batches and everything else")
        found.append(("batch", named or _("Made together"), says))
    if search.tag:
        found.append(("tag", finding.tag_label(request.team.id, search.tag), _("Show all tags and what has none")))
    if collection:
        found.append(("collection", collection.name, _("Show what is in no collection too")))
    return [
        {"by": by, "name": name, "says": says, "url": _url(finding.without(search, by))} for by, name, says in found
    ]


def _takes_new(search: Search) -> str:
    """What becomes of a new card: put in its place, counted, or left where it is."""
    if search.is_ranked or search.tag or search.collection:
        return "no"
    return "yes" if search.show == "all" else "counted"
