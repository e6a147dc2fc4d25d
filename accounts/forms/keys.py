from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from accounts.key_rows import last_day
from accounts.key_settings import (
    MAX_IN_PROGRESS,
    MAX_NAME_CHARACTERS,
    MAX_RATE_LIMIT,
    MAX_RATE_SECONDS,
    InvalidSetting,
    KeySettings,
    check,
    model_choices,
    with_tuples,
)
from accounts.models import ApiKey, RatePlan, Scope, Team
from accounts.models.keys import default_scopes
from accounts.networks import normalised

from .fields import BudgetField
from .focus import FocusedForm
from .seen import in_order, opened, seal

MAX_YEARS = 100

EXPIRIES = [
    ("never", _("Never")),
    ("30", _("In 30 days")),
    ("90", _("In 90 days")),
    ("365", _("In a year")),
    ("date", _("On a date")),
]
RATE = {"rate_plan", "rate_limit", "rate_seconds"}
ADVANCED = {"models", "networks", "rate_plan", "rate_limit", "rate_seconds", "max_in_progress"}
# The fields that are named otherwise here than among the settings.
FIELD_OF = {"allowed_models": "models", "allowed_networks": "networks", "expires_at": "expiry_date"}


class KeyForm(FocusedForm):
    """The settings of a key. With `key` it starts from what that key has, and leaves alone what is not touched.

    `seen` are the settings that the key had when the page was made.
    """

    name = forms.CharField(
        label=_("Name"),
        max_length=MAX_NAME_CHARACTERS,
        help_text=_("What it is for, such as the program that uses it."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"),
        choices=Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one, or the key can do nothing.")},
    )
    models = forms.MultipleChoiceField(
        label=_("Models"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("With none chosen, all are allowed, new ones included."),
    )
    networks = forms.CharField(
        label=_("Allowed addresses"),
        required=False,
        max_length=10_000,
        help_text=_("An IP address or a range on each line. With none, the key works from everywhere."),
        widget=forms.Textarea(
            attrs={"rows": 3, "spellcheck": "false", "autocomplete": "off", "placeholder": "203.0.113.0/24"}
        ),
    )
    expiry = forms.ChoiceField(label=_("Expires"), choices=EXPIRIES, widget=forms.RadioSelect)
    expiry_date = forms.DateField(
        label=_("Last day"),
        required=False,
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={"invalid": _("Enter a date such as 2026-11-30.")},
    )
    rate_plan = forms.ChoiceField(
        label=_("Rate plan"), choices=RatePlan.choices, help_text=_("How often it may ask for clips.")
    )
    rate_limit = forms.IntegerField(label=_("Requests"), required=False, min_value=1, max_value=MAX_RATE_LIMIT)
    rate_seconds = forms.IntegerField(label=_("In seconds"), required=False, min_value=1, max_value=MAX_RATE_SECONDS)
    max_in_progress = forms.IntegerField(
        label=_("Clips at the same time"),
        required=False,
        min_value=1,
        max_value=MAX_IN_PROGRESS,
        help_text=_("How many may be in progress. Empty is no limit."),
    )
    monthly_budget_credits = BudgetField(
        label=_("Monthly budget"), help_text=_("Credits for each calendar month. 0 blocks all use, empty is no budget.")
    )
    lifetime_budget_credits = BudgetField(
        label=_("Lifetime budget"), help_text=_("Credits over all months. 0 blocks all use, empty is no budget.")
    )

    # As on the page; the others follow.
    field_order = ["name", "scopes", "expiry", "expiry_date", "monthly_budget_credits", "lifetime_budget_credits"]

    def __init__(self, data: Any = None, *, team: Team, key: ApiKey | None = None) -> None:
        self.key = key
        self.seen = _seen(data, key) if key else None
        self.zone = ZoneInfo(team.time_zone)
        initial = _values_of(self.seen, self.zone) if self.seen else _defaults()
        super().__init__(data, initial=initial, auto_id="key-%s")
        offered = model_choices()
        gone = set(initial["models"]) - {slug for slug, _label in offered}
        self.fields["models"].choices = offered + [(slug, slug) for slug in sorted(gone)]  # type: ignore[attr-defined]
        until = gettext("It works to the end of that day in the team's time zone, %(zone)s.")
        self.fields["expiry_date"].help_text = until % {"zone": team.time_zone}

    @property
    def has_advanced_errors(self) -> bool:
        """Whether something is wrong with what is folded away at first."""
        return not ADVANCED.isdisjoint(self.errors)

    @property
    def sealed(self) -> str:
        """What the page shows, to come back as the field `seen`."""
        return seal(_as_json(self.seen), of=self.key.pk) if self.key and self.seen else ""

    def refuse(self, refusal: InvalidSetting) -> None:
        """Say beside its field what is wrong."""
        self.add_error(FIELD_OF.get(refusal.field, refusal.field), refusal.message)

    def clean_networks(self) -> list[str]:
        words = self.cleaned_data["networks"].replace(",", " ").split()
        for word in words:
            try:
                normalised(word)
            except ValueError:
                message = gettext("“%(text)s” is not an IP address or a range such as 203.0.113.0/24.")
                raise ValidationError(message % {"text": word[:60]}) from None
        return words

    def clean(self) -> dict[str, Any]:
        """What is still wrong when every field by itself is right, the settings say."""
        cleaned = self.cleaned_data
        self._clean_expiry(cleaned)
        self._clean_rate(cleaned)
        if not self.errors:
            try:
                check(self.settings(), before=self.seen)
            except InvalidSetting as refusal:
                self.refuse(refusal)
        return cleaned

    def changes(self) -> dict[str, Any]:
        """The settings that are not as the page had shown them. Those of the rate go together."""
        if self.seen is None:
            raise TypeError("the form of no key")
        given, seen = check(self.settings(), before=self.seen).columns(), self.seen.columns()
        changed = {name for name in given if in_order(given[name]) != in_order(seen[name])}
        if changed & RATE:
            changed |= RATE
        return with_tuples({name: given[name] for name in given if name in changed})

    def settings(self) -> KeySettings:
        """What was filled in, of a form without errors."""
        given = self.cleaned_data
        return KeySettings(
            name=given["name"],
            scopes=tuple(given["scopes"]),
            allowed_models=tuple(given["models"]),
            allowed_networks=tuple(given["networks"]),
            expires_at=self._expires_at(given["expiry"], given["expiry_date"]),
            **{
                name: given[name]
                for name in (
                    "rate_plan",
                    "rate_limit",
                    "rate_seconds",
                    "max_in_progress",
                    "monthly_budget_credits",
                    "lifetime_budget_credits",
                )
            },
        )

    def _clean_expiry(self, cleaned: dict[str, Any]) -> None:
        day, today = cleaned.get("expiry_date"), self._today()
        if cleaned.get("expiry") != "date":
            self.errors.pop("expiry_date", None)  # what does not count is not worth a complaint
            cleaned["expiry_date"] = None
        elif "expiry_date" in self.errors or self._is_kept(day):
            return
        elif day is None:
            self.add_error("expiry_date", gettext("Choose the last day on which it works."))
        elif day < today:
            self.add_error("expiry_date", gettext("That day is over."))
        elif day.year > today.year + MAX_YEARS:
            self.add_error("expiry_date", gettext("That is more than a hundred years away."))

    def _clean_rate(self, cleaned: dict[str, Any]) -> None:
        for name in ("rate_limit", "rate_seconds"):
            if cleaned.get("rate_plan") != RatePlan.OWN:
                self.errors.pop(name, None)
                cleaned[name] = None
            elif name not in self.errors and cleaned.get(name) is None:
                self.add_error(name, gettext("A custom limit needs both: requests, and in how many seconds."))

    def _expires_at(self, expiry: str, day: date | None) -> datetime | None:
        """The midnight that ends the last day. A day that was not changed keeps the very moment that the key has."""
        if expiry == "never":
            return None
        if self.seen and self._is_kept(day):
            return self.seen.expires_at
        return _end_of(day or self._today() + timedelta(days=int(expiry)), self.zone)

    def _is_kept(self, day: date | None) -> bool:
        return day is not None and day == self.initial["expiry_date"]

    def _today(self) -> date:
        return timezone.now().astimezone(self.zone).date()


class NewKeyForm(KeyForm):
    """`form_key` becomes the id of the key: sent twice, even at once, the form makes one."""

    form_key = forms.UUIDField(widget=forms.HiddenInput)


def _end_of(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day + timedelta(days=1), time.min, tzinfo=zone)


def _defaults() -> dict[str, Any]:
    return {
        "scopes": default_scopes(),
        "models": [],
        "expiry": "never",
        "expiry_date": None,
        "rate_plan": RatePlan.STANDARD.value,
        "form_key": uuid7(),
    }


def _seen(data: Any, key: ApiKey) -> KeySettings:
    now = _as_json(KeySettings.of(key))
    seen = opened(str(data.get("seen", "")), of=key.pk, now=now) if data is not None else now
    end = seen["expires_at"]
    return KeySettings(**with_tuples({**seen, "expires_at": end and datetime.fromisoformat(end)}))


def _as_json(settings: KeySettings) -> dict[str, Any]:
    return {**settings.columns(), "expires_at": settings.expires_at and settings.expires_at.isoformat()}


def _values_of(key: KeySettings, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "name": key.name,
        "scopes": key.scopes,
        "models": key.allowed_models,
        "networks": "\n".join(key.allowed_networks),
        "expiry": "date" if key.expires_at else "never",
        "expiry_date": key.expires_at and last_day(key.expires_at, zone),
        "rate_plan": key.rate_plan,
        "rate_limit": key.rate_limit,
        "rate_seconds": key.rate_seconds,
        "max_in_progress": key.max_in_progress,
        "monthly_budget_credits": key.monthly_budget_credits,
        "lifetime_budget_credits": key.lifetime_budget_credits,
    }
