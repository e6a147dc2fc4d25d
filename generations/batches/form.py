"""The form that a batch is given by: its rows, and what is chosen for all of them."""

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import names
from accounts.forms.fields import CreditsField
from accounts.models.credits import MAX_CREDITS
from generations.catalog import MODELS, Field, ModelSpec, find_model, json_word, model_choices
from generations.forms import refusal
from generations.forms.fields import Control, value_of
from generations.intake import GenerationRequest, InvalidParameter

from . import reading
from .checking import with_choices
from .reading import Given, Unreadable

PROMPTS, TABLE = "prompts", "table"


class BatchForm(forms.Form):
    """`rows` is what was given, with the choices made for all of them, once the form is valid."""

    name = forms.CharField(
        label=_("Name"),
        max_length=120,
        validators=[names.validate],
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    kind = forms.ChoiceField(
        label=_("What you have"),
        choices=[(PROMPTS, _("Prompts, one a line")), (TABLE, _("A table (CSV)"))],
        initial=PROMPTS,
        widget=forms.RadioSelect,
    )
    text = forms.CharField(
        label=_("Prompts or table"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8, "dir": "auto", "spellcheck": "false"}),
    )
    file = forms.FileField(
        label=_("Or a file"),
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,text/csv,text/plain"}),
    )
    model = forms.ChoiceField(label=_("Model"))

    rows: list[Given]

    def __init__(
        self, data: Mapping[str, Any] | None = None, files: Any = None, *, initial: Mapping[str, Any] | None = None
    ) -> None:
        given = data or initial or {}
        self.spec = MODELS.get(str(given.get("model", ""))) or find_model("")
        fitting = {field.name: given[field.name] for field in self.spec.fields if _fits(field, given.get(field.name))}
        super().__init__(data, files, initial={"model": self.spec.slug, **fitting}, auto_id="batch-%s")
        self.fields["model"].choices = model_choices()  # type: ignore[attr-defined]
        self.fields["model"].widget.attrs = {"class": "input"}
        self.fields |= {field.name: Control(field) for field in self.spec.fields}

    @property
    def is_reshaped(self) -> bool:
        """Another model was chosen than the one whose controls were shown."""
        return self.data.get("shown_model", "") != self.spec.slug

    @property
    def choices(self) -> list[forms.BoundField]:
        """What can be chosen for all rows."""
        return [self[field.name] for field in self.spec.fields]

    def clean(self) -> dict[str, Any]:
        choices = dict(self._choices())
        if not self.errors.keys() & {"kind", "text", "file"}:
            try:
                self.rows = with_choices(self._rows(), self.spec, choices)
            except Unreadable as error:
                self.add_error("file" if self.cleaned_data.get("file") else "text", error.message)
        return self.cleaned_data

    def _rows(self) -> list[Given]:
        text, file = self.cleaned_data["text"], self.cleaned_data["file"]
        if bool(text.strip()) == bool(file):
            raise Unreadable(
                gettext("Paste it or choose a file, not both.") if file else gettext("Paste it here, or choose a file.")
            )
        text = reading.text_of(file.read(reading.MAX_BYTES + 1) if file else text.encode("utf-8", "replace"))
        # What is plainly a table is one, though the choice above it was left as it was.
        is_csv = file and file.name.lower().endswith(".csv")
        is_table = self.cleaned_data["kind"] == TABLE or is_csv or reading.is_table(text)
        return reading.table(text) if is_table else reading.prompts(text)

    def _choices(self) -> Iterator[tuple[str, str]]:
        for field in self.spec.fields:
            word = str(self[field.name].value() or "").strip()
            if not word:
                continue
            try:
                _check(field, word)
            except InvalidParameter as error:
                self.add_error(field.name, refusal(error, self.spec))
            else:
                yield field.name, word


class CapForm(forms.Form):
    """How many credits a batch may hold and cost in all. `shown` is what the rows that wait came to on the page."""

    cap_credits = CreditsField(
        label=_("At most so many credits in all"),
        min_value=1,
        max_value=MAX_CREDITS,
        widget=forms.NumberInput(attrs={"class": "input num", "inputmode": "numeric"}),
    )
    shown = forms.IntegerField(required=False, min_value=0, max_value=MAX_CREDITS, widget=forms.HiddenInput)


def columns(spec: ModelSpec) -> list[tuple[str, str]]:
    """The columns of a model's table, each with what it takes."""
    inputs = [(each.name, _links(each.maximum)) for each in spec.inputs]
    fields = [(field.name, _taken(field)) for field in spec.fields]
    prompt = gettext("a text of at most %(most)s characters") % {"most": spec.max_prompt_characters}
    return [("prompt", prompt), ("model", gettext("the name of a model; empty: the one chosen here")), *inputs, *fields]


def example(spec: ModelSpec) -> list[str]:
    """A row of the table, with the model's defaults."""
    defaults = ["" if field.default is None else json_word(field.default) for field in spec.fields]
    return ["A lighthouse at dusk, waves below", spec.name, *("" for _each in spec.inputs), *defaults]


def _links(maximum: int) -> str:
    if maximum == 1:
        return gettext("a link")
    return gettext("links parted by spaces, at most %(most)s") % {"most": maximum}


def _taken(field: Field) -> str:
    if field.choices:
        if len(field.choices) > 12:
            whole = [choice for choice in field.choices if choice > 0]
            return gettext("from %(least)s to %(most)s") % {"least": min(whole), "most": max(whole)}
        return ", ".join(json_word(choice) for choice in field.choices)
    if field.minimum is not None:
        return gettext("from %(least)s to %(most)s") % {"least": field.minimum, "most": field.maximum}
    return gettext("a text of at most %(most)s characters") % {"most": field.max_characters}


def _check(field: Field, word: str) -> None:
    """Raises InvalidParameter."""
    value = value_of(field, word)
    GenerationRequest.from_mapping({field.name: value})
    if value is not None:
        field.check(value)


def _fits(field: Field, word: Any) -> bool:
    if word in (None, ""):
        return False
    try:
        _check(field, str(word))
    except InvalidParameter:
        return False
    return True
