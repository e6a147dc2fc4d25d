"""What a request to SEE2AI may say: its document's parameters, with their types, defaults and limits."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.chance import chance_of
from sandbox.clips import size_of
from sandbox.rules import BOOLEAN, URL, Rule, broken, is_whole, one_of, urls

MODELS = ("doubao-seedance-2-0-260128", "doubao-seedance-2-0-fast-260128")
FAST_MODEL = MODELS[1]
RATIOS = ("adaptive", "16:9", "9:16", "1:1", "21:9", "4:3", "3:4")
SHORT_SIDES = {"480p": 480, "720p": 720}
SHORTEST, LONGEST, MODELS_CHOICE = 4, 15, -1
REFERENCES = 3
LONG_PROMPT_CHARACTERS = 500
FRAMES_A_SECOND = 24

TOKENS_A_REFERENCE = 1000
TOKENS_AN_UPLOAD = 20_000
FAST_PRICE_PERCENT = 80


class BadParameter(Exception):
    """One missing, or not as documented; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """As asked, with the documented defaults; `duration` is never -1, but what was chosen then."""

    model_name: str
    prompt: str
    images: tuple[str, ...]
    videos: tuple[str, ...]
    audios: tuple[str, ...]
    first_frame_url: str | None
    last_frame_url: str | None
    duration: int
    resolution: str
    aspect_ratio: str
    generate_audio: bool
    force_asset_upload: bool
    sync: bool

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> "Wanted":
        """Raises BadParameter."""
        for name in NEVER_NULL:
            if name in body and body[name] is None:
                raise BadParameter(f"{name} must be {RULES[name][1]}")
        wrong = broken(RULES, body)
        if wrong is not None:
            raise BadParameter(f"{wrong} must be {RULES[wrong][1]}")
        given = DEFAULTS | {name: body[name] for name in RULES if body.get(name) is not None}
        wanted = cls(
            prompt=given["prompt"],
            images=_all_of(given, "non_face_image_url", "non_face_image_urls", "face_image_url"),
            videos=_all_of(given, "video_url", "video_urls"),
            audios=_all_of(given, "audio_url", "audio_urls"),
            duration=_chosen_duration(given["prompt"]) if given["duration"] == MODELS_CHOICE else given["duration"],
            **{name: given[name] for name in PLAIN},
        )
        if not (wanted.prompt.strip() or wanted.images or wanted.videos or wanted.first_frame_url):
            raise BadParameter("prompt is missing, and there is no image or video to go by")
        return wanted

    @property
    def kind(self) -> str:
        pictured = self.images or self.videos or self.first_frame_url or self.last_frame_url
        return "image_to_video" if pictured else "text_to_video"

    @property
    def size(self) -> tuple[int, int]:
        """Width and height; adaptive is 16:9, as the images are never looked at."""
        ratio = "16:9" if self.aspect_ratio == "adaptive" else self.aspect_ratio
        return size_of(ratio, short_side=SHORT_SIDES[self.resolution])

    @property
    def warnings(self) -> list[str]:
        """What is legal, but a poor choice."""
        poor = {
            "force_asset_upload makes it slow and costs many tokens: leave it off": self.force_asset_upload,
            "reference images and a first frame together: the references may be left unseen": bool(
                self.images and self.first_frame_url
            ),
            f"the prompt is longer than {LONG_PROMPT_CHARACTERS} characters: shorten it": (
                len(self.prompt) > LONG_PROMPT_CHARACTERS
            ),
        }
        return [words for words, holds in poor.items() if holds]

    @property
    def input_tokens(self) -> int:
        """One a character, 1,000 a reference or frame, and 20,000 more for each image and video uploaded by force."""
        pictures = [*self.images, *self.videos, *filter(None, (self.first_frame_url, self.last_frame_url))]
        uploads = len(pictures) if self.force_asset_upload else 0
        references = len(pictures) + len(self.audios)
        return len(self.prompt) + TOKENS_A_REFERENCE * references + TOKENS_AN_UPLOAD * uploads

    @property
    def output_tokens(self) -> int:
        """Width by height by frames, by 1024, rounded up."""
        width, height = self.size
        return math.ceil(width * height * self.duration * FRAMES_A_SECOND / 1024)

    @property
    def cost_points(self) -> int:
        """All its tokens; 80 % of them for the fast model, rounded up."""
        percent = FAST_PRICE_PERCENT if self.model_name == FAST_MODEL else 100
        return math.ceil((self.input_tokens + self.output_tokens) * percent / 100)


def _all_of(given: Mapping[str, Any], *names: str) -> tuple[str, ...]:
    values = (given[name] for name in names if name in given)
    return tuple(url for value in values for url in (value if isinstance(value, list) else [value]))


def _chosen_duration(prompt: str) -> int:
    """Seconds for a duration of -1; the same prompt always has the same."""
    return chance_of(prompt).randint(SHORTEST, LONGEST)


def _is_duration(value: object) -> bool:
    fits = isinstance(value, int) and (value == MODELS_CHOICE or SHORTEST <= value <= LONGEST)
    return is_whole(value) and fits


RULES: dict[str, Rule] = {
    "model_name": one_of(MODELS),
    "prompt": (lambda value: isinstance(value, str), "a string"),
    "non_face_image_url": URL,
    "non_face_image_urls": urls(),
    "face_image_url": URL,
    "video_url": URL,
    "video_urls": urls(REFERENCES),
    "audio_url": URL,
    "audio_urls": urls(REFERENCES),
    "first_frame_url": URL,
    "last_frame_url": URL,
    "duration": (_is_duration, f"an integer from {SHORTEST} to {LONGEST}, or {MODELS_CHOICE}"),
    "resolution": one_of(tuple(SHORT_SIDES)),
    "aspect_ratio": one_of(RATIOS),
    "watermark": BOOLEAN,
    "generate_audio": BOOLEAN,
    "enable_web_search": BOOLEAN,
    "force_asset_upload": BOOLEAN,
    "sync": BOOLEAN,
}
NEVER_NULL = ("model_name", "sync")
PLAIN = (
    *("model_name", "first_frame_url", "last_frame_url", "resolution", "aspect_ratio"),
    *("generate_audio", "force_asset_upload", "sync"),
)
DEFAULTS: dict[str, Any] = {
    "model_name": MODELS[0],
    "prompt": "",
    "first_frame_url": None,
    "last_frame_url": None,
    "duration": 5,
    "resolution": "720p",
    "aspect_ratio": "adaptive",
    "generate_audio": True,
    "force_asset_upload": False,
    "sync": True,
}
