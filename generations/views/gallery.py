"""The wall of cards."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import Action, TeamHttpRequest, team_required
from generations.cards import ASSETS, SHOWS, Show, cards_of
from generations.context import live_url
from generations.models import Batch, Generation
from project.http import render_fragment

from .asked import uuid_or_none

PAGE_SIZE = 24


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return redirect("generations:gallery")


@never_cache
@require_safe
@team_required(Action.VIEW)
def gallery(request: TeamHttpRequest) -> HttpResponse:
    """A page of cards, newest first, older than `before`, of one batch where one is named; to htmx the cards alone."""
    show = SHOWS.get(request.GET.get("show", ""), SHOWS["all"])
    batch_id = uuid_or_none(request.GET.get("batch", ""))
    of_batch = {"batch": str(batch_id)} if batch_id else {}
    generations, has_more = _page(request, show, of_batch)
    context = {
        "show": show,
        "shows": SHOWS.values(),
        "cards": cards_of(generations),
        "more_url": _more_url(show, generations[-1].id, of_batch) if has_more else "",
        "live_url": live_url(request.team.id, show=show.slug, **of_batch),
        "live_swaps": "rail,card,gone",
        "batch_query": f"&{urlencode(of_batch)}" if of_batch else "",
        "batch_name": _name_of(request, batch_id) if batch_id else "",
    }
    return render_fragment(request, "generations/gallery.html", context, fragment="cards")


def _page(request: TeamHttpRequest, show: Show, of_batch: dict[str, Any]) -> tuple[list[Generation], bool]:
    generations = show.among(Generation.objects.for_team(request.team.id), request.user.id).newest_first()
    if of_batch:
        generations = generations.filter(batch_id=of_batch["batch"])
    if before := uuid_or_none(request.GET.get("before", "")):
        generations = generations.filter(id__lt=before)
    found = list(generations.prefetch_related(ASSETS)[: PAGE_SIZE + 1])
    return found[:PAGE_SIZE], len(found) > PAGE_SIZE


def _more_url(show: Show, last_id: UUID, of_batch: dict[str, Any]) -> str:
    query = {"show": show.slug, "before": str(last_id), **of_batch}
    return f"{reverse('generations:gallery')}?{urlencode(query)}"


def _name_of(request: TeamHttpRequest, batch_id: UUID) -> str:
    """Variations of one form are made together too, and have no name."""
    named = Batch.objects.filter(team=request.team, id=batch_id).values_list("name", flat=True).first()
    return named or _("Made together")
