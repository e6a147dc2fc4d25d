"""The words people read for the values that programs send: chips, rows, cards and hints take them from here."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from .catalog import ModelSpec, json_word
from .pricing import Alternative


def choice(name: str, value: Any) -> str:
    """A chosen value on its own: 5 s, With sound, Adaptive."""
    if name == "duration":
        return _("%(seconds)s s") % {"seconds": value}
    if name == "generate_audio":
        return _("With sound") if value else _("Silent")
    if name == "aspect_ratio" and value in ("adaptive", "keep_ratio"):
        return _("Adaptive") if value == "adaptive" else _("Keep ratio")
    return json_word(value)


def in_a_row(name: str, value: Any) -> str:
    """The same value after others: 720p · 5 s · with sound."""
    if name == "generate_audio":
        return _("with sound") if value else _("silent")
    return choice(name, value)


def summary(params: Mapping[str, Any], names: Sequence[str] = ("resolution", "duration", "generate_audio")) -> str:
    """What sets the price, in one row."""
    return " · ".join(in_a_row(name, params[name]) for name in names if name in params)


def cheaper(alternatives: Sequence[Alternative], params: Mapping[str, Any]) -> str:
    """What at most two cheaper choices would cost, in one sentence; empty where there is none."""
    named = [(_change(each.changes, params), each.total_credits) for each in alternatives[:2]]
    if not named:
        return ""
    if len(named) == 1:
        return _("%(choice)s would cost %(credits)s.") % {"choice": named[0][0], "credits": named[0][1]}
    (first, first_credits), (second, second_credits) = named
    words = {"first": first, "first_credits": first_credits, "second": second, "second_credits": second_credits}
    return _("%(first)s would cost %(first_credits)s, %(second)s %(second_credits)s.") % words


def chosen(spec: ModelSpec, params: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Each field of the model with what was chosen, labelled."""
    return [(str(field.label), choice(field.name, params[field.name])) for field in spec.fields if field.name in params]


def _change(changes: Mapping[str, Any], params: Mapping[str, Any]) -> str:
    words = " ".join(choice(name, value) for name, value in changes.items())
    if params.get("generate_audio") and "generate_audio" not in changes:
        return _("%(choice)s with sound") % {"choice": words}
    return words
