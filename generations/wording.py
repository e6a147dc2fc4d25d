"""The words people read for the values that programs send: chips, rows, cards and hints take them from here."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from .catalog import AUTOMATIC, ModelSpec, json_word
from .pricing import Alternative

IN_A_ROW = ("resolution", "duration", "fps", "quality", "count", "generate_audio")
_WORDS = {
    ("aspect_ratio", "adaptive"): gettext_lazy("Adaptive"),
    ("aspect_ratio", "keep_ratio"): gettext_lazy("Keep ratio"),
    ("quality", "standard"): gettext_lazy("Standard"),
    ("quality", "high"): gettext_lazy("High"),
    ("style", "oil_painting"): gettext_lazy("Oil painting"),
    ("style", "watercolor"): gettext_lazy("Watercolor"),
    ("style", "cyberpunk"): gettext_lazy("Cyberpunk"),
    ("generate_audio", True): gettext_lazy("With sound"),
    ("generate_audio", False): gettext_lazy("Silent"),
}
_WORDS_IN_A_ROW = {
    ("quality", "standard"): gettext_lazy("standard quality"),
    ("quality", "high"): gettext_lazy("high quality"),
    ("generate_audio", True): gettext_lazy("with sound"),
    ("generate_audio", False): gettext_lazy("silent"),
}
_WORDS_AT_THE_START = {
    ("quality", "standard"): gettext_lazy("Standard quality"),
    ("quality", "high"): gettext_lazy("High quality"),
}
_TASK_TYPES = {
    "text_to_video": gettext_lazy("Text to video"),
    "image_to_video": gettext_lazy("Image to video"),
    "text_to_image": gettext_lazy("Text to image"),
}


def task_type(name: str) -> str:
    """What was made of what: Text to video."""
    return str(_TASK_TYPES.get(name, name))


def choice(name: str, value: Any) -> str:
    """A chosen value on its own: 5 s, With sound, Adaptive."""
    if (name, value) in _WORDS:
        return str(_WORDS[name, value])
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if name == "duration":
        return _("Automatic") if value == AUTOMATIC else _("%(seconds)s s") % {"seconds": value}
    if name == "fps":
        return _("%(frames)s fps") % {"frames": value}
    if name == "count":
        return ngettext("%(count)s image", "%(count)s images", value) % {"count": value}
    if name == "resolution":
        return str(value).replace("x", " × ")
    return json_word(value)


def in_a_row(name: str, value: Any) -> str:
    """The same value after others: 720p · 5 s · with sound."""
    words = _WORDS_IN_A_ROW.get((name, value))
    return str(words) if words else choice(name, value)


def summary(params: Mapping[str, Any], names: Sequence[str] = IN_A_ROW) -> str:
    """What sets the price, in one row."""
    return " · ".join(in_a_row(name, params[name]) for name in names if name in params)


def line(conditions: Mapping[str, Any], unit: str, quantity: int, *, is_most: bool = False) -> str:
    """What a line of a quote is of: 720p · 24 fps · 5 s. `is_most` where it is the longest that may come of it."""
    counted = {
        "second": _("up to %(seconds)s s") % {"seconds": quantity} if is_most else choice("duration", quantity),
        "image": choice("count", quantity),
    }
    return " · ".join(filter(None, (summary(conditions), counted.get(unit, ""))))


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
    words = " ".join(_at_the_start(name, value) for name, value in changes.items())
    if params.get("generate_audio") and "generate_audio" not in changes:
        return _("%(choice)s with sound") % {"choice": words}
    return words


def _at_the_start(name: str, value: Any) -> str:
    words = _WORDS_AT_THE_START.get((name, value))
    return str(words) if words else choice(name, value)
