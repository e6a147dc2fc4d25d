"""Who may do what, decided here and nowhere else.

A view says what it does: @team_required(Action.CREATE). It then has request.team and request.membership, and looks
everything up through the team, so that what belongs to another team is not found.
"""

from collections.abc import Callable
from enum import Enum, auto
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from accounts.models import Membership, Role, Team, User
from accounts.teams import ensure_team

TEAM_SESSION_KEY = "team_id"


class Action(Enum):
    VIEW = auto()
    SEE_CREDITS = auto()
    CREATE = auto()  # and retry, cancel, delete
    SEE_KEYS = auto()
    MANAGE_KEYS = auto()


_VIEWER = frozenset({Action.VIEW, Action.SEE_CREDITS})
_MEMBER = _VIEWER | {Action.CREATE, Action.SEE_KEYS}
_ADMIN = _MEMBER | {Action.MANAGE_KEYS}
MAY: dict[str, frozenset[Action]] = {
    Role.VIEWER: _VIEWER,
    Role.MEMBER: _MEMBER,
    Role.ADMIN: _ADMIN,
    Role.OWNER: _ADMIN,
}


class HtmxHttpRequest(HttpRequest):
    htmx: HtmxDetails


class TeamHttpRequest(HtmxHttpRequest):
    user: User
    team: Team
    membership: Membership


def can(role: str, action: Action) -> bool:
    return action in MAY.get(role, frozenset())


def current_membership(request: HttpRequest) -> Membership:
    """The user's membership in the team that their session names, or else in their first, with the team's balance.

    Someone without a team gets one of their own. Raises PermissionDenied when nobody is signed in.
    """
    user = request.user
    if not isinstance(user, User):
        raise PermissionDenied
    memberships = Membership.objects.filter(user=user, team__closed_at=None).select_related("team__balance")
    rows = list(memberships.order_by("created_at", "pk"))
    if not rows:
        ensure_team(user)
        rows = list(memberships)
    chosen = request.session.get(TEAM_SESSION_KEY)
    return next((row for row in rows if str(row.team_id) == chosen), rows[0])


def team_required(action: Action) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Let the view be called only by someone whose role in the current team allows the action.

    Signed out, the answer leads to the sign-in page; a role that may not gets 403.
    """

    def decorator(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: TeamHttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return to_sign_in(request)
            request.membership = current_membership(request)
            request.team = request.membership.team
            if not can(request.membership.role, action):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return decorator


def to_sign_in(request: HtmxHttpRequest) -> HttpResponse:
    """To the sign-in page and back. A 302 to htmx would put that page into the middle of this one."""
    if not request.htmx:
        return redirect_to_login(request.get_full_path())
    page = request.htmx.current_url_abs_path or settings.LOGIN_REDIRECT_URL
    return HttpResponseClientRedirect(redirect_to_login(page).url)
