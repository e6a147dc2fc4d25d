"""Several rankings made one, by reciprocal rank.

Cormack, Clarke and Büttcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning Methods",
SIGIR 2009. Ranks alone count, so that distances of two models need not be comparable.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

K = 60  # the paper's own

Way = Literal["words", "meaning", "tag", "collection"]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is there: `name` is which tag or collection it is."""

    by: Way
    name: str = ""


@dataclass(frozen=True, slots=True)
class Ranked:
    """Generations, the best first, each with its reasons."""

    found: Sequence[tuple[UUID, tuple[Reason, ...]]]


@dataclass(frozen=True, slots=True)
class Fused:
    generation_id: UUID
    reasons: tuple[Reason, ...]


def fuse(lists: Sequence[Ranked]) -> list[Fused]:
    """Each generation once with all its reasons, the best of all lists together first; of equals the newer."""
    scores: dict[UUID, float] = {}
    reasons: dict[UUID, dict[Reason, None]] = {}
    for ranked in lists:
        for rank, (id, why) in enumerate(ranked.found, start=1):
            scores[id] = scores.get(id, 0.0) + 1 / (K + rank)
            reasons.setdefault(id, {}).update(dict.fromkeys(why))
    # Ids are UUIDv7, so the higher of two is the newer.
    in_order = sorted(scores, key=lambda id: (scores[id], id), reverse=True)
    return [Fused(id, tuple(reasons[id])) for id in in_order]
