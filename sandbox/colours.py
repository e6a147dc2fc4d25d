"""Colour and light, as words name them and as pixels show them: a few numbers that stand beside a text's grams."""

import colorsys
from collections.abc import Iterable

from sandbox.grams import words

# By colour, the words of scripts with spaces, and then those of scripts without.
_WORDS = {
    "red": ("red crimson scarlet ruby", "红 赤 绯"),
    "orange": ("orange amber sunset sunrise dusk dawn autumn lamplight", "橙 橘 日落 黄昏 日出 秋 夕阳"),
    "yellow": ("yellow gold golden desert sand", "黄 金 沙"),
    "green": ("green forest grass meadow jungle celadon", "绿 翠 森林 草 青瓷"),
    "cyan": ("cyan teal turquoise", "青色 碧"),
    "blue": ("blue azure navy sea ocean", "蓝 海"),
    "purple": ("purple violet lavender", "紫"),
    "pink": ("pink rose magenta blossom", "粉 樱"),
    "white": ("white snow snowy ice", "白 雪 冰"),
    "grey": ("grey gray silver fog mist misty", "灰 银 雾"),
    "dark": ("dark night midnight black moon moonlit star stars", "黑 夜 月 星 暗"),
    "bright": ("bright sunny noon daylight sunlight", "明亮 阳光 正午 晴"),
}
NAMES = tuple(_WORDS)
# Where on the circle of hues, from 0 to 1, each colour ends.
_HUES = (
    *((0.04, "red"), (0.11, "orange"), (0.19, "yellow"), (0.44, "green"), (0.53, "cyan"), (0.70, "blue")),
    *((0.80, "purple"), (0.94, "pink"), (1.01, "red")),
)

Colours = list[float]
"""A share for each of NAMES."""


def of_text(text: str) -> Colours:
    """1 for each that the text names."""
    spaced, rest = words(text)
    found = []
    for latin, unspaced in _WORDS.values():
        is_named = bool(spaced & set(latin.split())) or any(word in rest for word in unspaced.split())
        found.append(float(is_named))
    return found


def of_pixels(pixels: Iterable[tuple[int, int, int]]) -> Colours:
    """How much of the picture is of each; red, green and blue are from 0 to 255."""
    shares = dict.fromkeys(NAMES, 0.0)
    count = 0
    for red, green, blue in pixels:
        count += 1
        hue, saturation, value = colorsys.rgb_to_hsv(red / 255, green / 255, blue / 255)
        shares[_name(hue, saturation, value)] += 1
        shares["bright"] += value > 0.85
    return [share / max(count, 1) for share in shares.values()]


def _name(hue: float, saturation: float, value: float) -> str:
    if value < 0.25:
        return "dark"
    if saturation < 0.15:
        return "white" if value > 0.8 else "grey"
    return next(name for end, name in _HUES if hue < end)
