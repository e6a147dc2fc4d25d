"""Going from one team to another."""

from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve, reverse

from accounts.access import TEAM_SESSION_KEY, Action, TeamHttpRequest, memberships
from accounts.models import Membership
from accounts.roles import can
from project.http import post_to

# The pages that every team has: whoever switches there stays there, if they may see it in the other team as well.
PLACES = {
    "accounts:team": Action.SEE_MEMBERS,
    "accounts:team_settings": Action.MANAGE_TEAM,
    "accounts:audit_log": Action.SEE_AUDIT_LOG,
    "accounts:credits": Action.SEE_CREDITS,
    "accounts:buy": Action.MANAGE_CREDITS,
    "accounts:keys": Action.MANAGE_KEYS,
    "generations:create": Action.CREATE,
}


@post_to("generations:gallery")
@login_required
def switch(request: TeamHttpRequest, team_id: UUID) -> HttpResponse:
    """Make another of one's teams the current one, in this browser. It may be one that asks for a second factor."""
    chosen = next((each for each in memberships(request) if each.team_id == team_id), None)
    if chosen is None:
        raise Http404
    request.session[TEAM_SESSION_KEY] = str(team_id)
    return redirect(_place(request.POST.get("next", ""), chosen))


def _place(path: str, chosen: Membership) -> str:
    """The page that was open, without its filters; the gallery where that page is about one object."""
    try:
        name = resolve(path).view_name
    except Resolver404:
        return settings.LOGIN_REDIRECT_URL
    stays = name in PLACES and can(chosen.role, PLACES[name])
    return reverse(name) if stays else settings.LOGIN_REDIRECT_URL
