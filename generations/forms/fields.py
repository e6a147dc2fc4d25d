"""A model's fields and inputs as controls, and what a browser sends of them as the values of a request."""

import re
from dataclasses import fields
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from generations import variations, wording
from generations.catalog import MODELS, Field, Input, Kind, ModelSpec, json_word
from generations.intake import GenerationRequest

MAX_CHIPS = 9
# The form's own: a request knows nothing of it.
VARIATIONS = Field(
    name="variations",
    label=gettext_lazy("Variations"),
    default=1,
    choices=tuple(range(1, variations.MOST + 1)),
)
# Each of them by its name, as the first model that has it has it.
FIELDS: dict[str, Field] = {}
INPUTS: dict[str, Input] = {}
for _spec in MODELS.values():
    FIELDS |= {field.name: FIELDS.get(field.name, field) for field in _spec.fields}
    INPUTS |= {each.name: INPUTS.get(each.name, each) for each in _spec.inputs}
_LISTS = {each.name for each in fields(GenerationRequest) if each.default == ()}
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,20}")


class LinksInput(forms.Widget):
    """A list of links under one name, as hidden inputs that the page writes."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        values = data.getlist(name) if hasattr(data, "getlist") else data.get(name, [])
        return [value.strip() for value in values if value.strip()]


class Control(forms.Field):
    """One thing to choose. `suggestions` are (value, words), where any text is taken."""

    def __init__(self, field: Field) -> None:
        super().__init__(label=str(field.label), required=False, initial=word_of(field.default), widget=_widget(field))
        self.suggestions = [(each, wording.choice(field.name, each)) for each in field.suggestions]


class Links(forms.Field):
    """The links of one input."""

    widget = LinksInput

    def __init__(self, each: Input) -> None:
        super().__init__(label=str(each.label), required=False)


def word_of(value: Any) -> str:
    """The word that a browser sends for a value; none for what is left open."""
    return "" if value is None else json_word(value)


def value_of(field: Field, word: Any) -> Any:
    """The value that a browser's word stands for, None where it left the choice open.

    What stands for nothing is passed on as it came, to be refused by name.
    """
    if word is None or (not field.choices and not str(word).strip()):
        return None
    for value in field.choices:
        if json_word(value) == str(word):
            return value
    text = str(word).strip()
    if not field.choices and field.minimum is None:
        return text
    return int(text) if _is_number(field) and _WHOLE_NUMBER.fullmatch(text) else word


def links_value(each: Input, links: list[str]) -> Any:
    """Links as a request takes them: a list, or the only one."""
    return links if each.name in _LISTS else "".join(links[:1])


def fields_of(spec: ModelSpec) -> tuple[Field, ...]:
    """All there is to choose: the model's fields and, where clips are made one by one, how many of them."""
    return spec.fields if spec.kind == Kind.IMAGE else (*spec.fields, VARIATIONS)


def takes_list(each: Input) -> bool:
    return each.name in _LISTS


def _is_number(field: Field) -> bool:
    return field.minimum is not None or any(type(value) is int for value in field.choices)


def _widget(field: Field) -> forms.Widget:
    choices = [(json_word(value), wording.choice(field.name, value)) for value in field.choices]
    if 0 < len(choices) <= MAX_CHIPS:
        return forms.RadioSelect(choices=choices, attrs={"data-quoted": True})
    if choices:
        return forms.Select(choices=choices, attrs={"class": "input", "data-quoted": True})
    if field.minimum is not None:
        bounds = {"min": field.minimum, "max": field.maximum, "step": 1}
        return forms.NumberInput(attrs={"class": "input num", **bounds, "placeholder": _("Automatic")})
    suggested = {"list": f"create-{field.name}-suggestions"} if field.suggestions else {}
    return forms.TextInput(attrs={"class": "input", "dir": "auto", "autocomplete": "off", **suggested})
