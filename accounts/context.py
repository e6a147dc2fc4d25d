"""What the frame around every page shows."""

from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.access import current_membership
from accounts.mailbox import is_open_to


def shell(request: HttpRequest) -> dict[str, Any]:
    """membership, team, role and balance of the signed-in user, read only when a template names them.

    What team_required() has read is used again; anywhere else it is one query, and none for the signed-out.
    """
    context = {"signup_is_open": settings.SIGNUP == "open", "mail_is_kept": is_open_to(request)}
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return context
    read = getattr(request, "membership", None)
    membership = read or SimpleLazyObject(partial(current_membership, request))
    return context | {
        "membership": membership,
        "role": SimpleLazyObject(lambda: membership.role),
        "team": SimpleLazyObject(lambda: membership.team),
        "balance": SimpleLazyObject(lambda: membership.team.balance),
    }
