"""One member: their role, their caps, and the end of their membership."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from accounts import budgets, members, questions
from accounts.access import Action, TeamHttpRequest, team_required
from accounts.actors import actor_of
from accounts.forms.teams import CapForm, RoleForm
from accounts.members import Deactivated, LastOwner
from accounts.mfa import two_factor_of
from accounts.models import Membership, Role
from accounts.roles import can, may_manage
from project.confirming import ask, is_confirmed
from project.http import post_to

from .refused import answered, deactivated_words, last_owner_words


@require_safe
@cache_control(private=True, no_store=True)
@team_required(Action.MANAGE_MEMBERS)
def member(request: TeamHttpRequest, user_id: UUID) -> HttpResponse:
    return _page(request, _found(request, user_id))


@post_to("accounts:member", "user_id")
@cache_control(private=True, no_store=True)
@team_required(Action.MANAGE_MEMBERS)
def change_role(request: TeamHttpRequest, user_id: UUID) -> HttpResponse:
    found = _found(request, user_id)
    form = RoleForm(request.POST, offered=_offered(request, found))
    is_self = found.user_id == request.user.pk
    if form.is_valid():
        role = form.cleaned_data["role"]
        question = questions.of_role(found, role, is_self=is_self)
        if question and role in _offered(request, found) and not is_confirmed(request):
            if not members.is_last_owner(found):
                return ask(request, question, cancel=_url(found))
            form.add_error("role", last_owner_words(is_self=is_self))
            return _page(request, found, status=422, role_form=form)
        try:
            with answered():
                members.change_role(request.team, user_id, role, by=actor_of(request))
        except LastOwner:
            form.add_error("role", last_owner_words(is_self=is_self))
        except Deactivated:
            form.add_error("role", deactivated_words(found.user.display_name))
    if form.errors:
        return _page(request, found, status=422, role_form=form)
    became_owner = role == Role.OWNER and found.role != Role.OWNER
    told = _("%(name)s is an owner now.") % {"name": found.user.display_name} if became_owner else _("Saved.")
    messages.success(request, told)
    # Who has taken the admin's role from themselves may not see the page of a member any more.
    return redirect("accounts:team") if is_self else redirect("accounts:member", user_id)


@post_to("accounts:member", "user_id")
@cache_control(private=True, no_store=True)
@team_required(Action.MANAGE_MEMBERS)
def set_cap(request: TeamHttpRequest, user_id: UUID) -> HttpResponse:
    found = _found(request, user_id)
    form = CapForm(request.POST)
    if not form.is_valid():
        return _page(request, found, status=422, cap_form=form)
    with answered():
        members.set_cap(request.team, user_id, **form.cleaned_data, by=actor_of(request))
    messages.success(request, _("Saved."))
    return redirect("accounts:member", user_id)


@post_to("accounts:member", "user_id")
@team_required(Action.MANAGE_MEMBERS)
def remove(request: TeamHttpRequest, user_id: UUID) -> HttpResponse:
    found = _found(request, user_id)
    if not is_confirmed(request):
        return ask(request, questions.of_removing(found), cancel=_url(found))
    try:
        with answered():
            members.remove(request.team, user_id, by=actor_of(request))
    except LastOwner:
        messages.error(request, last_owner_words(is_self=found.user_id == request.user.pk))
        return redirect("accounts:member", user_id)
    messages.success(request, _("%(name)s is not in the team any more.") % {"name": found.user.display_name})
    return redirect("accounts:team")


@post_to("accounts:member", "user_id")
@team_required(Action.MANAGE_OWNERS)
def transfer(request: TeamHttpRequest, user_id: UUID) -> HttpResponse:
    found = _found(request, user_id)
    if not is_confirmed(request):
        return ask(request, questions.of_transferring(found), cancel=_url(found))
    try:
        with answered():
            members.transfer(request.team, user_id, by=actor_of(request))
    except Deactivated:
        messages.error(request, deactivated_words(found.user.display_name))
        return redirect("accounts:member", user_id)
    words = _("%(name)s is an owner now, and you are an admin.")
    messages.success(request, words % {"name": found.user.display_name})
    return redirect("accounts:team")


def _url(found: Membership) -> str:
    return reverse("accounts:member", args=[found.user_id])


def _found(request: TeamHttpRequest, user_id: UUID) -> Membership:
    found = get_object_or_404(request.team.memberships.select_related("user"), user_id=user_id)
    found.team = request.team
    return found


def _offered(request: TeamHttpRequest, found: Membership) -> list[str]:
    return [role for role in Role.values if may_manage(request.membership.role, found.role, role)]


def _can_transfer(request: TeamHttpRequest, found: Membership) -> bool:
    is_candidate = found.role != Role.OWNER and found.user.is_active
    return is_candidate and can(request.membership.role, Action.MANAGE_OWNERS)


def _page(
    request: TeamHttpRequest,
    found: Membership,
    *,
    status: int = 200,
    role_form: RoleForm | None = None,
    cap_form: CapForm | None = None,
) -> HttpResponse:
    caps = {"monthly": found.monthly_budget_credits, "lifetime": found.lifetime_budget_credits}
    can_manage = may_manage(request.membership.role, found.role)
    is_self = found.user_id == request.user.pk
    context: dict[str, Any] = {
        "member": found,
        "budgets": budgets.of_member(found),
        "two_factor": two_factor_of(found.user),
        "can_manage": can_manage,
        "can_remove": can_manage and not is_self,
        "can_transfer": _can_transfer(request, found),
        "removing": questions.of_removing(found),
        "transferring": questions.of_transferring(found),
        "is_self": is_self,
        "role_form": role_form or RoleForm(initial={"role": found.role}, offered=_offered(request, found)),
        "cap_form": cap_form or CapForm(initial=caps),
    }
    return render(request, "accounts/member.html", context, status=status)
