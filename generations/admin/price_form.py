"""The form of new prices: one field for each row of the list that the change begins with."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django import forms
from django.forms import BoundField
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from generations.catalog import ModelSpec, json_word
from generations.price_changes import MAX_CREDITS, Row

UNITS = {"clip": _("a clip"), "second": _("a second"), "image": _("an image")}
MOMENT = "%Y-%m-%dT%H:%M"


class PricesForm(forms.Form):
    """`from_version` is the list whose rows are shown, `latest_version` what was the newest then; 0 is none.

    Nothing for `effective_at` is now.
    """

    from_version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    latest_version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    effective_at = forms.DateTimeField(
        label=_("in force from"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT),
        help_text=_("UTC. Empty: at once."),
    )
    note = forms.CharField(label=_("note"), max_length=200, help_text=_("What it is for. Only operators see it."))

    def __init__(self, *args: Any, spec: ModelSpec, rows: Sequence[Row], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.spec, self.rows = spec, rows
        for number, row in enumerate(rows):
            self.fields[f"price-{number}"] = forms.IntegerField(
                label=in_words(spec, row.conditions), min_value=1, max_value=MAX_CREDITS, initial=row.credits
            )

    def clean_effective_at(self) -> datetime | None:
        effective_at: datetime | None = self.cleaned_data["effective_at"]
        if effective_at and effective_at <= timezone.now():
            raise forms.ValidationError(gettext("This is over already. Prices change from now on, or later."))
        return effective_at

    @property
    def priced(self) -> list[tuple[str, Any, Row, BoundField]]:
        """Each row in words, what it is the price of, and its field."""
        return [
            (in_words(self.spec, row.conditions), UNITS.get(row.unit, row.unit), row, self[f"price-{number}"])
            for number, row in enumerate(self.rows)
        ]

    @property
    def plain_fields(self) -> list[BoundField]:
        return [self["effective_at"], self["note"]]

    @property
    def new_rows(self) -> list[Row]:
        """What a valid form asks for."""
        return [replace(row, credits=self.cleaned_data[f"price-{n}"]) for n, row in enumerate(self.rows)]


def in_words(spec: ModelSpec, conditions: Mapping[str, Any]) -> str:
    """Resolution 720p, Duration 5, Sound yes: in the words of the form that customers see."""
    labels = {each.name: each.label for each in spec.fields}
    named = [name for name in labels if name in conditions]
    unknown = [name for name in conditions if name not in labels]
    told = [f"{labels.get(name, name)} {_word(conditions[name])}" for name in (*named, *unknown)]
    return ", ".join(told) or gettext("Any")


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return json_word(value)
