from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from accounts import questions, sessions
from accounts.access import TeamHttpRequest
from accounts.actors import actor_of
from accounts.sessions import OpenSession
from accounts.views.account import own_page
from project.confirming import ask, is_confirmed
from project.http import post_to


@require_safe
@own_page
def listing(request: TeamHttpRequest) -> HttpResponse:
    listed = _listed(request)
    context = {
        "sessions": listed,
        "endings": [(each.id, questions.of_ending(each)) for each in listed if not each.is_current],
        "ending_others": questions.of_ending_others(),
    }
    return render(request, "accounts/sessions.html", context)


@post_to("accounts:sessions")
@login_required
def end(request: TeamHttpRequest, session_id: int) -> HttpResponse:
    if not is_confirmed(request):
        return ask(request, questions.of_ending(_found(request, session_id)), cancel=reverse("accounts:sessions"))
    if not sessions.end(request.user, session_id, by=actor_of(request)):
        raise Http404
    messages.success(request, _("The session was ended."))
    return redirect("accounts:sessions")


@post_to("accounts:sessions")
@login_required
def end_others(request: TeamHttpRequest) -> HttpResponse:
    if not is_confirmed(request):
        return ask(request, questions.of_ending_others(), cancel=reverse("accounts:sessions"))
    ended = sessions.end_others(request.user, current=request.session.session_key, by=actor_of(request))
    told = ngettext("%(count)s session was ended.", "%(count)s sessions were ended.", ended) % {"count": ended}
    messages.success(request, told if ended else _("You are signed in nowhere else."))
    return redirect("accounts:sessions")


def _listed(request: TeamHttpRequest) -> list[OpenSession]:
    return sessions.open_sessions(request.user, current=request.session.session_key)


def _found(request: TeamHttpRequest, session_id: int) -> OpenSession:
    found = next((each for each in _listed(request) if each.id == session_id), None)
    if found is None:
        raise Http404
    return found
