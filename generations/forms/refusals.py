"""What intake, catalog and gate refuse, in the reader's language; where there are no words for it, in the API's."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from generations import wording
from generations.catalog import Field, Input, Kind, ModelSpec
from generations.intake import InvalidParameter

from .fields import FIELDS, INPUTS, VARIATIONS

_FIELDS = {**FIELDS, VARIATIONS.name: VARIATIONS}


def refusal(error: InvalidParameter, spec: ModelSpec | None = None) -> str:
    """What is wrong with it. `spec` is the model that was asked for, where it is known."""
    subject = _named_in(spec, error.field) or INPUTS.get(error.field) or _FIELDS.get(error.field)
    if error.field == "prompt":
        words = _of_prompt(error, is_image=bool(spec and spec.kind == Kind.IMAGE))
    elif isinstance(subject, Input):
        words = _of_input(error, subject)
    elif isinstance(subject, Field):
        words = _of_field(error, subject)
    else:
        words = _of_model(error)
    return words or error.message


def prompt_too_long(over: int, limit: int) -> str:
    return ngettext(
        "The prompt is %(over)s character too long: %(limit)s at most.",
        "The prompt is %(over)s characters too long: %(limit)s at most.",
        over,
    ) % {"over": over, "limit": limit}


def names(labels: list[str]) -> str:
    return pgettext("between the names of a list", ", ").join(labels)


def _named_in(spec: ModelSpec | None, name: str) -> Input | Field | None:
    all_of_it: tuple[Input | Field, ...] = (*spec.inputs, *spec.fields) if spec else ()
    return next((each for each in all_of_it if each.name == name), None)


def _of_prompt(error: InvalidParameter, *, is_image: bool) -> str:
    match error.constraint:
        case "required" if is_image:
            return _("Describe what the image should show.")
        case "required":
            return _("Describe what the clip should show.")
        case "max_length":
            return prompt_too_long(error.value - error.limit, error.limit)
        case "text":
            return _("The prompt holds a character that is not text. Remove it.")
    return ""


def _of_model(error: InvalidParameter) -> str:
    match error.field, error.constraint:
        case "model", "one_of":
            return _("There is no such model here. Choose another.")
        case "model", "not_offered":
            return _("No provider makes this combination of choices. Choose another resolution or aspect ratio.")
    return ""


def _of_field(error: InvalidParameter, field: Field) -> str:
    label = str(field.label)
    match error.constraint:
        case "one_of" | "type" if field.choices:
            offered = names([wording.choice(field.name, value) for value in field.choices])
            return _("%(label)s must be one of: %(offered)s.") % {"label": label, "offered": offered}
        case "range" | "type" if field.minimum is not None:
            bounds = {"label": label, "least": field.minimum, "most": field.maximum}
            return _("%(label)s must be a whole number from %(least)s to %(most)s.") % bounds
        case "max_length":
            return ngettext(
                "%(label)s may have at most %(limit)s character.",
                "%(label)s may have at most %(limit)s characters.",
                error.limit,
            ) % {"label": label, "limit": error.limit}
        case "text":
            return _("%(label)s holds a character that is not text. Remove it.") % {"label": label}
        case "not_offered":
            return _("This model has no such choice: %(label)s.") % {"label": label}
    return ""


def _of_input(error: InvalidParameter, each: Input) -> str:
    match error.constraint:
        case "max_items":
            return _at_most(each.media, error.limit)
        case "not_offered":
            return _("This model takes no such input: %(label)s.") % {"label": each.label}
        case "required":
            return _("Add at least one image, by link or by upload.")
        case "upload":
            return _("An uploaded image is no longer there. Upload it again.")
    words: dict[tuple[str, bool], Callable[[], str]] = {
        ("public_url", True): lambda: _("An image link must be a public http or https address."),
        ("public_url", False): lambda: _("A link must be a public http or https address."),
        ("max_length", True): lambda: _("An image link is too long."),
        ("max_length", False): lambda: _("A link is too long."),
        ("text", True): lambda: _("A link holds a character that is not text. Remove it."),
        ("text", False): lambda: _("A link holds a character that is not text. Remove it."),
    }
    found = words.get((error.constraint, each.media == "image"))
    return found() if found else ""


def _at_most(media: str, limit: Any) -> str:
    words = {
        "image": ngettext("At most %(limit)s image.", "At most %(limit)s images.", limit),
        "video": ngettext("At most %(limit)s clip.", "At most %(limit)s clips.", limit),
        "audio": ngettext("At most %(limit)s sound.", "At most %(limit)s sounds.", limit),
    }
    return words[media] % {"limit": limit}
