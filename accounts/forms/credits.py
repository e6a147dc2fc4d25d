from datetime import date
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey, BudgetUse, EntryKind, Team, User
from accounts.statement import Filters

EARLIEST, LATEST = date(2000, 1, 1), date(2999, 12, 31)


class DayField(forms.DateField):
    """A day as browsers send it, 2026-11-30."""

    def __init__(self, *, label: Any) -> None:
        super().__init__(
            label=label,
            required=False,
            input_formats=["%Y-%m-%d"],
            validators=[MinValueValidator(EARLIEST), MaxValueValidator(LATEST)],
            widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
            error_messages={"invalid": _("Enter a date such as 2026-11-30.")},
        )


class ByIdField(forms.ModelChoiceField):
    def to_python(self, value: Any) -> Any:
        """What is no id at all is told as one that is not there."""
        try:
            return super().to_python(value)
        except forms.ValidationError as error:
            raise forms.ValidationError(self.error_messages["invalid_choice"], code="invalid_choice") from error


class KeyField(ByIdField):
    """One of a team's keys, if any is chosen. Those revoked can be, for what they did."""

    def __init__(self) -> None:
        super().__init__(None, required=False, label=_("API key"), empty_label=_("All keys"))

    def label_from_instance(self, obj: ApiKey) -> str:
        return f"{obj.name} ({_('revoked')})" if obj.is_revoked else obj.name


class PersonField(ByIdField):
    def __init__(self, *, label: Any, empty_label: Any) -> None:
        super().__init__(None, required=False, label=label, empty_label=empty_label)

    def label_from_instance(self, obj: User) -> str:
        return f"{obj.name} ({obj.email})" if obj.name else obj.email


class DaysForm(forms.Form):
    """Filters that are in the address, of which nothing has to be given: since and until are days, both within."""

    since = DayField(label=_("From"))
    until = DayField(label=_("To"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and since > until:
            self.add_error("until", _("The last day comes before the first."))
        return cleaned

    @property
    def is_filtered(self) -> bool:
        return any(self.data.get(name) for name in self.fields)


class StatementFilter(DaysForm):
    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=[("", _("All kinds")), *EntryKind.choices])
    key = KeyField()
    member = PersonField(label=_("Member"), empty_label=_("All members"))

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["key"].queryset = team.api_keys.order_by("name", "pk")  # type: ignore[attr-defined]
        self.fields["member"].queryset = spenders(team)  # type: ignore[attr-defined]

    @property
    def filters(self) -> Filters:
        """What a valid form asks for."""
        given = self.cleaned_data
        return Filters(
            since=given["since"],
            until=given["until"],
            kind=given["kind"],
            api_key=given["key"],
            member=given["member"],
        )


def spenders(team: Team) -> QuerySet[User]:
    """The team's members, and who has spent as one and has left."""
    have_spent = BudgetUse.objects.filter(team=team, member__isnull=False, period=BudgetUse.LIFETIME)
    users = User.objects.filter(Q(pk__in=team.memberships.values("user")) | Q(pk__in=have_spent.values("member")))
    return users.order_by("email")


class RedeemForm(forms.Form):
    """Forgiving: how a code is spaced and cased is for whoever reads it."""

    code = forms.CharField(
        label=_("Redeem a code"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
        error_messages={"required": _("Enter the code.")},
    )
