"""Tensors that were uploaded in place of a clip: what they show is measured at once, and they are not kept.

A video tensor is 1 clip of frames of 3 channels of rows of bytes: {"data": base64, "shape": [1, 12, 3, 224, 224],
"dtype": "uint8"}. Others are taken and say nothing.
"""

import base64
import binascii
import math
from typing import Any

from PIL import Image

from sandbox.measure import PICTURES, WIDTH, measured
from sandbox.rules import is_whole
from sandbox.seen import Look

KEPT = 1000


class Tensors:
    """Looks by key; None for what nothing can be seen in. Keeps the latest 1,000."""

    def __init__(self) -> None:
        self._looks: dict[str, Look | None] = {}

    def keep(self, key: str, tensor: dict[str, Any] | None) -> None:
        self._looks[key] = _look(tensor) if tensor else None
        if len(self._looks) > KEPT:
            del self._looks[next(iter(self._looks))]

    def __contains__(self, key: object) -> bool:
        return key in self._looks

    def look(self, key: str) -> Look | None:
        return self._looks.get(key)


def is_tensor(value: object) -> bool:
    """Whether it has the documented fields."""
    if not isinstance(value, dict) or not isinstance(value.get("data"), str) or not isinstance(value.get("dtype"), str):
        return False
    shape = value.get("shape")
    return isinstance(shape, list) and all(is_whole(each) and each > 0 for each in shape)


def _look(tensor: dict[str, Any]) -> Look | None:
    shape = tensor["shape"]
    try:
        data = base64.b64decode(tensor["data"], validate=True)
    except (binascii.Error, ValueError):
        return None
    if tensor["dtype"] != "uint8" or len(shape) != 5 or shape[2] != 3 or math.prod(shape) != len(data):
        return None
    count, (height, width) = shape[0] * shape[1], shape[3:]
    step = max(count // PICTURES, 1)
    return measured([_picture(data, place, width, height) for place in range(0, count, step)], comment="")


def _picture(data: bytes, place: int, width: int, height: int) -> Image.Image:
    plane = width * height
    starts = (3 * place * plane + channel * plane for channel in range(3))
    channels = [Image.frombytes("L", (width, height), data[start : start + plane]) for start in starts]
    return Image.merge("RGB", channels).resize((WIDTH, max(round(WIDTH * height / width), 16)))
