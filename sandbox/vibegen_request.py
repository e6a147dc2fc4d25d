"""What a request to vibegen may say: its document's parameters, defaults, limits and prices."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.clips import size_of
from sandbox.rules import BOOLEAN, URL, Rule, broken, one_of, parse_object, urls

MODELS = ("seedance 2.0",)
STATUSES = ("pending", "processing", "completed", "failed")
RATIOS = ("16:9", "9:16", "1:1", "21:9", "4:3", "3:4", "9:21", "adaptive", "keep_ratio")
SHORT_SIDES = {"480p": 480, "720p": 720, "1080p": 1080}
DURATIONS = (5, 10)
PROMPT_CHARACTERS = 2000
# Resolution and seconds, to credits: silent, with sound.
CREDITS = {
    ("480p", 5): (15, 20),
    ("720p", 5): (30, 43),
    ("1080p", 5): (50, 90),
    ("480p", 10): (25, 40),
    ("720p", 10): (45, 86),
    ("1080p", 10): (100, 180),
}


class Refusal(Exception):
    """An answer in the documented error envelope."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    model: str
    prompt: str
    image_urls: tuple[str, ...]
    duration: int
    aspect_ratio: str
    resolution: str
    generate_audio: bool
    callback_url: str | None

    @classmethod
    def from_body(cls, body: dict[str, Any]) -> "Wanted":
        """Raises Refusal."""
        missing = [name for name in ("model", "prompt") if not body.get(name)]
        if missing:
            raise Refusal("INVALID_PARAMETER", f"Missing required parameters: {', '.join(missing)}")
        wrong = broken(RULES, body)
        if wrong is not None:
            raise Refusal("INVALID_PARAMETER", f"Invalid parameter: {wrong} must be {RULES[wrong][1]}")
        given = DEFAULTS | {name: body[name] for name in RULES if body.get(name) is not None}
        return cls(**given | {"duration": int(given["duration"]), "image_urls": tuple(given["image_urls"])})

    @property
    def size(self) -> tuple[int, int]:
        """Width and height; where the ratio is the images' own, 16:9, as they are never looked at."""
        ratio = self.aspect_ratio if ":" in self.aspect_ratio else "16:9"
        return size_of(ratio, short_side=SHORT_SIDES[self.resolution])

    @property
    def credits(self) -> int:
        return CREDITS[self.resolution, self.duration][self.generate_audio]


def parse_body(body: bytes) -> dict[str, Any]:
    """Raises Refusal unless it is a JSON object."""
    try:
        return parse_object(body)
    except ValueError as exc:
        raise Refusal("INVALID_PARAMETER", str(exc)) from exc


def parse_number(query: Mapping[str, str], name: str, *, default: int, least: int, most: int) -> int:
    """Raises Refusal."""
    text = query.get(name, str(default))
    if not text.isdecimal() or len(text) > 10 or not least <= int(text) <= most:
        raise Refusal("INVALID_PARAMETER", f"Invalid parameter: {name} must be from {least} to {most}")
    return int(text)


def _is_prompt(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip()) and len(value) <= PROMPT_CHARACTERS


def _is_duration(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value in DURATIONS


RULES: dict[str, Rule] = {
    "model": one_of(MODELS),
    "prompt": (_is_prompt, f"a string of at most {PROMPT_CHARACTERS} characters"),
    "image_urls": urls(),
    "duration": (_is_duration, "5 or 10"),
    "aspect_ratio": one_of(RATIOS),
    "resolution": one_of(tuple(SHORT_SIDES)),
    "generate_audio": BOOLEAN,
    "callback_url": URL,
}
DEFAULTS: dict[str, Any] = {
    "image_urls": (),
    "duration": 5,
    "aspect_ratio": "16:9",
    "resolution": "480p",
    "generate_audio": False,
    "callback_url": None,
}
