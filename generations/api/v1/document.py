"""The parts of the OpenAPI document that intake and catalog know: the body of a request, field by field."""

from typing import Any

from generations.catalog import MODELS, Field
from generations.intake import MAX_METADATA_CHARACTERS, MAX_METADATA_PAIRS, MAX_URL_CHARACTERS

_LINK = {"type": "string", "format": "uri", "maxLength": MAX_URL_CHARACTERS}


def _choice(name: str) -> dict[str, Any]:
    """What any model takes for this field."""
    fields = [each for spec in MODELS.values() for each in spec.fields if each.name == name]
    if len(fields) == 1:
        return {**_schema(fields[0]), "default": fields[0].default}
    return {"anyOf": [_schema(each) for each in fields], "default": fields[0].default}


def _schema(field: Field) -> dict[str, Any]:
    if field.choices:
        return {"enum": list(field.choices)}
    bounds = {"minimum": field.minimum, "maximum": field.maximum}
    return {name: bound for name, bound in bounds.items() if bound is not None}


def _properties() -> dict[str, Any]:
    names = dict.fromkeys(each.name for spec in MODELS.values() for each in spec.fields)
    return {
        "model": {"type": "string", "default": next(iter(MODELS.values())).name},
        "prompt": {
            "type": "string",
            "minLength": 1,
            "maxLength": max(spec.max_prompt_characters for spec in MODELS.values()),
        },
        "image_urls": {
            "type": "array",
            "items": _LINK,
            "maxItems": max(spec.max_images for spec in MODELS.values()),
            "description": "With images the task is image_to_video.",
        },
        **{name: _choice(name) for name in names},
        "callback_url": {**_LINK, "description": "Told by POST when the task has completed or failed."},
        "metadata": {
            "type": "object",
            "maxProperties": MAX_METADATA_PAIRS,
            "additionalProperties": {"type": "string", "maxLength": MAX_METADATA_CHARACTERS},
            "description": "Yours; comes back with the task.",
        },
    }


BODY = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["prompt"],
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

FILE = {
    "parameters": [
        {"name": "Range", "in": "header", "required": False, "schema": {"type": "string"}},
        {"name": "download", "in": "query", "required": False, "schema": {"enum": ["1"]}},
    ],
    "responses": {
        200: {"description": "The file", "content": {"video/mp4": {}, "image/webp": {}}},
        206: {"description": "The range asked for", "content": {"video/mp4": {}, "image/webp": {}}},
        304: {"description": "Not changed"},
        416: {"description": "The range lies outside the file"},
    },
}
