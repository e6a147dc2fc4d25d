"""What a request to seedance2api may say: its document's parameters of videos and of images, and their limits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.chance import chance_of
from sandbox.clips import Clip, Still
from sandbox.rules import is_url, is_whole, parse_object

PROMPT_CHARACTERS = 300
VIDEO_MODELS = ("seedance-1.0", "seedance-1.5-pro", "seedance-2.0")
VIDEO_SIZES = {"720p": (1280, 720), "1080p": (1920, 1080), "4k": (3840, 2160)}
DURATIONS = (5, 30)
FRAME_RATES = (24, 30, 60)
IMAGE_MODELS = ("seedream-3.0", "seedream-4.0", "seedream-4.5", "seedream-5.0")
IMAGE_SIDES = {"1024x1024": 1024, "2048x2048": 2048, "4k": 4096}
QUALITIES = ("standard", "high")
IMAGES_AT_ONCE = (1, 4)


class Refusal(Exception):
    """A documented error; `details` are the documented ones, or empty."""

    def __init__(self, status: int, code: str, message: str, details: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.details = status, code, message, details or {}


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedVideo:
    prompt: str
    model: str
    duration: int
    resolution: str
    fps: int
    image_input: str | None
    webhook_url: str | None

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> "WantedVideo":
        """Raises Refusal."""
        return cls(**_checked(body, VIDEO_RULES, required=("prompt", "model", "duration"), defaults=VIDEO_DEFAULTS))

    @property
    def clip(self) -> Clip:
        """Silent, as no parameter asks for sound."""
        width, height = VIDEO_SIZES[self.resolution]
        return Clip(self.prompt, width, height, self.duration, False, self.fps)


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedImages:
    prompt: str
    model: str
    resolution: str
    quality: str
    num_images: int
    seed: int | None
    style: str
    webhook_url: str | None

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> "WantedImages":
        """Raises Refusal."""
        return cls(**_checked(body, IMAGE_RULES, required=("prompt", "model"), defaults=IMAGE_DEFAULTS))

    @property
    def stills(self) -> tuple[Still, ...]:
        """Each of its own, the same for the same seed; without one, the prompt is the seed."""
        side = IMAGE_SIDES[self.resolution]
        seed = chance_of(self.prompt).getrandbits(31) if self.seed is None else self.seed
        numbers = range(1, self.num_images + 1)
        return tuple(Still(self.prompt, side, side, seed, number, self.quality, self.style) for number in numbers)


def parse_body(body: bytes) -> dict[str, Any]:
    """Raises Refusal unless it is a JSON object."""
    try:
        return parse_object(body)
    except ValueError as exc:
        raise Refusal(400, "INVALID_REQUEST", str(exc)) from exc


Check = Callable[[object], tuple[str, object] | None]
"""The constraint that a value breaks, and its limit; None where it breaks none."""


def _checked(
    body: Mapping[str, Any], rules: Mapping[str, Check], *, required: tuple[str, ...], defaults: Mapping[str, Any]
) -> dict[str, Any]:
    """A parameter that is null is as one not given. Raises Refusal."""
    given = {name: body[name] for name in rules if body.get(name) is not None}
    for name in required:
        if name not in given:
            raise _invalid(name, None, "required", True)
    for name, value in given.items():
        wrong = rules[name](value)
        if wrong is not None:
            raise _invalid(name, value, *wrong)
    return {**defaults, **given}


def _invalid(field: str, value: object, constraint: str, limit: object) -> Refusal:
    messages = {
        ("prompt", "max_length"): f"Prompt is too long (max {PROMPT_CHARACTERS} characters)",
        (field, "required"): f"{field} is required",
    }
    message = messages.get((field, constraint), f"{field} is invalid ({constraint}: {limit})")
    code = "INVALID_PROMPT" if field == "prompt" else "INVALID_REQUEST"
    details = {"field": field, "value": value, "constraint": constraint, "limit": limit}
    return Refusal(400, code, message, details)


def _prompt(value: object) -> tuple[str, object] | None:
    if not isinstance(value, str):
        return "type", "string"
    if not value.strip():
        return "min_length", 1
    return ("max_length", PROMPT_CHARACTERS) if len(value) > PROMPT_CHARACTERS else None


def _one_of(words: tuple[str | int, ...]) -> Check:
    def check(value: object) -> tuple[str, object] | None:
        # True is 1 to Python, but not to JSON.
        return None if (isinstance(value, str) or is_whole(value)) and value in words else ("enum", list(words))

    return check


def _whole_from(least: int, most: int) -> Check:
    def check(value: object) -> tuple[str, object] | None:
        if not isinstance(value, int) or not is_whole(value):
            return "type", "integer"
        if value < least:
            return "minimum", least
        return ("maximum", most) if value > most else None

    return check


def _url(value: object) -> tuple[str, object] | None:
    return None if is_url(value) else ("format", "url")


VIDEO_RULES: dict[str, Check] = {
    "prompt": _prompt,
    "model": _one_of(VIDEO_MODELS),
    "duration": _whole_from(*DURATIONS),
    "resolution": _one_of(tuple(VIDEO_SIZES)),
    "fps": _one_of(FRAME_RATES),
    "image_input": _url,
    "webhook_url": _url,
}
VIDEO_DEFAULTS = {"resolution": "720p", "fps": 24, "image_input": None, "webhook_url": None}
IMAGE_RULES: dict[str, Check] = {
    "prompt": _prompt,
    "model": _one_of(IMAGE_MODELS),
    "resolution": _one_of(tuple(IMAGE_SIDES)),
    "quality": _one_of(QUALITIES),
    "num_images": _whole_from(*IMAGES_AT_ONCE),
    "seed": lambda value: None if is_whole(value) else ("type", "integer"),
    "style": lambda value: None if isinstance(value, str) and value.strip() else ("type", "string"),
    "webhook_url": _url,
}
IMAGE_DEFAULTS = {
    "resolution": "1024x1024",
    "quality": "standard",
    "num_images": 1,
    "seed": None,
    "style": "",
    "webhook_url": None,
}
