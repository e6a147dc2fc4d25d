"""What is near in meaning: what the current models make of a text, and how near is near enough."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from uuid import UUID

from generations.models import SearchIndex
from generations.models.generations import GenerationQuerySet
from generations.providers.embedding import Vector

from . import asking, spaces, vectors

KINDS = (SearchIndex.Kind.CLIP, SearchIndex.Kind.PROMPT)
MOST = 96  # four pages: what comes after is hardly meant
# A text is never wholly far from nonsense. Cosine similarities below the least are chance, and so are those that fall
# far behind the best one; both are found by trying, see docs/decisions/0018-signs-of-long-vectors.md.
LEAST_SIMILARITY = 0.15
OF_THE_BEST = 0.5


def current() -> list[SearchIndex]:
    """The indexes that a text can be looked up in."""
    return [index for kind in KINDS if (index := spaces.current(kind)) and index.dims]


def of_text(text: str, indexes: Sequence[SearchIndex]) -> list[tuple[SearchIndex, Vector]]:
    """The text's vector for each index whose provider could be asked. All are asked at once."""
    if len(indexes) < 2:
        asked = [asking.embed_query(index, text) for index in indexes]
    else:
        with ThreadPoolExecutor(len(indexes)) as threads:
            asked = list(threads.map(partial(asking.embed_query, text=text), indexes))
    return [(index, vector) for index, vector in zip(indexes, asked, strict=True) if vector]


def nearest(
    index: SearchIndex, vector: Sequence[float], within: GenerationQuerySet | None, *, team_id: UUID
) -> list[UUID]:
    """Those that are near enough to mean the same, the nearest first."""
    near = vectors.nearest(index, vector, within, team_id=team_id, limit=MOST)
    if not near:
        return []
    least = max(LEAST_SIMILARITY, OF_THE_BEST * (1 - near[0][1]))
    return [id for id, distance in near if 1 - distance >= least]
