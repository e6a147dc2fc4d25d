"""What requests to Seeknetic may say: a link or the keys of tensors, and the tensors themselves."""

from dataclasses import dataclass
from typing import Any

from sandbox.tensors import is_tensor

# Which keys the tensor mode of each takes, the one that it can't do without first.
TENSOR_KEYS = {
    "embedding": ("video_input_key", "audio_input_key"),
    "tagging": ("video_input_key", "video_kwargs_key"),
}
PARTS = ("video_input", "audio_input", "video_kwargs")


class Missing(Exception):
    """A field that is required is not there, or is of another type."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(frozen=True, slots=True)
class Wanted:
    """One of the two; `tensor_keys` has that of the video first."""

    video_url: str
    tensor_keys: tuple[str, ...]

    @classmethod
    def from_body(cls, body: dict[str, Any], kind: str) -> "Wanted":
        """Raises Missing."""
        tensor = body.get("tensor")
        if tensor is None:
            if not isinstance(body.get("video_url"), str) or not body["video_url"]:
                raise Missing("video_url")
            return cls(body["video_url"], ())
        required = TENSOR_KEYS[kind][0]
        if not isinstance(tensor, dict) or not isinstance(tensor.get(required), str):
            raise Missing(f"tensor.{required}")
        keys = [tensor[name] for name in TENSOR_KEYS[kind] if tensor.get(name) is not None]
        return cls("", tuple(str(key) for key in keys))


@dataclass(frozen=True, slots=True)
class Upload:
    request_id: str
    parts: dict[str, dict[str, Any]]


def upload_of(body: dict[str, Any]) -> Upload:
    """Raises Missing."""
    if body.get("service") not in TENSOR_KEYS:
        raise Missing("service")
    parts = {name: body[name] for name in PARTS if body.get(name) is not None}
    if not is_tensor(parts.get("video_input")):
        raise Missing("video_input")
    if "audio_input" in parts and not is_tensor(parts["audio_input"]):
        raise Missing("audio_input")
    if "video_kwargs" in parts and not isinstance(parts["video_kwargs"], dict):
        raise Missing("video_kwargs")
    request_id = body.get("request_id")
    return Upload(request_id if isinstance(request_id, str) else "", parts)
