"""Chance that a prompt decides: the same prompt always looks and sounds the same."""

import hashlib
from random import Random


def chance_of(prompt: str) -> Random:
    # JSON may carry lone surrogates, which are no UTF-8.
    return Random(hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).digest())  # noqa: S311 - a picture
