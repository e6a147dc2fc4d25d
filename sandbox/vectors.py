"""Vectors of texts and clips: hashed grams, and in the last few dimensions colour and light.

Nearness is that of words, not of what they mean: this is a stand-in, and says so in its answers. Another model's name
leads to another hash, so that vectors of two models are as far from each other as those of two real ones.
"""

import hashlib
import math
import struct
from functools import lru_cache

from sandbox import colours
from sandbox.colours import Colours
from sandbox.grams import grams

MODEL = "filmgate-sandbox-ngrams"
GRAMS_SHARE, COLOURS_SHARE = 0.95, 0.3
DIGITS = 7
# Two grams that meet in one of their places meet in none of the others, as a rule.
PLACES = 4

Vector = list[float]
"""Of length 1."""


def of_text(text: str, *, dims: int, model: str) -> Vector:
    return _vector(text, colours.of_text(text), dims=dims, model=model)


def of_clip(comment: str, seen: Colours, *, dims: int, model: str) -> Vector:
    """`comment` is the prompt that is written in the file; of a file without one, the colours alone."""
    return _vector(comment, seen, dims=dims, model=model)


def _vector(text: str, shares: Colours, *, dims: int, model: str) -> Vector:
    hashed = list(_hashed(text, dims - len(shares), model)) if text else [0.0] * (dims - len(shares))
    parts = [*(GRAMS_SHARE * part for part in _unit(hashed)), *(COLOURS_SHARE * part for part in _unit(shares))]
    return [round(part, DIGITS) for part in _unit(parts)]


@lru_cache(maxsize=1000)
def _hashed(text: str, dims: int, model: str) -> tuple[float, ...]:
    """Each gram adds its weight in a few places, up or down: texts without a gram in common are hardly near."""
    vector = [0.0] * dims
    # JSON may carry lone surrogates, which are no UTF-8.
    salt = model.encode("utf-8", "surrogatepass")[:64]
    for gram, weight in grams(text).items():
        hashed = hashlib.blake2b(gram.encode("utf-8", "surrogatepass"), digest_size=4 * PLACES, key=salt).digest()
        for number in struct.unpack(f"<{PLACES}I", hashed):
            vector[(number >> 1) % dims] += weight if number & 1 else -weight
    return tuple(vector)


def _unit(parts: Vector) -> Vector:
    length = math.hypot(*parts)
    return [part / length for part in parts] if length else parts
