"""What is near in meaning: what the current models make of a text, and how near is near enough."""

from collections.abc import Sequence
from uuid import UUID

from generations.models import SearchIndex
from generations.models.generations import GenerationQuerySet

from . import spaces, vectors

KINDS = (SearchIndex.Kind.CLIP, SearchIndex.Kind.PROMPT)
MOST = 48  # two pages: what comes after is hardly meant
# Models differ in how near texts are that have nothing in common: some put them at a similarity of 0.1, some at 0.5. So
# what is near enough is told by the list itself: it is a good part of the way from what is usual to the best. Only
# right angles mean the same to every model. See docs/decisions/0020-how-near-is-near-enough.md.
LEAST_SIMILARITY = 0.05
OF_THE_WAY = 1 / 3
TELLING = 24  # a list so long shows what is usual


def current() -> list[SearchIndex]:
    """The indexes that a text can be looked up in."""
    return [index for kind in KINDS if (index := spaces.current(kind)) and index.dims]


def nearest(
    index: SearchIndex,
    vector: Sequence[float],
    within: GenerationQuerySet | None,
    *,
    team_id: UUID,
    but: UUID | None = None,
) -> list[UUID]:
    """Those that are near enough to mean the same, the nearest first; `but` is whose vector it is."""
    near = [each for each in vectors.nearest(index, vector, within, team_id=team_id, limit=MOST) if each[0] != but]
    least = _least([1 - distance for _id, distance in near])
    return [id for id, distance in near if 1 - distance >= least]


def _least(similarities: Sequence[float]) -> float:
    """Which of them, the highest first, is still near enough.

    Where there are more than came the last is usual, else the middle one: most of what somebody has is something else.
    """
    if len(similarities) < TELLING:
        usual = 0.0
    else:
        usual = similarities[-1] if len(similarities) >= MOST - 1 else similarities[len(similarities) // 2]
    best = max(similarities, default=0.0)
    return max(LEAST_SIMILARITY, usual + OF_THE_WAY * (best - usual))
