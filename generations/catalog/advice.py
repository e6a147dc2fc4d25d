"""Soft warnings: what is legal and can be made, but is seldom what somebody wants. They never stop anything."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from .shapes import AUTOMATIC, Field, Resolved

SHORT_PROMPT = 10  # characters; one of Chinese says as much as two
FREE_RATIOS = ("adaptive", "keep_ratio")


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """`code` names the rule, `field` the parameter to look at, `message` says it in the reader's language."""

    code: str
    field: str
    message: str


def advice(resolved: Resolved, *, variations: int = 1) -> tuple[Advice, ...]:
    """All there is to say of a request that is asked for so many times."""
    found = [rule(resolved) for rule in _RULES]
    return tuple(filter(None, [*found, _same_seed(resolved, variations)]))


def _short_prompt(resolved: Resolved) -> Advice | None:
    text = resolved.request.prompt.strip()
    if not text or sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text) >= SHORT_PROMPT:
        return None
    message = _("The prompt is very short: say what is seen, how it moves, and in what light.")
    return Advice(code="short_prompt", field="prompt", message=message)


def _last_frame_alone(resolved: Resolved) -> Advice | None:
    if not resolved.request.last_frame_url or resolved.request.first_frame_url:
        return None
    message = _("There is a last frame and no first frame: what the clip begins with is left to chance.")
    return Advice(code="last_frame_without_first", field="last_frame_url", message=message)


def _two_leads(resolved: Resolved) -> Advice | None:
    request = resolved.request
    if not request.first_frame_url or not request.image_urls:
        return None
    message = _("A first frame and reference images ask for different things: only one of them can lead the clip.")
    return Advice(code="first_frame_with_references", field="image_urls", message=message)


def _fixed_ratio(resolved: Resolved) -> Advice | None:
    """An image to start from has a shape of its own."""
    ratio = _field(resolved, "aspect_ratio")
    if ratio is None or "adaptive" not in ratio.choices or resolved.request.aspect_ratio in FREE_RATIOS:
        return None
    request, has_frames = resolved.request, any(each.name == "first_frame_url" for each in resolved.spec.inputs)
    starts = [request.first_frame_url, request.last_frame_url] if has_frames else request.image_urls
    if not any(starts):
        return None
    message = _("The aspect ratio is fixed: an image of another shape is cut. Adaptive keeps the shape of the image.")
    return Advice(code="fixed_aspect_ratio", field="aspect_ratio", message=message)


def _unheard_sounds(resolved: Resolved) -> Advice | None:
    if not resolved.request.audio_urls or resolved.request.generate_audio is not False:
        return None
    message = _("Sounds are given, but a silent clip is asked for: they will not be heard.")
    return Advice(code="sounds_without_sound", field="generate_audio", message=message)


def _automatic_duration(resolved: Resolved) -> Advice | None:
    if resolved.request.duration != AUTOMATIC:
        return None
    message = _("The model decides the length. Until then credits are held for the longest, %(seconds)s s.")
    seconds = max(resolved.spec.field("duration").choices)
    return Advice(code="automatic_duration", field="duration", message=message % {"seconds": seconds})


def _dearest(resolved: Resolved) -> Advice | None:
    """Only where a model goes to 4k and 60 frames a second."""
    request = resolved.request
    duration = _field(resolved, "duration")
    if duration is None or (request.resolution, request.fps) != ("4k", 60) or request.duration != max(duration.choices):
        return None
    message = _("4k at 60 fps for %(seconds)s s is the dearest clip there is. Try the prompt with a small one first.")
    return Advice(code="dearest", field="resolution", message=message % {"seconds": request.duration})


def _same_seed(resolved: Resolved, variations: int) -> Advice | None:
    if variations < 2 or resolved.request.seed is None:
        return None
    message = _("One seed for several variations makes the same of each. Leave the seed open.")
    return Advice(code="seed_with_variations", field="seed", message=message)


def _field(resolved: Resolved, name: str) -> Field | None:
    return next((each for each in resolved.spec.fields if each.name == name), None)


_RULES: tuple[Callable[[Resolved], Advice | None], ...] = (
    _short_prompt,
    _last_frame_alone,
    _two_leads,
    _fixed_ratio,
    _unheard_sounds,
    _automatic_duration,
    _dearest,
)
