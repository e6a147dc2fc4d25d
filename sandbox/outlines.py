"""Outlines of land, in fractions: each yields (x, height) with both from 0 to 1, left to right."""

import math
from collections.abc import Callable
from itertools import pairwise
from random import Random

Outline = list[tuple[float, float]]


def hills(chance: Random) -> Outline:
    waves = [(chance.uniform(0.8, 2.4) * n, chance.uniform(0, math.tau), 1 / n) for n in (1, 2)]
    return [(x / 160, 0.62 + 0.22 * _sum(waves, x / 160)) for x in range(161)]


def peaks(chance: Random) -> Outline:
    """Ridges by midpoint displacement, rough at first and finer with every halving."""
    heights, rough = [chance.uniform(0.4, 0.8), chance.uniform(0.4, 0.8)], 0.9
    for _ in range(6):
        middles = [(a + b) / 2 + chance.uniform(-rough, rough) / 2 for a, b in pairwise(heights)]
        heights = [height for pair in zip(heights, middles, strict=False) for height in pair] + heights[-1:]
        rough *= 0.5
    last, lowest, highest = len(heights) - 1, min(heights), max(heights)
    return [(i / last, 0.25 + 0.75 * (y - lowest) / (highest - lowest)) for i, y in enumerate(heights)]


def city(chance: Random) -> Outline:
    outline, x = [], 0.0
    while x < 1:
        wide = chance.uniform(0.018, 0.05)
        tall = chance.choice((0.35, 0.5, 0.6, 0.72)) + chance.uniform(0, 0.16)
        spire = _spire(x + wide / 2, tall) if chance.random() < 0.25 else []
        outline += [(x, tall), *spire, (x + wide, tall)]
        x += wide
    return outline


def forest(chance: Random) -> Outline:
    ground, outline, x = hills(chance), [], 0.0
    while x < 1:
        width = chance.uniform(0.012, 0.03)
        base = 0.7 * ground[min(int(x * 160), 160)][1]
        outline += [(x, base), (x + width / 2, base + width * chance.uniform(7, 11)), (x + width, base)]
        x += width * chance.uniform(0.7, 1.1)
    return [(x, min(height, 1)) for x, height in outline]


def sea(chance: Random) -> Outline:
    """Crests are sharp and troughs are round."""
    start, waves = chance.random(), chance.uniform(9, 14)
    turns = ((x / 320, math.pi * (waves * x / 320 + start)) for x in range(321))
    return [(x, 0.99 - 0.1 * abs(math.sin(turn))) for x, turn in turns]


OUTLINES: dict[str, Callable[[Random], Outline]] = {
    "hills": hills,
    "peaks": peaks,
    "city": city,
    "forest": forest,
    "sea": sea,
}


def _spire(x: float, height: float) -> Outline:
    return [(x - 0.002, height), (x, height + 0.12), (x + 0.002, height)]


def _sum(waves: list[tuple[float, float, float]], x: float) -> float:
    return sum(size * math.sin(math.tau * turns * x + start) for turns, start, size in waves)
