"""A team's settings, its end, and a new one."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from accounts import budgets, member_rows, teams
from accounts.access import TEAM_SESSION_KEY, Action, TeamHttpRequest, team_required
from accounts.actors import actor_of
from accounts.forms.teams import CloseForm, NewTeamForm, TeamForm
from accounts.teams import TooManyTeams, TooManyTeamsToday

from .refused import answered


@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(private=True, no_store=True)
@team_required(Action.MANAGE_TEAM)
def team_settings(request: TeamHttpRequest) -> HttpResponse:
    form = TeamForm(request.POST if request.method == "POST" else None, team=request.team, by=request.user)
    if not form.is_valid():
        context = {
            "form": form,
            "budgets": budgets.of_team(request.team),
            "without_two_factor": member_rows.without_two_factor(request.team),
            "member_count": request.team.memberships.filter(user__is_active=True).count(),
        }
        return render(request, "accounts/team_settings.html", context, status=422 if form.is_bound else 200)
    with answered():
        teams.change(request.team, by=actor_of(request), **form.changes())
    messages.success(request, _("Saved."))
    return redirect("accounts:team_settings")


@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(private=True, no_store=True)
@team_required(Action.CLOSE_TEAM)
def close(request: TeamHttpRequest) -> HttpResponse:
    """What closing means, and the form that does it once the team's name is typed."""
    form = CloseForm(request.POST if request.method == "POST" else None, team=request.team)
    if not form.is_valid():
        return render(request, "accounts/team_close.html", {"form": form}, status=422 if form.is_bound else 200)
    with answered():
        teams.close(request.team, by=actor_of(request))
    request.session.pop(TEAM_SESSION_KEY, None)
    messages.success(request, _("%(team)s is being closed.") % {"team": request.team.name})
    return redirect(settings.LOGIN_REDIRECT_URL)


@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(private=True, no_store=True)
@login_required
def new(request: TeamHttpRequest) -> HttpResponse:
    """A team more, which becomes the current one. Sent twice, the same form makes one."""
    form = NewTeamForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return render(request, "accounts/team_new.html", {"form": form}, status=422 if form.is_bound else 200)
    if not form.claim():
        messages.warning(request, _("This form has made its team already."))
        return redirect("accounts:team")
    try:
        team = teams.create_own_team(name=form.cleaned_data["name"], by=actor_of(request))
    except TooManyTeams as error:
        form.give_back()
        form.add_error(None, _too_many(error.limit))
        return render(request, "accounts/team_new.html", {"form": form}, status=422)
    except TooManyTeamsToday as error:
        form.give_back()
        form.add_error(None, _too_many_today(error.limit))
        return render(request, "accounts/team_new.html", {"form": form}, status=422)
    request.session[TEAM_SESSION_KEY] = str(team.pk)
    messages.success(request, _("%(team)s is there. Invite the people you work with.") % {"team": team.name})
    return redirect("accounts:team")


def _too_many(limit: int) -> str:
    words = ngettext(
        "You own %(limit)s team already, as many as one may. Close or transfer one first.",
        "You own %(limit)s teams already, as many as one may. Close or transfer one first.",
        limit,
    )
    return words % {"limit": limit}


def _too_many_today(limit: int) -> str:
    words = ngettext(
        "You have made %(limit)s team within a day, as many as one may. Make the next one tomorrow.",
        "You have made %(limit)s teams within a day, as many as one may. Make the next one tomorrow.",
        limit,
    )
    return words % {"limit": limit}
