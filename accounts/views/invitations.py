"""Where the link of an invitation leads: to joining the team, or to why that is not possible."""

from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from accounts import invitations
from accounts.access import TEAM_SESSION_KEY, TeamHttpRequest
from accounts.actors import actor_of
from accounts.invitations import InvitationOver, WrongAddress
from accounts.models import Invitation, Membership

from .refused import answered

PAGE = "accounts/invitation.html"


@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(private=True, no_store=True)
@sensitive_variables("token")
def invitation(request: TeamHttpRequest, token: str) -> HttpResponse:
    """What is offered, to whoever has the link; posted, it is accepted by whoever is signed in with its address."""
    try:
        found = invitations.find(token)
    except InvitationOver as error:
        return _over(request, token, error)
    if request.method == "POST":
        return _join(request, token, found)
    if not request.user.is_authenticated:
        invitations.remember(request, token)
    return _page(request, found)


@sensitive_variables("token")
def _join(request: TeamHttpRequest, token: str, found: Invitation) -> HttpResponse:
    if not request.user.is_authenticated:
        invitations.remember(request, token)
        return redirect_to_login(request.path)
    try:
        with answered():
            membership = invitations.accept(token, by=actor_of(request))
    except WrongAddress:
        return _page(request, found, status=403)
    except InvitationOver as error:
        return _over(request, token, error)
    words = _("Welcome to %(team)s. Your role here: %(role)s.")
    messages.success(request, words % {"team": found.team.name, "role": membership.get_role_display()})
    return _enter(request, membership)


def _enter(request: TeamHttpRequest, membership: Membership) -> HttpResponse:
    request.session[TEAM_SESSION_KEY] = str(membership.team_id)
    request.session.pop(invitations.SESSION_KEY, None)
    return redirect(settings.LOGIN_REDIRECT_URL)


@sensitive_variables("token")
def _over(request: TeamHttpRequest, token: str, error: InvitationOver) -> HttpResponse:
    """Whoever joined by this link is let in by it again, as after a second click."""
    if request.user.is_authenticated and (joined := invitations.joined_with(token, request.user)):
        return _enter(request, joined)
    status = 404 if error.reason == "unknown" else 410
    return render(request, "accounts/invitation_over.html", {"reason": error.reason}, status=status)


def _page(request: TeamHttpRequest, found: Invitation, *, status: int = 200) -> HttpResponse:
    context: dict[str, Any] = {"invitation": found, "path": request.path}
    if request.user.is_authenticated:
        addresses = dict(EmailAddress.objects.filter(user=request.user).values_list("email", "verified"))
        context |= {
            "is_theirs": addresses.get(found.email, False),
            "is_unconfirmed": addresses.get(found.email) is False,
            "is_member": Membership.objects.filter(team=found.team, user=request.user).exists(),
        }
    return render(request, PAGE, context, status=status)
