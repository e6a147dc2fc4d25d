"""What a parameter may be, for every vendor's table of parameters: a test of its value, and its rule in words."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

URL_CHARACTERS = 2048

Rule = tuple[Callable[[object], bool], str]


def parse_object(body: bytes) -> dict[str, Any]:
    """Raises ValueError unless it is a JSON object."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise ValueError("Request body must be valid JSON") from exc
    if not isinstance(parsed, dict):
        raise ValueError("Request body must be a JSON object")
    return parsed


def broken(rules: Mapping[str, Rule], body: Mapping[str, object]) -> str | None:
    """The first parameter given against its rule; one that is null is as one not given."""
    given = ((name, body[name]) for name in rules if body.get(name) is not None)
    return next((name for name, value in given if not rules[name][0](value)), None)


def is_url(value: object) -> bool:
    if not isinstance(value, str) or len(value) > URL_CHARACTERS:
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def one_of(words: tuple[str, ...]) -> Rule:
    return (lambda value: isinstance(value, str) and value in words), f"one of {', '.join(words)}"


def urls(most: int | None = None) -> Rule:
    words = "an array of URLs" if most is None else f"an array of at most {most} URLs"
    return (
        lambda value: isinstance(value, list) and all(map(is_url, value)) and (most is None or len(value) <= most)
    ), words


URL: Rule = (is_url, "a URL")
BOOLEAN: Rule = (lambda value: isinstance(value, bool), "a boolean")
