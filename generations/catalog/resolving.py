"""A request becomes one that can be made: its model found, every bound checked, every choice made."""

import re
from dataclasses import fields, replace
from typing import Any

from django.conf import settings

from generations.intake import GenerationRequest, InvalidParameter

from . import see2ai, seedance2api, vibegen
from .shapes import Field, Input, ModelSpec, Resolved

MODELS = {spec.slug: spec for each in (vibegen, see2ai, seedance2api) for spec in each.MODELS}
OFFERS = vibegen.OFFERS + see2ai.OFFERS + seedance2api.OFFERS

# What every model takes; all else only those that say so.
_OF_ALL = ("prompt", "model", "callback_url", "metadata")
_OPTIONAL = tuple(each.name for each in fields(GenerationRequest) if each.name not in _OF_ALL)


def resolve(request: GenerationRequest) -> Resolved:
    """The model asked for, every default filled in, and the offers that can make it; raises InvalidParameter."""
    spec = find_model(request.model)
    _check_prompt(spec, request)
    _refuse_what_it_does_not_take(spec, request)
    for each in spec.inputs:
        _check_input(spec, each, request)
    chosen = {each.name: _chosen(each, getattr(request, each.name)) for each in spec.fields}
    resolved = replace(request, model=spec.name, **chosen)
    offers = tuple(offer for offer in OFFERS if offer.model == spec.slug and offer.can_make(resolved))
    if not offers:
        raise InvalidParameter("model", "not_offered", "No provider makes this combination of choices.")
    return Resolved(request=resolved, spec=spec, offers=offers)


def find_model(name: str) -> ModelSpec:
    """The model of that name, regardless of case, spaces, dots and dashes; the installation's when there is no name."""
    wanted = _folded(name or settings.DEFAULT_MODEL)
    for spec in MODELS.values():
        if wanted in (_folded(spec.slug), _folded(spec.name)):
            return spec
    offered = [spec.name for spec in MODELS.values()]
    message = f"Unknown model. Offered: {', '.join(offered)}."
    raise InvalidParameter("model", "one_of", message, limit=offered, value=name[:60])


def model_choices() -> list[tuple[str, str]]:
    """[(slug, label)], for who only has to name them."""
    return [(spec.slug, spec.label) for spec in MODELS.values()]


def _folded(name: str) -> str:
    return re.sub(r"[\s._-]+", "", name).lower()


def _chosen(each: Field, value: Any) -> Any:
    if value is None:
        return each.default
    each.check(value)
    return value


def _check_prompt(spec: ModelSpec, request: GenerationRequest) -> None:
    if not request.prompt.strip() and not (spec.is_prompt_optional and request.image_inputs):
        message = "The prompt is blank. Describe what the clip should show."
        raise InvalidParameter(
            "prompt", "required", message if request.prompt else "Missing required parameters: prompt"
        )
    if (length := len(request.prompt)) > spec.max_prompt_characters:
        limit = spec.max_prompt_characters
        message = f"The prompt is {length} characters long; {spec.name} takes {limit}. Shorten it."
        raise InvalidParameter("prompt", "max_length", message, limit=limit, value=length)


def _refuse_what_it_does_not_take(spec: ModelSpec, request: GenerationRequest) -> None:
    taken = {each.name for each in spec.fields} | {each.name for each in spec.inputs}
    for name in _OPTIONAL:
        if name not in taken and getattr(request, name) not in (None, "", ()):
            raise InvalidParameter(name, "not_offered", f"{spec.name} does not take {name}.")


def _check_input(spec: ModelSpec, each: Input, request: GenerationRequest) -> None:
    given = getattr(request, each.name)
    if isinstance(given, tuple) and len(given) > each.maximum:
        message = f"{spec.name} takes at most {each.maximum} under {each.name}; {len(given)} came."
        raise InvalidParameter(each.name, "max_items", message, limit=each.maximum, value=len(given))
