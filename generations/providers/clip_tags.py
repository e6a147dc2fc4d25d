"""Tags in an answer about a clip. Seeknetic's document gives no schema of them: what is understood is read.

By kind, {"shot_size": "close-up", "camera_movement": ["pan left"]}, or in a list, ["night", {"type": "angle", "label":
"low angle"}]; in a field of its own or beside the status. The kinds are what its document names.
"""

import re
from collections.abc import Iterator
from typing import Any

from .embedding import MachineTag

MOST_TAGS = 50
NAME_CHARACTERS = 40
_KINDS = {
    "shot_size": ("shot_size", "shot_scale", "shot_type", "shot", "framing", "镜头大小", "景别"),
    "camera_movement": ("camera_movement", "camera_motion", "movement", "motion", "摄像机运动", "运镜"),
    "angle": ("angle", "camera_angle", "shooting_angle", "shot_angle", "拍摄角度"),
}
_KIND_BY_WORD = {word: kind for kind, words in _KINDS.items() for word in words}
_FIELDS = ("tags", "tagging")
# Where tags may be too, as its samples read a tagging's result like an embedding's; or something else.
_OTHER_FIELDS = ("result", "results", "embedding")
_NAMES = ("name", "label", "value", "tag")
_KIND_NAMES = ("kind", "type", "category", "dimension")
# What else an answer by kind may hold: how sure it is, and which model said so.
_NO_TAGS = ("confidence", "score", "scores", "probability", "model", "version")


def read_tags(answer: dict[str, Any]) -> tuple[MachineTag, ...] | None:
    """Each once, in their order; None where nothing in the answer is there for tags, so that it is not one of tags."""
    for field in _FIELDS:
        if isinstance(answer.get(field), dict | list):
            return _each_once(answer[field])
    others = (_each_once(answer.get(field)) for field in _OTHER_FIELDS)
    beside = {name: value for name, value in answer.items() if _word(name) in _KIND_BY_WORD}
    return next(filter(None, others), None) or _each_once(beside) or None


def _each_once(value: Any) -> tuple[MachineTag, ...]:
    return tuple(dict.fromkeys(_tags(value, "")))[:MOST_TAGS] if isinstance(value, dict | list) else ()


def _tags(value: Any, kind: str, depth: int = 0) -> Iterator[MachineTag]:
    if depth > 4:
        return
    if isinstance(value, str):
        name = _word(value)[:NAME_CHARACTERS]
        if name:
            yield MachineTag(kind, name)
    elif isinstance(value, list):
        for each in value[:MOST_TAGS]:
            yield from _tags(each, kind, depth + 1)
    elif isinstance(value, dict):
        yield from _of_object(value, kind, depth)


def _of_object(value: dict[str, Any], kind: str, depth: int) -> Iterator[MachineTag]:
    """One tag with its name in a field, or tags by kind."""
    named = next((value[field] for field in _NAMES if isinstance(value.get(field), str)), None)
    if named is not None:
        told = next((value[field] for field in _KIND_NAMES if isinstance(value.get(field), str)), "")
        yield from _tags(named, kind or _KIND_BY_WORD.get(_word(told), ""), depth + 1)
        return
    for name, each in list(value.items())[:MOST_TAGS]:
        if _word(name) not in _NO_TAGS:
            yield from _tags(each, kind or _KIND_BY_WORD.get(_word(name), ""), depth + 1)


def _word(text: str) -> str:
    """As we write them: small letters, and an underscore between words."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])|[-_]", " ", text)
    return "_".join("".join(each if each.isprintable() else " " for each in parted).casefold().split())
