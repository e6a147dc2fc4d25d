"""The team: who is in it, and the way out of it."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from accounts import budgets, member_rows, members, questions
from accounts.access import TEAM_SESSION_KEY, Action, TeamHttpRequest, team_required
from accounts.actors import actor_of
from accounts.forms.teams import MemberFilter, role_choices
from accounts.member_rows import MemberRow
from accounts.members import LastOwner
from accounts.models import Role
from accounts.roles import can, may_manage
from project.confirming import ask, is_confirmed
from project.http import post_to, render_fragment

from .refused import answered, last_owner_words

PAGE_SIZE = 50
SEARCHED_FROM = 8  # members: fewer are seen at a glance


@require_safe
@cache_control(private=True, no_store=True)
@team_required(Action.SEE_MEMBERS)
def team(request: TeamHttpRequest) -> HttpResponse:
    """The members, searched by ?q= and continued by ?page=; for admins, the invitations that wait."""
    form = MemberFilter(request.GET)
    if not form.is_valid():
        return _page(request, form, [], status=422)
    pages = Paginator(member_rows.found(request.team, form.cleaned_data["q"]), PAGE_SIZE)
    page = pages.get_page(request.GET.get("page"))
    context: dict[str, Any] = {"page": page, "count": pages.count}
    return _page(request, form, member_rows.rows(list(page), viewer=request.membership), **context)


@post_to("accounts:team")
@team_required(Action.SEE_MEMBERS, even_without_two_factor=True)
def leave(request: TeamHttpRequest) -> HttpResponse:
    """Go, also without the second factor that the team asks for: whoever leaves gains nothing by it."""
    if not is_confirmed(request):
        return ask(request, questions.of_leaving(request.team), cancel=reverse("accounts:team"))
    name = request.team.name
    try:
        with answered():
            members.leave(request.team, by=actor_of(request))
    except LastOwner:
        messages.error(request, last_owner_words(is_self=True))
        return redirect("accounts:team")
    request.session.pop(TEAM_SESSION_KEY, None)
    messages.success(request, _("You have left %(team)s.") % {"team": name})
    return redirect("generations:gallery")


def _page(
    request: TeamHttpRequest,
    form: MemberFilter,
    rows: list[MemberRow],
    *,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    is_next_page = "page" in context and context["page"].number > 1
    context |= {"form": form, "rows": rows, "columns": _columns(request)}
    if not is_next_page:
        context |= _around(request, form, context.get("count", 0))
    fragment = "rows" if is_next_page else "members"
    return render_fragment(request, "accounts/team.html", context, fragment=fragment, status=status)


def _columns(request: TeamHttpRequest) -> dict[str, bool]:
    """Those that have something in them for whoever looks; the same on every page of the list."""
    role = request.membership.role
    capped = request.team.memberships.exclude(lifetime_budget_credits=None)
    return {
        "spending": can(role, Action.CREATE) or budgets.of_member(request.membership).monthly.used > 0,
        "lifetime": can(role, Action.MANAGE_MEMBERS) and capped.exists(),
    }


def _around(request: TeamHttpRequest, form: MemberFilter, count: int) -> dict[str, Any]:
    me = request.membership
    is_admin = can(me.role, Action.MANAGE_MEMBERS)
    words = form.data.get("q")
    return {
        "is_searched": bool(words) or count > SEARCHED_FROM,
        "is_alone": not words and count == 1,
        "is_admin": is_admin,
        "leaving": questions.of_leaving(request.team),
        "is_last_owner": members.is_last_owner(me),
        "mine": budgets.of_member(me),
        "invitations": _invitations(request) if is_admin else [],
        "roles": role_choices(list(Role.values)),
        "now": timezone.now(),
    }


def _invitations(request: TeamHttpRequest) -> list[dict[str, Any]]:
    waiting = request.team.invitations.waiting().select_related("invited_by").order_by("-created_at", "pk")
    return [
        {
            "invitation": each,
            "can_manage": may_manage(request.membership.role, each.role),
            "is_expired": each.expires_at <= timezone.now(),
        }
        for each in waiting
    ]
