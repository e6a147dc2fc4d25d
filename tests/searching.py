"""Vectors for what is searched: indexes and their entries, as indexing leaves them."""

import math
from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from generations.models import Generation, SearchEntry, SearchIndex
from generations.search import vectors


def make_index(kind: str = "clip", *, dims: int = 4, **given: Any) -> SearchIndex:
    """A current one that has passed through all generations, of a provider that there is no account of."""
    columns = {"provider": "seeknetic", "model": "bench", "is_current": True, "filled_at": timezone.now(), **given}
    return SearchIndex.objects.create(kind=kind, dims=dims, **columns)


def keep_vector(index: SearchIndex, generation: Generation, vector: Sequence[float]) -> SearchEntry:
    return SearchEntry.objects.create(
        index=index,
        generation=generation,
        team_id=generation.team_id,
        done_at=timezone.now(),
        **vectors.columns(index, vector, team_id=generation.team_id),
    )


def turned(degrees: float, *, dims: int = 4) -> list[float]:
    """A vector of length 1, so many degrees from the first axis."""
    return [math.cos(math.radians(degrees)), math.sin(math.radians(degrees)), *[0.0] * (dims - 2)]
