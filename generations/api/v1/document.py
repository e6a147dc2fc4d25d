"""The parts of the OpenAPI document that intake and catalog know: the body of a request, field by field."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

from generations.catalog import MODELS, Field, find_model
from generations.intake import (
    MAX_METADATA_CHARACTERS,
    MAX_METADATA_PAIRS,
    MAX_URL_CHARACTERS,
    GenerationRequest,
)

_LINK = {"type": "string", "format": "uri", "maxLength": MAX_URL_CHARACTERS}
_TYPES = {bool: "boolean", int: "integer", str: "string"}
_LISTS = {each.name for each in fields(GenerationRequest) if each.default == ()}


def _input(name: str) -> dict[str, Any]:
    """Links that some model takes under this name: one, or a list as long as the one with most room takes."""
    takers = [(spec, each) for spec in MODELS.values() for each in spec.inputs if each.name == name]
    if name not in _LISTS:
        described = f"A link that opens without signing in. {_taken_by(spec.name for spec, _each in takers)}"
        return {**_LINK, "description": described}
    rooms = _taken_by(f"{spec.name} (at most {each.maximum})" for spec, each in takers)
    most = max(each.maximum for _spec, each in takers)
    described = f"Links that open without signing in. {rooms}"
    return {"type": "array", "items": _LINK, "maxItems": most, "description": described}


def _choice(name: str) -> dict[str, Any]:
    """What any model takes for this field; where they differ, each one's own."""
    takers: dict[str, tuple[dict[str, Any], list[str]]] = {}
    for spec in MODELS.values():
        for each in spec.fields:
            if each.name == name:
                schema = _schema(each)
                takers.setdefault(repr(schema), (schema, []))[1].append(spec.name)
    described = [{**schema, "description": _taken_by(names)} for schema, names in takers.values()]
    return described[0] if len(described) == 1 else {"anyOf": described}


def _schema(field: Field) -> dict[str, Any]:
    default = {} if field.default is None else {"default": field.default}
    if field.choices:
        return {"type": _TYPES[type(field.choices[0])], "enum": list(field.choices), **default}
    if field.max_characters is not None:
        examples = {"examples": list(field.suggestions)} if field.suggestions else {}
        return {"type": "string", "minLength": 1, "maxLength": field.max_characters, **examples, **default}
    bounds = {"minimum": field.minimum, "maximum": field.maximum}
    return {"type": "integer", **{name: bound for name, bound in bounds.items() if bound is not None}, **default}


def _taken_by(names: Iterable[str]) -> str:
    return f"Taken by: {', '.join(names)}."


def _names(of_each: Iterable[Sequence[Any]]) -> list[str]:
    """Each name once, in the order of the catalog."""
    return list(dict.fromkeys(each.name for several in of_each for each in several))


def _properties() -> dict[str, Any]:
    return {
        "model": {
            "type": "string",
            "default": find_model("").name,
            "examples": [spec.name for spec in MODELS.values()],
            "description": "Regardless of case, spaces, dots and dashes.",
        },
        "prompt": {
            "type": "string",
            "maxLength": max(spec.max_prompt_characters for spec in MODELS.values()),
            "description": f"May be left out where there is an image, by: {', '.join(_prompt_optional())}.",
        },
        **{name: _input(name) for name in _names(spec.inputs for spec in MODELS.values())},
        **{name: _choice(name) for name in _names(spec.fields for spec in MODELS.values())},
        "callback_url": {**_LINK, "description": "Told by POST when the task has completed or failed."},
        "metadata": {
            "type": "object",
            "maxProperties": MAX_METADATA_PAIRS,
            "additionalProperties": {"type": "string", "maxLength": MAX_METADATA_CHARACTERS},
            "description": "Yours; comes back with the task.",
        },
    }


def _prompt_optional() -> list[str]:
    return [spec.name for spec in MODELS.values() if spec.is_prompt_optional]


def _enough() -> list[dict[str, Any]]:
    """What has to be there: a prompt, or any of the images that some model takes instead."""
    specs = [spec for spec in MODELS.values() if spec.is_prompt_optional]
    images = _names([each for each in spec.inputs if each.media == "image"] for spec in specs)
    return [{"required": [name]} for name in ("prompt", *images)]


BODY = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "anyOf": _enough(),
                "additionalProperties": False,
                "properties": _properties(),
            }
        }
    },
}

IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "description": "The same key with the same body answers the first task again, for 72 hours.",
}

_MEDIA: dict[str, Any] = {
    content_type: {} for content_type in ("video/mp4", "video/quicktime", "image/png", "image/jpeg", "image/webp")
}
FILE = {
    "parameters": [
        {"name": "Range", "in": "header", "required": False, "schema": {"type": "string"}},
        {"name": "download", "in": "query", "required": False, "schema": {"enum": ["1"]}},
    ],
    "responses": {
        200: {"description": "The file", "content": _MEDIA},
        206: {"description": "The range asked for", "content": _MEDIA},
        304: {"description": "Not changed"},
        416: {"description": "The range lies outside the file"},
    },
}
