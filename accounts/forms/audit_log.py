from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import AuditAction, AuditEntry, Team, User

from .credits import DaysForm, KeyField, PersonField

# The first word of an action, and what its kin are called.
GROUPS = {
    "account": _("Signing in"),
    "team": _("Team"),
    "member": _("Members"),
    "key": _("API keys"),
    "endpoint": _("Webhooks"),
    "collection": _("Collections"),
    "credits": _("Credits"),
}


class AuditFilter(DaysForm):
    group = forms.ChoiceField(label=_("What"), required=False, choices=[("", _("Everything")), *GROUPS.items()])
    person = PersonField(label=_("Person"), empty_label=_("Everyone"))
    key = KeyField()

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].queryset = people(team)  # type: ignore[attr-defined]
        self.fields["key"].queryset = team.api_keys.order_by("name", "pk")  # type: ignore[attr-defined]

    @property
    def actions(self) -> list[str]:
        """Those of the group that a valid form asks for; empty for all."""
        group = self.cleaned_data["group"]
        return [action.value for action in AuditAction if group and action.value.startswith(f"{group}.")]


def people(team: Team) -> QuerySet[User]:
    """The team's members, and who has done something as one and has left. Operators are not named to a team."""
    have_acted = AuditEntry.objects.filter(team=team, user__is_staff=False)
    users = User.objects.filter(Q(pk__in=team.memberships.values("user")) | Q(pk__in=have_acted.values("user")))
    return users.order_by("email")
