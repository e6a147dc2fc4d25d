"""What people read for the tags that machines read off clips, in each language; machines have no common spelling."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override, pgettext_lazy

from . import words
from .models import Tag

LEAST_PREFIX = 2
LEAST_LAST_WORD = 3  # of several words, to be looked for while it is begun
_BETWEEN = re.compile(r"[\s_\-\u2010-\u2015]+")
_SHOT_SIZES: dict[str, Promise | str] = {
    "extreme close up": pgettext_lazy("clip tag", "Extreme close-up"),
    "close up": pgettext_lazy("clip tag", "Close-up"),
    "medium close up": pgettext_lazy("clip tag", "Medium close-up"),
    "medium": pgettext_lazy("clip tag", "Medium shot"),
    "medium wide": pgettext_lazy("clip tag", "Medium wide shot"),
    "full": pgettext_lazy("clip tag", "Full shot"),
    "wide": pgettext_lazy("clip tag", "Wide shot"),
    "extreme wide": pgettext_lazy("clip tag", "Extreme wide shot"),
}
_MOVEMENTS: dict[str, Promise | str] = {
    "static": pgettext_lazy("clip tag", "Static camera"),
    "pan": pgettext_lazy("clip tag", "Pan"),
    "pan left": pgettext_lazy("clip tag", "Pan left"),
    "pan right": pgettext_lazy("clip tag", "Pan right"),
    "tilt": pgettext_lazy("clip tag", "Tilt"),
    "tilt up": pgettext_lazy("clip tag", "Tilt up"),
    "tilt down": pgettext_lazy("clip tag", "Tilt down"),
    "push in": pgettext_lazy("clip tag", "Push in"),
    "pull out": pgettext_lazy("clip tag", "Pull out"),
    "truck left": pgettext_lazy("clip tag", "Truck left"),
    "truck right": pgettext_lazy("clip tag", "Truck right"),
    "pedestal up": pgettext_lazy("clip tag", "Camera rises"),
    "pedestal down": pgettext_lazy("clip tag", "Camera sinks"),
    "tracking": pgettext_lazy("clip tag", "Tracking shot"),
    "handheld": pgettext_lazy("clip tag", "Handheld"),
    "crane": pgettext_lazy("clip tag", "Crane shot"),
    "crane up": pgettext_lazy("clip tag", "Crane up"),
    "crane down": pgettext_lazy("clip tag", "Crane down"),
    "orbit": pgettext_lazy("clip tag", "Orbit"),
    "aerial": pgettext_lazy("clip tag", "Aerial shot"),
    "roll": pgettext_lazy("clip tag", "Camera rolls"),
    "zoom": pgettext_lazy("clip tag", "Zoom"),
    "zoom in": pgettext_lazy("clip tag", "Zoom in"),
    "zoom out": pgettext_lazy("clip tag", "Zoom out"),
    "moving": pgettext_lazy("clip tag", "Moving camera"),
}
_ANGLES: dict[str, Promise | str] = {
    "eye level": pgettext_lazy("clip tag", "Eye level"),
    "low": pgettext_lazy("clip tag", "Low angle"),
    "high": pgettext_lazy("clip tag", "High angle"),
    "overhead": pgettext_lazy("clip tag", "Overhead"),
    "dutch": pgettext_lazy("clip tag", "Dutch angle"),
    "bird's eye": pgettext_lazy("clip tag", "Bird's-eye view"),
    "worm's eye": pgettext_lazy("clip tag", "Worm's-eye view"),
    "ground level": pgettext_lazy("clip tag", "Ground level"),
    "shoulder level": pgettext_lazy("clip tag", "Shoulder level"),
    "over the shoulder": pgettext_lazy("clip tag", "Over the shoulder"),
    "point of view": pgettext_lazy("clip tag", "Point of view"),
}
_KNOWN: dict[str, dict[str, Promise | str]] = {
    Tag.Kind.SHOT_SIZE: _SHOT_SIZES,
    Tag.Kind.CAMERA_MOVEMENT: _MOVEMENTS,
    Tag.Kind.ANGLE: _ANGLES,
}
KINDS: dict[str, Promise | str] = {
    Tag.Kind.SHOT_SIZE: _("Shot size"),
    Tag.Kind.CAMERA_MOVEMENT: _("Camera movement"),
    Tag.Kind.ANGLE: _("Camera angle"),
    Tag.Kind.OTHER: _("What else is seen"),
}
_LABELS = {known: words for labels in _KNOWN.values() for known, words in labels.items()}
_ALIASES = {
    "big close up": "extreme close up",
    "extreme closeup": "extreme close up",
    "ecu": "extreme close up",
    "closeup": "close up",
    "cu": "close up",
    "medium closeup": "medium close up",
    "mcu": "medium close up",
    "mid": "medium",
    "medium long": "medium wide",
    "medium full": "medium wide",
    "cowboy": "medium wide",
    "long": "wide",
    "extreme long": "extreme wide",
    "very wide": "extreme wide",
    "establishing": "extreme wide",
    "fixed": "static",
    "still": "static",
    "none": "static",
    "dolly in": "push in",
    "dolly out": "pull out",
    "pull back": "pull out",
    "dolly": "tracking",
    "follow": "tracking",
    "following": "tracking",
    "hand held": "handheld",
    "shake": "handheld",
    "arc": "orbit",
    "drone": "aerial",
    "birdseye": "bird's eye",
    "birds eye": "bird's eye",
    "bird eye": "bird's eye",
    "worms eye": "worm's eye",
    "top down": "overhead",
    "top": "overhead",
    "canted": "dutch",
    "tilted": "dutch",
    "pov": "point of view",
    "大特写": "extreme close up",
    "特写": "close up",
    "近景": "medium close up",
    "中近景": "medium close up",
    "中景": "medium",
    "中全景": "medium wide",
    "全景": "full",
    "远景": "wide",
    "大远景": "extreme wide",
    "固定": "static",
    "固定镜头": "static",
    "左摇": "pan left",
    "右摇": "pan right",
    "上摇": "tilt up",
    "下摇": "tilt down",
    "推": "push in",
    "推镜头": "push in",
    "拉": "pull out",
    "拉镜头": "pull out",
    "跟拍": "tracking",
    "手持": "handheld",
    "环绕": "orbit",
    "航拍": "aerial",
    "平视": "eye level",
    "仰视": "low",
    "仰拍": "low",
    "俯视": "high",
    "俯拍": "high",
    "鸟瞰": "bird's eye",
    "顶拍": "overhead",
}
# What a spelling may say besides: close_up_shot, low_angle, bird's-eye view, static camera.
_BESIDES = re.compile(r"^camera |(?: (?:shot|camera|angle|view))+$")


def folded(text: str) -> str:
    """As names are compared: upper and lower case, full and half width are the same."""
    return unicodedata.normalize("NFKC", text).casefold()


def typed(text: str) -> str:
    """As names are looked for: folded, and close_up, close-up and close up are the same."""
    return _BETWEEN.sub(" ", folded(text)).strip()


def label(kind: str, name: str) -> str:
    """In the language of now; what no machine is known to say is its own label."""
    known = _KNOWN.get(kind, {}).get(spelling(name))
    return name if known is None else str(known)


def meanings(name: str) -> frozenset[str]:
    """What may be typed for it, as typed() has it: its own name, and its label in every language."""
    return _labels(spelling(name)) | {typed(name)}


@dataclass(frozen=True, slots=True)
class Said:
    """What a text may name: `parts` of it as they are, and `begun` ones that a name may go on from."""

    parts: frozenset[str]
    begun: tuple[str, ...]


def said(text: str) -> Said:
    """The last word may be begun while nothing follows it."""
    whole = typed(text)
    begun = [whole] if len(whole) >= LEAST_PREFIX else []
    runs = words.runs(text)
    if runs and text[-1:].isalnum() and not runs[-1][0] and len(runs[-1][1]) >= LEAST_LAST_WORD:
        last = [run for _is_unspaced, run in runs[-words.PHRASE_WORDS :]]
        begun += [" ".join(last[at:]) for at in range(len(last))]
    return Said(frozenset(words.phrases(text) | {whole} - {""}), tuple(begun))


def part_for(name: str, text: Said) -> str:
    """The longest part of a text that means the name; empty where none does."""
    called = _called(name)
    begun = (each for each in text.begun if any(one.startswith(each) for one in called))
    return max([*(called & text.parts), *begun], key=len, default="")


@lru_cache(maxsize=20_000)
def _called(name: str) -> frozenset[str]:
    """All that may be typed for it, with and without what stands between its words."""
    called = meanings(name)
    return called | {plain for each in called if (plain := words.plain(each))}


def spelling(name: str) -> str:
    """One for all that mean the same: close_up_shot and Closeup are close up."""
    plain = typed(name)
    short = _BESIDES.sub("", plain)
    return _ALIASES.get(plain) or _ALIASES.get(short) or (short if short in _LABELS else plain)


@cache
def _labels_of_known() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {known: set() for known in _LABELS}
    for language, _name in settings.LANGUAGES:
        with override(language):
            for known, words in _LABELS.items():
                found[known].add(typed(str(words)))
    return {known: frozenset(labels) for known, labels in found.items()}


def _labels(known: str) -> frozenset[str]:
    return _labels_of_known().get(known, frozenset())
