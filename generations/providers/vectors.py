"""Vectors in other people's answers, read with care: all numbers, finite, of length 1; or they are not there.

What is compared is their direction. A length of 1 keeps all numbers within what half precision can hold (pgvector's
halfvec refuses more than 65,504), whatever an API makes of it.
"""

import base64
import binascii
import math
import struct
from collections.abc import Sequence
from typing import Any

from .base import Unclear
from .embedding import Vector

# halfvec's own limit.
MOST_DIMS = 16_000


def read_vector(value: Any, *, dims: int = 0) -> Vector:
    """A list of numbers, or base64 of little-endian ones of four bytes; raises Unclear, also where not of `dims`."""
    numbers = _unpacked(value) if isinstance(value, str) else _finite(value)
    if not 0 < len(numbers) <= MOST_DIMS:
        raise Unclear(f"a vector of {len(numbers)} dimensions")
    if dims and len(numbers) != dims:
        raise Unclear(f"a vector of {len(numbers)} dimensions, not {dims}")
    length = math.hypot(*numbers)
    if not 0 < length < math.inf:
        raise Unclear("a vector without a direction")
    return tuple(number / length for number in numbers)


def indexed_vectors(items: Any, count: int, *, dims: int = 0) -> list[Vector]:
    """So many vectors by their `index`, whatever order they came in; raises Unclear unless each is there once."""
    by_index = {_index(item): item for item in items} if isinstance(items, list) else {}
    if len(by_index) != count or set(by_index) != set(range(count)) or len(items) != count:
        raise Unclear("not a vector for each text")
    return of_one_size([read_vector(by_index[place].get("embedding"), dims=dims) for place in range(count)])


def of_one_size(vectors: Sequence[Vector]) -> list[Vector]:
    if len({len(vector) for vector in vectors}) > 1:
        raise Unclear("vectors of several sizes")
    return list(vectors)


def number_option(name: str, given: str, *, least: int, most: int) -> int:
    """A whole number that an operator set; raises ValueError for any other text."""
    if not (given.isascii() and given.isdigit() and len(given) < 10 and least <= int(given) <= most):
        raise ValueError(f"{name} must be a whole number from {least} to {most}")
    return int(given)


def model_option(given: str) -> str:
    """A model's name that can be kept beside its vectors; raises ValueError for any other text."""
    if not given.isprintable() or not 0 < len(given.strip()) <= 100:
        raise ValueError("model must be a name of at most 100 characters")
    return given.strip()


def _index(item: Any) -> int:
    index = item.get("index") if isinstance(item, dict) else None
    if not isinstance(index, int) or isinstance(index, bool):
        raise Unclear("a vector without its index")
    return index


def _unpacked(text: str) -> Sequence[float]:
    try:
        data = base64.b64decode(text, validate=True)
        return _finite(struct.unpack(f"<{len(data) // 4}f", data))
    except (binascii.Error, ValueError, struct.error) as error:
        raise Unclear("a vector that can't be unpacked") from error


def _finite(values: Any) -> Sequence[float]:
    """JSON as Python reads it has NaN, Infinity and numbers of any length."""
    if not isinstance(values, list | tuple) or not all(type(value) in (int, float) for value in values):
        raise Unclear("a vector that is not numbers")
    try:
        numbers = [float(value) for value in values]
    except OverflowError as error:
        raise Unclear("a vector that is not finite") from error
    if not all(map(math.isfinite, numbers)):
        raise Unclear("a vector that is not finite")
    return numbers
