"""What pydantic finds wrong with a query or a body, in the words and names that the rest of the API has for it."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

MOST_NAMED = 5

# The keys of a finding's `ctx` that are a bound, and how it is told; others only describe what came.
_BOUNDS = {
    "min_length": "must have at least {limit} {unit}",
    "max_length": "must have at most {limit} {unit}",
    "ge": "must be at least {limit}",
    "gt": "must be more than {limit}",
    "le": "must be at most {limit}",
    "lt": "must be less than {limit}",
    "pattern": "must match {limit}",
}
# By the first word of pydantic's name for the finding.
_TYPES = {
    "string": "a string",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
    "dict": "an object",
    "model": "an object",
    "uuid": "an id",
    "datetime": "a moment such as 2031-01-31T12:00:00Z",
}


class Finding(NamedTuple):
    field: str
    constraint: str
    limit: Any
    message: str


def first_of(found: Sequence[dict[str, Any]]) -> Finding:
    """The first finding; unknown fields are named together."""
    first = found[0]
    field = _field(first)
    kind, context = first["type"], first.get("ctx", {})
    if kind == "extra_forbidden":
        unknown = sorted(_field(each) for each in found if each["type"] == kind)
        names = ", ".join(unknown[:MOST_NAMED])
        return Finding(names, "unknown", None, f"Unknown parameters: {names}")
    if kind == "missing":
        return Finding(field, "required", None, f"{field} is needed.")
    if kind == "timezone_aware":
        return Finding(field, "type", "date-time", f"{field} must include a time zone.")
    if kind in ("enum", "literal_error"):
        offered = re.findall(r"'([^']*)'", str(context["expected"]))
        return Finding(field, "one_of", offered, f"{field} must be one of: {', '.join(offered)}.")
    for name in _BOUNDS.keys() & context.keys():
        limit = context[name]
        noun = "character" if kind.startswith("string") else "item"
        words = _BOUNDS[name].format(limit=limit, unit=noun if limit == 1 else f"{noun}s")
        return Finding(field, name, limit, f"{field} {words}.")
    if expected := _TYPES.get(kind.partition("_")[0]):
        return Finding(field, "type", expected, f"{field} must be {expected}.")
    return Finding(field, "value", None, f"{field} is not valid.")


def _field(finding: dict[str, Any]) -> str:
    """The name of the field, for a list's item that of the list."""
    name = next(part for part in reversed(finding["loc"]) if isinstance(part, str))
    return name[:60].encode("unicode_escape").decode()
