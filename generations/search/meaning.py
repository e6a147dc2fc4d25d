"""What is near in meaning: what the current models make of a text, and how near is near enough."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from generations.models import SearchIndex
from generations.models.generations import GenerationQuerySet

from . import vectors

KINDS = (SearchIndex.Kind.CLIP, SearchIndex.Kind.PROMPT)
MOST = 48  # two pages: what comes after is not meant
# Models differ in how near texts are that have nothing in common: some put them at a similarity of 0.1, some at 0.5. So
# what is near enough is told by the list itself: it is a good part of the way from what is usual to the best. Only
# right angles mean the same to every model. See docs/decisions/0020-how-near-is-near-enough.md.
LEAST_SIMILARITY = 0.05
OF_THE_WAY = 1 / 3
TELLING = 24  # a list so long shows what is usual


@dataclass(frozen=True, slots=True)
class Nearest:
    """The nearest first: those that are near enough to mean the same, and the next ones, which are not."""

    near: list[UUID]
    further: list[UUID]


def current() -> list[SearchIndex]:
    """The indexes that a text can be looked up in, that of clips first."""
    return list(SearchIndex.objects.filter(kind__in=KINDS, is_current=True, dims__gt=0).order_by("kind"))


def nearest(
    index: SearchIndex,
    vector: Sequence[float],
    within: GenerationQuerySet | None,
    *,
    team_id: UUID,
    but: UUID | None = None,
) -> Nearest:
    """Both together MOST, where there are so many; `but` is whose vector it is, and not among them."""
    limit = MOST if but is None else MOST + 1
    found = [each for each in vectors.nearest(index, vector, within, team_id=team_id, limit=limit) if each[0] != but]
    similarities = [1 - distance for _id, distance in found[:MOST]]
    least = _least(similarities)
    count = sum(similarity >= least for similarity in similarities)
    ids = [id for id, _distance in found[:MOST]]
    return Nearest(ids[:count], ids[count:])


def _least(similarities: Sequence[float]) -> float:
    """Which of them, the highest first, is still near enough.

    Where there are more than came the last is usual, else the middle one: most of what somebody has is something else.
    """
    if len(similarities) < TELLING:
        usual = 0.0
    else:
        usual = similarities[-1] if len(similarities) == MOST else similarities[len(similarities) // 2]
    best = max(similarities, default=0.0)
    return max(LEAST_SIMILARITY, usual + OF_THE_WAY * (best - usual))
