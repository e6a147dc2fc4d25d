"""The colours of a clip, drawn from its prompt."""

import colorsys
from dataclasses import dataclass, replace
from random import Random

from sandbox.chance import chance_of

Colour = tuple[int, int, int]

NIGHT_WORDS = ("night", "moon", "star", "dark", "夜", "月", "星")
WARM_WORDS = ("sunset", "sunrise", "dusk", "dawn", "desert", "autumn", "日落", "黄昏", "日出", "沙漠", "秋")

# Turns of the hue, and factors of saturation and value.
STYLES = {
    "oil_painting": (0.03, 1.5, 0.88),
    "watercolor": (0.97, 0.5, 1.2),
    "cyberpunk": (0.4, 1.7, 0.8),
}


@dataclass(frozen=True, slots=True)
class Palette:
    """Sky from zenith to horizon, its light, and the land from the farthest layer to the nearest."""

    sky: tuple[Colour, ...]
    light: Colour
    far: Colour
    near: Colour
    night: bool


def palette_of(prompt: str, chance: Random) -> Palette:
    words = prompt.lower()
    hue = chance.random()
    if any(word in words for word in NIGHT_WORDS):
        return _night(0.52 + 0.3 * hue)
    if any(word in words for word in WARM_WORDS):
        return _day(0.97 + 0.12 * hue, turn=-0.22)
    return _day(hue, turn=chance.choice((-0.2, 0.2, 0.28)))


def _day(hue: float, *, turn: float) -> Palette:
    return Palette(
        sky=(_colour(hue, 0.52, 0.74), _colour(hue + turn / 2, 0.42, 0.80), _colour(hue + turn, 0.30, 0.93)),
        light=_colour(hue + turn / 3 + 0.04, 0.18, 1.0),
        far=_colour(hue + turn * 0.6, 0.42, 0.62),
        near=_colour(hue + turn, 0.58, 0.20),
        night=False,
    )


def _night(hue: float) -> Palette:
    return Palette(
        sky=(_colour(hue, 0.72, 0.16), _colour(hue + 0.06, 0.62, 0.34), _colour(hue + 0.14, 0.45, 0.60)),
        light=_colour(hue + 0.5, 0.10, 0.98),
        far=_colour(hue + 0.08, 0.55, 0.36),
        near=_colour(hue + 0.02, 0.70, 0.09),
        night=True,
    )


def restyled(palette: Palette, style: str) -> Palette:
    """The same in another style, any word: those of STYLES as they are named, the rest by chance."""
    if not style:
        return palette
    chance = chance_of(style)
    by_chance = (chance.uniform(0.1, 0.9), chance.uniform(0.6, 1.4), chance.uniform(0.85, 1.15))
    turn, depth, light = STYLES.get(style, by_chance)
    sky = tuple(_turned(colour, turn, depth, light) for colour in palette.sky)
    return replace(
        palette,
        sky=sky,
        light=_turned(palette.light, turn, depth, light),
        far=_turned(palette.far, turn, depth, light),
        near=_turned(palette.near, turn, depth, light),
    )


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """`one` at share 0, `other` at share 1."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _turned(colour: Colour, turn: float, depth: float, light: float) -> Colour:
    hue, saturation, value = colorsys.rgb_to_hsv(*(part / 255 for part in colour))
    return _colour(hue + turn, min(saturation * depth, 1), min(value * light, 1))


def _colour(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)
