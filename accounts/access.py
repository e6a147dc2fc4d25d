"""Who is let into a view; what each role may do is in accounts.roles.

A view says what it does: @team_required(Action.CREATE). It then has request.team and request.membership, and looks
everything up through the team, so that what belongs to another team is not found.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, Q
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from accounts.members import who_may
from accounts.mfa import lacks_two_factor
from accounts.models import Membership, Role, Team, User
from accounts.roles import Action, can
from accounts.teams import ensure_team
from accounts.webhooks.health import number_of_disabled
from project.http import Refused

TEAM_SESSION_KEY = "team_id"
# Which team a page was rendered for: htmx sends the header along, a plain form its hidden field.
TEAM_HEADER = "X-Team"
TEAM_FIELD = "page_team"
ACTIVE_EVERY = timedelta(minutes=5)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class HtmxHttpRequest(HttpRequest):
    htmx: HtmxDetails


class TeamHttpRequest(HtmxHttpRequest):
    user: User
    team: Team
    membership: Membership


def memberships(request: HttpRequest) -> list[Membership]:
    """The user's memberships in open teams, the oldest first, with their teams and balances; read once a request.

    Each has `disabled_endpoints` too, how many of its team's webhook endpoints are disabled: every page tells.

    Raises PermissionDenied when nobody is signed in.
    """
    user = request.user
    if not isinstance(user, User):
        raise PermissionDenied
    read: list[Membership] | None = getattr(request, "_memberships", None)
    if not read:
        rows = Membership.objects.filter(user=user, team__closing_at=None).select_related("team__balance")
        rows = rows.annotate(disabled_endpoints=number_of_disabled(OuterRef("team")))
        read = list(rows.order_by("created_at", "pk"))
        for row in read:
            row.user = user
        request._memberships = read  # type: ignore[attr-defined]
    return read


def current_membership(request: HttpRequest) -> Membership:
    """The one of memberships() in the team that the session names, or else the first that the user can enter.

    Someone in no open team gets one of their own.
    """
    rows = memberships(request)
    if not rows:
        ensure_team(request.user)  # type: ignore[arg-type]
        rows = memberships(request)
    chosen = request.session.get(TEAM_SESSION_KEY)
    named = next((row for row in rows if str(row.team_id) == chosen), None)
    if named or not lacks_two_factor(rows[0]):
        return named or rows[0]
    return next((row for row in rows if not row.team.requires_two_factor), rows[0])


def team_required(
    action: Action, *, even_without_two_factor: bool = False
) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Let the view be called only by someone whose role in the current team allows the action.

    Signed out, the answer leads to the sign-in page; without the second factor that the team asks for, to where it is
    set up, unless the view is for those as well: then it has request.team alone, and its frame shows no team. A page
    that would change something after the team was switched elsewhere is told so (409), and loaded anew by htmx. A role
    that may not gets 403.
    """

    def decorator(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(request: TeamHttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return to_sign_in(request)
            membership = current_membership(request)
            if _is_of_another_team(request, membership):
                return _to_a_new_page(request)
            is_waiting = lacks_two_factor(membership)
            if is_waiting and not even_without_two_factor:
                return _to_two_factor(request, membership.team)
            if not can(membership.role, action):
                raise Refused(_refusal(membership, action))
            if not is_waiting:
                _note_active(membership)
                request.membership = membership
            request.team = membership.team
            return view(request, *args, **kwargs)

        return guarded

    return decorator


def to_sign_in(request: HtmxHttpRequest) -> HttpResponse:
    """To the sign-in page and back. A 302 to htmx would put that page into the middle of this one."""
    if not request.htmx:
        return redirect_to_login(request.get_full_path())
    page = request.htmx.current_url_abs_path or settings.LOGIN_REDIRECT_URL
    return HttpResponseClientRedirect(redirect_to_login(page).url)


def _is_of_another_team(request: TeamHttpRequest, membership: Membership) -> bool:
    """Whether a change is sent from a page of another team: it would be made in the wrong one."""
    if request.method in SAFE_METHODS:
        return False
    page_team = request.headers.get(TEAM_HEADER, "") if request.htmx else request.POST.get(TEAM_FIELD, "")
    return page_team not in ("", str(membership.team_id))


def _to_a_new_page(request: TeamHttpRequest) -> HttpResponse:
    if request.htmx:
        messages.warning(
            request,
            _(
                "Since this page was opened you have switched to another team, perhaps in another tab. "
                "Nothing was done. Switch back, open the page again and repeat it there."
            ),
        )
        return HttpResponse(status=409, headers={"HX-Refresh": "true"})
    return render(request, "409.html", status=409)


def _to_two_factor(request: TeamHttpRequest, team: Team) -> HttpResponse:
    text = _("%(team)s asks its members for two-factor sign-in. Set it up here, and the team opens again.")
    messages.warning(request, text % {"team": team.name})
    return HttpResponseClientRedirect(reverse("mfa_index")) if request.htmx else redirect("mfa_index")


def _refusal(membership: Membership, action: Action) -> str:
    """Which role one has, which it takes, and who could help."""
    team = membership.team
    if can(Role.MEMBER, action):
        words = _("Your role in %(team)s is %(role)s. It takes a member; ask %(names)s.")
    elif can(Role.ADMIN, action):
        words = _("Your role in %(team)s is %(role)s. Admins and owners may do this: %(names)s.")
    else:
        words = _("Your role in %(team)s is %(role)s. Owners may do this: %(names)s.")
    names = ", ".join(user.display_name for user in who_may(team, action))
    return words % {"team": team.name, "role": membership.get_role_display(), "names": names}


def _note_active(membership: Membership) -> None:
    before = timezone.now() - ACTIVE_EVERY
    if membership.last_active_at is None or membership.last_active_at < before:
        stale = Q(last_active_at=None) | Q(last_active_at__lt=before)
        Membership.objects.filter(stale, pk=membership.pk).update(last_active_at=Now())
