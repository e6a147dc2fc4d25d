import re
import uuid
from typing import Any

from django import forms
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import names
from accounts.invitations import MAILS_AN_HOUR
from accounts.mfa import two_factor_of
from accounts.models import Role, Team, User
from accounts.models.credits import MAX_CREDITS
from accounts.teams import SETTINGS, time_zones

from .choices import Choice
from .fields import BudgetField, CreditsField
from .seen import opened, seal

FORM_KEY_SECONDS = 24 * 3600
MAX_NAME_CHARACTERS = 200
MAX_ADDRESSES = 50
ROLE_WORDS = {
    Role.OWNER: _("Does everything, closing the team and managing other owners included."),
    Role.ADMIN: _("Manages members, API keys, credits and settings, and makes clips."),
    Role.MEMBER: _("Makes clips with the team's credits."),
    Role.VIEWER: _("Looks at clips, members and credits, and changes nothing."),
}


def role_choices(roles: list[str]) -> list[tuple[str, Choice]]:
    return [(role, Choice(str(Role(role).label), str(ROLE_WORDS[Role(role)]))) for role in roles]


class RoleForm(forms.Form):
    """Any role is understood; offered are those that the one who chooses may give."""

    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, widget=forms.RadioSelect)

    def __init__(self, *args: Any, offered: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].widget.choices = role_choices(offered)


class InviteForm(RoleForm):
    addresses = forms.CharField(
        label=_("E-mail addresses"),
        help_text=format_lazy(
            _(
                "One on each line. Everyone gets a link of their own, which works once and for seven days. "
                "At most {limit} mails an hour are sent for a team, and for each person."
            ),
            limit=MAILS_AN_HOUR,
        ),
        max_length=20_000,
        widget=forms.Textarea(
            attrs={"rows": 4, "spellcheck": "false", "autocomplete": "off", "placeholder": "ann@example.com"}
        ),
        error_messages={"required": _("Enter at least one address.")},
    )
    field_order = ["addresses", "role"]

    def clean_addresses(self) -> list[str]:
        """Each once, in lower case and as it was typed: whether it is an address is answered one by one."""
        parts = re.split(r"[\n\r,;]+", self.cleaned_data["addresses"])
        addresses = list(dict.fromkeys(_bare(part) for part in parts if part.strip()))
        if not addresses:
            raise ValidationError(gettext("Enter at least one address."))
        if len(addresses) > MAX_ADDRESSES:
            raise ValidationError(gettext("At most %(limit)s at once.") % {"limit": MAX_ADDRESSES})
        return addresses


class CapForm(forms.Form):
    monthly = BudgetField(
        label=_("Monthly cap"), help_text=_("Credits for each calendar month. 0 blocks all use, empty is no cap.")
    )
    lifetime = BudgetField(
        label=_("Lifetime cap"), help_text=_("Credits over all months. 0 blocks all use, empty is no cap.")
    )


class MemberFilter(forms.Form):
    """What is searched for, in the address."""

    q = forms.CharField(required=False, max_length=100, label=_("Search"))


class TeamNameForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=MAX_NAME_CHARACTERS, widget=forms.TextInput(attrs={"autocomplete": "organization"})
    )

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        names.validate(name)
        return name


class NewTeamForm(TeamNameForm):
    """`form_key` tells one filled-in form from the next: sent twice, even at once, it makes one team."""

    form_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def claim(self) -> bool:
        """True once: from then on this form has made its team."""
        return cache.add(f"new-team:{self.cleaned_data['form_key']}", True, FORM_KEY_SECONDS)

    def give_back(self) -> None:
        """It has made none after all."""
        cache.delete(f"new-team:{self.cleaned_data['form_key']}")


class TeamForm(TeamNameForm):
    """The settings of a team, named as there. `initial` are those that it had when the page was made."""

    time_zone = forms.ChoiceField(
        label=_("Time zone"), help_text=_("When its days and months begin: for budgets, statements and allowances.")
    )
    requires_two_factor = forms.BooleanField(label=_("Require two-factor sign-in of all members"), required=False)
    monthly_budget_credits = BudgetField(
        label=_("Monthly budget"),
        help_text=_("Credits that members and keys together may use in a calendar month. 0 blocks all use."),
    )
    lifetime_budget_credits = BudgetField(
        label=_("Lifetime budget"), help_text=_("Credits that they may use over all months. 0 blocks all use.")
    )
    low_balance_credits = CreditsField(
        label=_("Low-balance alert"),
        required=False,
        min_value=1,
        max_value=MAX_CREDITS,
        help_text=_(
            "Owners and admins get one e-mail when the team has fewer credits than this, held ones included, "
            "and the webhook endpoints that chose credits.low are told."
        ),
    )

    def __init__(self, data: Any = None, *, team: Team, by: User) -> None:
        now = {name: getattr(team, name) for name in SETTINGS}
        seen = opened(str(data.get("seen", "")), of=team.pk, now=now) if data is not None else now
        super().__init__(data, initial=seen)
        self.by = by
        self.sealed = seal(seen, of=team.pk)
        self.fields["time_zone"].choices = _zones_by_region(seen["time_zone"])  # type: ignore[attr-defined]

    def changes(self) -> dict[str, Any]:
        """The settings that are not as the page had shown them."""
        return {name: value for name, value in self.cleaned_data.items() if value != self.initial[name]}

    def clean_requires_two_factor(self) -> bool:
        """Whoever asks it of all has to have it, or would shut themselves out."""
        is_required: bool = self.cleaned_data["requires_two_factor"]
        if is_required and not self.initial["requires_two_factor"] and not two_factor_of(self.by).is_on:
            words = gettext('You have none yourself. <a class="link" href="{url}">Set it up</a>, then ask it of all.')
            raise ValidationError(format_html(words, url=reverse("mfa_index")))
        return is_required


class CloseForm(forms.Form):
    """Typing the team's name says that one means it."""

    name = forms.CharField(
        label=_("Name of the team"),
        max_length=300,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}),
    )

    def __init__(self, data: Any = None, *, team: Team) -> None:
        super().__init__(data)
        self.team_name = team.name

    def clean_name(self) -> str:
        if self.cleaned_data["name"].split() != self.team_name.split():
            raise ValidationError(gettext("That is not the name of this team."))
        return self.team_name


def _bare(part: str) -> str:
    """The address in "Ann <ann@example.com>"."""
    in_brackets = re.search(r"<([^<>]+)>\s*$", part)
    return (in_brackets[1] if in_brackets else part).strip().lower()


def _zones_by_region(kept: str) -> list[tuple[str, Any]]:
    """Choices in groups, so that a browser finds a place by its first letters."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for zone, label in time_zones():
        region, _slash, place = label.partition("/")
        groups.setdefault(region if place else "", []).append((zone, place or label))
    zones = {zone for zone, _label in time_zones()}
    alone = groups.pop("", []) + ([(kept, kept)] if kept not in zones else [])
    return [*alone, *groups.items()]
