"""The page by which an operator gives a team an owner, as where the only one it had cannot sign in any more."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import members
from accounts.actors import actor_of
from accounts.models import Membership, Role, Team
from accounts.refusals import TeamClosing
from accounts.roles import NotAllowed


class MemberField(forms.ModelChoiceField):
    def label_from_instance(self, member: Membership) -> str:
        return f"{member.user.email} ({member.get_role_display()})"


class OwnerForm(forms.Form):
    title = _("Make a member an owner")

    member = MemberField(
        label=_("member"), queryset=None, help_text=_("All members who can sign in and are not its owners already.")
    )

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        able = Membership.objects.filter(team=team, user__is_active=True).exclude(role=Role.OWNER)
        self.fields["member"].queryset = able.select_related("user").order_by("user__email")  # type: ignore[attr-defined]


def make_owner(request: HttpRequest, team: Team, frame: dict[str, Any]) -> HttpResponse:
    """Ask which member, show who that is, and do it."""
    form = OwnerForm(request.POST or None, team=team)
    heir: Membership | None = form.cleaned_data["member"] if request.method == "POST" and form.is_valid() else None
    if heir is None or "confirmed" not in request.POST:
        context = {**frame, "title": form.title, "team": team, "form": form, "heir": heir}
        return render(request, "admin/accounts/team/make_owner.html", context)
    try:
        members.make_owner(team, heir.user_id, by=actor_of(request))
    except NotAllowed as error:
        raise PermissionDenied from error
    except (members.NoSuchMember, members.Deactivated, TeamClosing):
        messages.error(request, gettext("The team has changed meanwhile. Nothing was done."))
    else:
        words = gettext("Made an owner, as the team's audit log says: %(name)s.")
        messages.success(request, words % {"name": heir.user.email})
    return redirect("admin:accounts_team_change", team.pk)
