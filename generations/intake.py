"""What is asked for: every way in builds a GenerationRequest, which is either sound or refused here.

Sound means: the right types, no text that could not be stored or sent, links that may be fetched. Whether a model can
make it is the catalog's question.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any
from uuid import UUID

from project.outbound import UrlRefused, check_url

UPLOAD_PREFIX = "upload:"  # an image the team uploaded here, by its id
MAX_URL_CHARACTERS = 2000
MAX_METADATA_PAIRS = 16
MAX_METADATA_CHARACTERS = 500
_SURROGATE = re.compile("[\ud800-\udfff]")


class InvalidParameter(ValueError):
    """A request that can't be honoured. `constraint` is the rule's name, `limit` its bound, `value` what came."""

    def __init__(self, field: str, constraint: str, message: str, *, limit: Any = None, value: Any = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.constraint = constraint
        self.limit = limit
        self.value = value


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationRequest:
    """Fields as the API names them; None or empty where the asker left the choice to the model."""

    prompt: str = ""
    model: str = ""
    image_urls: tuple[str, ...] = ()
    first_frame_url: str = ""
    last_frame_url: str = ""
    face_image_url: str = ""
    video_urls: tuple[str, ...] = ()
    audio_urls: tuple[str, ...] = ()
    duration: int | None = None
    aspect_ratio: str | None = None
    resolution: str | None = None
    generate_audio: bool | None = None
    seed: int | None = None
    fps: int | None = None
    style: str | None = None
    quality: str | None = None
    count: int | None = None
    watermark: bool | None = None
    enable_web_search: bool | None = None
    force_asset_upload: bool | None = None
    callback_url: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any]) -> "GenerationRequest":
        """A sound request from decoded JSON or a cleaned form; raises InvalidParameter."""
        refuse_unknown(given)
        return cls(**{name: _CHECKS[name](name, value) for name, value in given.items() if value is not None})

    @property
    def image_inputs(self) -> tuple[str, ...]:
        """Links to images, uploads among them, whatever they are for."""
        frames = (self.first_frame_url, self.last_frame_url, self.face_image_url)
        return (*self.image_urls, *filter(None, frames))

    @property
    def input_urls(self) -> tuple[str, ...]:
        """Every link that a provider would be given to fetch."""
        return (*self.image_inputs, *self.video_urls, *self.audio_urls)

    @property
    def task_type(self) -> str:
        """Of a clip; a model that makes images has a type of its own."""
        return "image_to_video" if self.input_urls else "text_to_video"


def parse_json(body: bytes) -> dict[str, Any]:
    """The object in a JSON body (RFC 8259); raises InvalidParameter for anything else, duplicate keys and NaN too."""
    try:
        decoded = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object_without_duplicates,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except InvalidParameter:
        raise
    except (ValueError, RecursionError) as error:
        message = "The body is not valid JSON. Send one JSON object in UTF-8."
        raise InvalidParameter("body", "json", message) from error
    if not isinstance(decoded, dict):
        raise InvalidParameter("body", "json_object", "The body must be a JSON object.")
    return decoded


def refuse_unknown(given: Mapping[str, Any]) -> None:
    known = {each.name for each in fields(GenerationRequest)}
    if unknown := sorted(set(given) - known):
        names = ", ".join(name[:60].encode("unicode_escape").decode() for name in unknown[:5])
        raise InvalidParameter(names, "unknown", f"Unknown parameters: {names}")


def _object_without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    decoded = dict(pairs)
    if len(decoded) != len(pairs):
        raise InvalidParameter("body", "duplicate_key", "The body names the same key twice.")
    return decoded


def _refuse_constant(name: str) -> None:
    raise InvalidParameter("body", "json", f"{name} is not JSON.")


def _finite(digits: str) -> float:
    if not math.isfinite(number := float(digits)):
        raise InvalidParameter("body", "json", "The body holds a number too large to be one.")
    return number


def _refuse_type(name: str, expected: str, value: Any) -> InvalidParameter:
    is_short = isinstance(value, int | float) and abs(value) < 2**53
    shown = value if is_short else str(value)[:60]
    message = f"{name} must be {expected}."
    return InvalidParameter(name, "type", message, limit=expected, value=_storable(shown))


def _storable(value: Any) -> Any:
    return _SURROGATE.sub("\ufffd", value).replace("\0", "\ufffd") if isinstance(value, str) else value


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise _refuse_type(name, "a string", value)
    if "\0" in value or _SURROGATE.search(value):
        message = f"{name} holds a character that is not text (NUL or half a surrogate pair). Remove it."
        raise InvalidParameter(name, "text", message)
    return value


def _whole_number(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _refuse_type(name, "a whole number", value)
    if not -(2**31) <= value < 2**31:
        raise _refuse_type(name, "a whole number of at most 31 bits", value)
    return value


def _truth(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _refuse_type(name, "true or false", value)
    return value


def _url(name: str, value: Any) -> str:
    url = _text(name, value)
    if len(url) > MAX_URL_CHARACTERS:
        message = f"{name} is longer than {MAX_URL_CHARACTERS} characters."
        raise InvalidParameter(name, "max_length", message, limit=MAX_URL_CHARACTERS, value=len(url))
    if not url:
        return ""
    try:
        check_url(url)
    except UrlRefused as error:
        message = f"{name} must be a public http or https address."
        raise InvalidParameter(name, "public_url", message) from error
    return url


def _image_url(name: str, value: Any) -> str:
    if isinstance(value, str) and value.startswith(UPLOAD_PREFIX):
        try:
            return f"{UPLOAD_PREFIX}{UUID(value.removeprefix(UPLOAD_PREFIX))}"
        except ValueError as error:
            raise InvalidParameter(name, "upload", f"{name} names no uploaded image.") from error
    return _url(name, value)


def _image_urls(name: str, value: Any) -> tuple[str, ...]:
    return _urls(name, value, _image_url)


def _urls(name: str, value: Any, check: Callable[[str, Any], str] = _url) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise _refuse_type(name, "a list of links", value)
    if len(value) > 20:
        raise InvalidParameter(name, "max_items", f"{name} holds too many links.", limit=20, value=len(value))
    urls = tuple(check(name, each) for each in value)
    if not all(urls):
        raise InvalidParameter(name, "public_url", f"{name} holds an empty link.")
    return urls


def _metadata(name: str, value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise _refuse_type(name, "an object of strings", value)
    if len(value) > MAX_METADATA_PAIRS:
        message = f"metadata holds more than {MAX_METADATA_PAIRS} pairs."
        raise InvalidParameter(name, "max_items", message, limit=MAX_METADATA_PAIRS, value=len(value))
    pairs = {_text(name, key): _text(name, each) for key, each in value.items()}
    if any(len(text) > MAX_METADATA_CHARACTERS for pair in pairs.items() for text in pair):
        message = f"metadata holds a text longer than {MAX_METADATA_CHARACTERS} characters."
        raise InvalidParameter(name, "max_length", message, limit=MAX_METADATA_CHARACTERS)
    return pairs


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "prompt": _text,
    "model": _text,
    "image_urls": _image_urls,
    "first_frame_url": _image_url,
    "last_frame_url": _image_url,
    "face_image_url": _image_url,
    "video_urls": _urls,
    "audio_urls": _urls,
    "duration": _whole_number,
    "aspect_ratio": _text,
    "resolution": _text,
    "generate_audio": _truth,
    "seed": _whole_number,
    "fps": _whole_number,
    "style": _text,
    "quality": _text,
    "count": _whole_number,
    "watermark": _truth,
    "enable_web_search": _truth,
    "force_asset_upload": _truth,
    "callback_url": _url,
    "metadata": _metadata,
}
