"""A form that was filled in for one model, brought into the shape of another: what still fits stays."""

from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from generations import wording
from generations.catalog import Field, ModelSpec
from generations.intake import GenerationRequest, InvalidParameter

from .describing import lengths
from .fields import FIELDS, INPUTS, VARIATIONS, fields_of, value_of, word_of
from .refusals import names, prompt_too_long
from .tabs import IMAGE_TO_VIDEO, model_named, tab_and_model


@dataclass(frozen=True, slots=True)
class Fitted:
    """`initial` is what to fill the form in with; `changes` says what was dropped or changed, in one line."""

    initial: dict[str, Any]
    changes: str


def is_reshaped(given: QueryDict) -> bool:
    """Another model or tab was chosen than the one whose controls were shown."""
    tab, spec = tab_and_model(given)
    shown = given.get("shown_model")
    return bool(shown) and (tab, spec.slug) != (given.get("task_type"), shown)


def fit(given: QueryDict) -> Fitted:
    tab, spec = tab_and_model(given)
    shown = model_named(given.get("shown_model"))
    chosen, changes, dropped = _fields(spec, given)
    links, dropped_links = _links(tab, spec, given)
    dropped += [*_no_longer_asked(spec, shown, given), *dropped_links]
    prompt = given.get("prompt", "")
    told = [
        _("The model is now %(model)s.") % {"model": spec.label} if _is_replaced(spec, given) else "",
        *changes,
        _("Dropped: %(names)s.") % {"names": names(dropped)} if dropped else "",
        _of_prompt(spec, prompt),
    ]
    words = {"prompt": prompt, "model": spec.slug, "task_type": tab, "retry_of": given.get("retry_of", "")}
    initial = {**words, **chosen, **links}
    return Fitted(initial, " ".join(filter(None, told)))


def _fields(spec: ModelSpec, given: QueryDict) -> tuple[dict[str, str], list[str], list[str]]:
    """What the model's own fields are now, what is said of those that change, and the names of those left open."""
    now, changes, dropped = {field.name: word_of(field.default) for field in fields_of(spec)}, [], []
    for field in fields_of(spec):
        word = given.get(field.name)
        if word is None:
            continue
        if _fits(field, word):
            now[field.name] = word
        elif field.default is None:
            dropped.append(str(field.label))
        else:
            changes.append(_change(spec, field))
    return now, changes, dropped


def _fits(field: Field, word: str) -> bool:
    try:
        value = value_of(field, word)
        if field is not VARIATIONS:
            GenerationRequest.from_mapping({field.name: value})
        if value is not None:
            field.check(value)
    except InvalidParameter:
        return False
    return True


def _change(spec: ModelSpec, field: Field) -> str:
    now = wording.choice(field.name, field.default)
    if field.name == "duration":
        words = {"model": spec.label, "lengths": lengths(field), "now": now}
        return _("%(model)s makes %(lengths)s: duration is now %(now)s.") % words
    return _("%(label)s is now %(value)s.") % {"label": field.label, "value": now}


def _no_longer_asked(spec: ModelSpec, shown: ModelSpec | None, given: QueryDict) -> list[str]:
    """The names of fields that this model does not have, where something was chosen other than their default."""
    of_shown = {field.name: field for field in fields_of(shown)} if shown else {}
    own = {field.name for field in fields_of(spec)}
    gone = [field for name, field in {**FIELDS, **of_shown}.items() if name in given and name not in own]
    return [str(field.label) for field in gone if given[field.name] not in ("", word_of(field.default))]


def _links(tab: str, spec: ModelSpec, given: QueryDict) -> tuple[dict[str, list[str]], list[str]]:
    """The links that each input can still take, and the names of those that were dropped, with how many."""
    takes = {each.name: each for each in spec.inputs} if tab == IMAGE_TO_VIDEO else {}
    kept, dropped = {}, []
    for name, each in INPUTS.items():
        links = [link.strip() for link in given.getlist(name) if link.strip()]
        maximum = takes[name].maximum if name in takes else 0
        kept[name] = links[:maximum]
        if over := len(links) - len(kept[name]):
            label = str(takes.get(name, each).label)
            dropped.append(label if over == 1 else _("%(name)s (%(count)s)") % {"name": label, "count": over})
    return kept, dropped


def _is_replaced(spec: ModelSpec, given: QueryDict) -> bool:
    named = model_named(given.get("model"))
    return named is not None and named is not spec


def _of_prompt(spec: ModelSpec, prompt: str) -> str:
    limit = spec.max_prompt_characters
    over = len(prompt.replace("\r\n", "\n")) - limit
    return prompt_too_long(over, limit) if over > 0 else ""
