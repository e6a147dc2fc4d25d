"""Small shapes and words that templates ask for."""

import re
from typing import Any

from django import template

from generations import wording

register = template.Library()

RATIO_HEIGHT = 16


@register.filter
def ratio_width(ratio: str) -> int | None:
    """How wide a picture of this ratio is when it is 16 high; None where the ratio is not numbers."""
    numbers = re.fullmatch(r"(\d+):(\d+)", ratio)
    return round(RATIO_HEIGHT * int(numbers[1]) / int(numbers[2])) if numbers else None


@register.filter
def clock(seconds: float) -> str:
    """A length as players show it: 0:05."""
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02}"


@register.filter
def summary(params: dict[str, Any]) -> str:
    return wording.summary(params)
