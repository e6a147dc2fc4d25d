"""What the frame around every page shows."""

from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts import invitations
from accounts.access import current_membership, memberships
from accounts.mailbox import is_open_to
from accounts.mfa import lacks_two_factor
from accounts.models import Membership
from accounts.roles import MAY


def shell(request: HttpRequest) -> dict[str, Any]:
    """memberships, membership, team, role, may and balance of the signed-in user, read when a template names them.

    `may` has the actions that the role allows, by their names in lower case; `disabled_endpoints` is how many of the
    team's webhook endpoints are disabled.

    The others than memberships are empty for someone in no team, and while the team waits for their second factor. What
    team_required() has read is used again; anywhere else it is one query, and none for the signed-out.
    """
    context = {"signup_is_open": settings.SIGNUP == "open", "mail_is_kept": is_open_to(request)}
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return context
    membership = getattr(request, "membership", None) or SimpleLazyObject(partial(_entered, request))
    return context | {
        "memberships": SimpleLazyObject(partial(memberships, request)),
        "membership": membership,
        "role": SimpleLazyObject(lambda: membership.role if membership else None),
        "team": SimpleLazyObject(lambda: membership.team if membership else None),
        "may": SimpleLazyObject(lambda: _allowed(membership.role) if membership else {}),
        "disabled_endpoints": SimpleLazyObject(lambda: membership.disabled_endpoints if membership else 0),
        "balance": SimpleLazyObject(lambda: membership.team.balance if membership else None),
    }


def _allowed(role: str) -> dict[str, bool]:
    return {action.name.lower(): True for action in MAY.get(role, ())}


def _entered(request: HttpRequest) -> Membership | None:
    """None too for someone who was invited and has yet to join: looking for their team would make them one."""
    if invitations.remembered(request):
        return None
    if not memberships(request):
        return None  # to look at a page makes nobody a team
    membership = current_membership(request)
    return None if lacks_two_factor(membership) else membership
