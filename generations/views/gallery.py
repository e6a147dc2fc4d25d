"""The wall of cards."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import Action, TeamHttpRequest, team_required
from generations.cards import ASSETS, SHOWS, Show, cards_of
from generations.context import live_url
from generations.models import Generation
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
    """A page of cards, newest first, older than `before`; to htmx the cards alone."""
    show = SHOWS.get(request.GET.get("show", ""), SHOWS["all"])
    generations, has_more = _page(request, show)
    context = {
        "show": show,
        "shows": SHOWS.values(),
        "cards": cards_of(generations),
        "more_url": _more_url(show, generations[-1].id) if has_more else "",
        "live_url": live_url(request.team.id, show=show.slug),
        "live_swaps": "rail,card,gone",
    }
    return render_fragment(request, "generations/gallery.html", context, fragment="cards")


def _page(request: TeamHttpRequest, show: Show) -> tuple[list[Generation], bool]:
    generations = show.among(Generation.objects.for_team(request.team.id), request.user.id).newest_first()
    if before := uuid_or_none(request.GET.get("before", "")):
        generations = generations.filter(id__lt=before)
    found = list(generations.prefetch_related(ASSETS)[: PAGE_SIZE + 1])
    return found[:PAGE_SIZE], len(found) > PAGE_SIZE


def _more_url(show: Show, last_id: UUID) -> str:
    return f"{reverse('generations:gallery')}?{urlencode({'show': show.slug, 'before': str(last_id)})}"
