"""The vectors of one index: the approximate index that the database keeps of them, and which are nearest to another.

pgvector's HNSW takes a halfvec of up to 4,000 dimensions. Longer ones are indexed by the sign of each dimension, and
what that brings is ranked again by the vectors themselves; see docs/decisions/0018-signs-of-long-vectors.md. The
database index is partial, one for each SearchIndex, so that two models' vectors never meet.
"""

from collections.abc import Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.cache import caches
from django.db import connection
from django.db.models import FloatField, Func, QuerySet, Value
from django.db.models.expressions import Combinable
from pgvector import HalfVector

from generations.models import SearchEntry, SearchIndex
from generations.models.generations import GenerationQuerySet

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_HALFVEC_DIMS = 4000
FEW = 1000  # so many are compared one by one sooner than the index is asked
RERANKED = 3  # candidates by sign for each that is wanted
MIN_EF, MAX_EF = 100, 1000  # the latter is pgvector's own bound
# A build takes minutes, and waits for whoever reads. It is one process: helpers of its own would want as much memory
# again in /dev/shm, which containers hold small.
BUILT_WITH = {
    "maintenance_work_mem": "256MB",
    "max_parallel_maintenance_workers": "0",
    "statement_timeout": "0",
    "lock_timeout": "0",
}

Near = tuple[UUID, float]


def build(index: SearchIndex) -> bool:
    """Have the database make its index, beside whoever reads and writes; again is harmless. Not in a transaction.

    Returns False while another process is at it. What a killed one left invalid is dropped first.
    """
    with _alone(index) as is_alone, connection.cursor() as cursor:
        if is_alone:
            if _is_valid(index) is False:
                cursor.execute(f"DROP INDEX CONCURRENTLY {name(index)}")
            cursor.execute(
                f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name(index)} ON {SearchEntry._meta.db_table}"
                f" USING hnsw ({_indexed(index.dims)}) WHERE index_id = {index.pk:d}"
            )
    return is_alone


def drop(index: SearchIndex) -> bool:
    """Have the database forget its index; again is harmless. Not in a transaction. Returns False as build() does."""
    with _alone(index) as is_alone, connection.cursor() as cursor:
        if is_alone:
            cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name(index)}")
    return is_alone


def name(index: SearchIndex) -> str:
    """What the database calls its index."""
    return f"search_vectors_{index.pk:d}"


def nearest(
    index: SearchIndex,
    vector: Sequence[float],
    within: GenerationQuerySet | None = None,
    *,
    team_id: UUID,
    limit: int,
) -> list[Near]:
    """Those of the team's generations whose vectors are nearest: (id, cosine distance from 0 to 2), the nearest first.

    As many as `limit` where there are so many. `within` are those that fit a filter; without it nothing is looked up
    but vectors, so one that was hidden a moment ago may be among them. A vector of another length than the index has is
    near nothing.
    """
    if len(vector) != index.dims:
        return []
    rows = SearchEntry.objects.filter(index_id=index.pk, team_id=team_id, vector__isnull=False)
    is_many = _has_many(index, rows, team_id) if within is None else within.order_by()[: FEW + 1].count() > FEW
    if is_many:
        found = _approximately(index, vector, within, team_id=team_id, limit=limit)
        if len(found) == limit:
            return found
    return _exactly(index, vector, rows if within is None else rows.filter(generation__in=within), limit)


def vector_of(index: SearchIndex, generation_id: UUID, *, team_id: UUID) -> list[float]:
    """Of one generation of the team's; empty where it has none."""
    rows = SearchEntry.objects.filter(index_id=index.pk, team_id=team_id, generation_id=generation_id)
    kept = rows.values_list("vector", flat=True).first()
    return list(kept or [])


def _has_many(index: SearchIndex, rows: QuerySet[SearchEntry], team_id: UUID) -> bool:
    """Whether the team has more than FEW vectors. That it has is remembered for an hour: teams seldom shrink."""
    key = f"many:{index.pk}:{team_id.hex}"
    if caches["vectors"].get(key):
        return True
    is_many = rows.order_by().values("index_id")[: FEW + 1].count() > FEW
    if is_many:
        caches["vectors"].set(key, True, 3600)
    return is_many


def _approximately(
    index: SearchIndex, vector: Sequence[float], within: GenerationQuerySet | None, *, team_id: UUID, limit: int
) -> list[Near]:
    """By the database's index, which goes on until enough of the rows have come, in an order that is nearly right.

    In SQL of our own: building it from expressions took longer than the database does.
    """
    is_by_signs = index.dims > MAX_HALFVEC_DIMS
    candidates = max(MIN_EF, RERANKED * limit) if is_by_signs else limit
    fits, params = "", []
    if within is not None:
        wanted, params = within.order_by().values("id").query.sql_with_params()
        fits = f"AND generation_id IN ({wanted})"
    # What is sent together is one transaction, and one way there and back. Any plan but the index's has to sort, and
    # the planner does not know what reading a long vector costs.
    sql = f"""
    SET LOCAL hnsw.iterative_scan = relaxed_order;
    SET LOCAL hnsw.ef_search = {min(MAX_EF, max(MIN_EF, candidates)):d};
    SET LOCAL enable_sort = off;
    SELECT generation_id, vector::halfvec({index.dims:d}) <=> %s::halfvec({index.dims:d}) AS distance
    FROM generations_searchentry
    WHERE index_id = {index.pk:d} AND team_id = %s AND vector IS NOT NULL {fits}
    ORDER BY {_by_signs(vector) if is_by_signs else "distance"}
    LIMIT {candidates:d}
    """  # noqa: S608 -- numbers of ours, and signs; the rest are parameters
    with connection.cursor() as cursor:
        cursor.execute(sql, [_text(vector), team_id, *params])
        while cursor.nextset():
            pass
        found: list[Near] = cursor.fetchall()
    return sorted(found, key=_distance)[:limit]


def _exactly(index: SearchIndex, vector: Sequence[float], rows: QuerySet[SearchEntry], limit: int) -> list[Near]:
    """By each of the rows. The sum with 0 is no expression of the database's index, which so stays out of it."""
    far = _far(index.dims, _text(vector))
    kept = Func(far, Value(0.0), arg_joiner=" + ", template="(%(expressions)s)", output_field=_FLOAT)
    found = rows.annotate(distance=kept).order_by("distance", "generation_id")
    return list(found.values_list("generation_id", "distance")[:limit])


def _distance(near: Near) -> float:
    return near[1]


_FLOAT = FloatField()


def _far(dims: int, text: str) -> Func:
    return Func(
        _halves("vector", dims), _halves(Value(text), dims), arg_joiner=" <=> ", template="(%(expressions)s)",
        output_field=_FLOAT,
    )  # fmt: skip


def _text(vector: Sequence[float]) -> str:
    return HalfVector(list(vector)).to_text()


def _by_signs(vector: Sequence[float]) -> str:
    """How far by the signs alone: binary_quantize() has a one for each number above zero."""
    signs = "".join("1" if part > 0 else "0" for part in vector)
    return f"(binary_quantize(vector)::bit({len(vector):d})) <~> B'{signs}'"


def _halves(of: str | Combinable, dims: int) -> Func:
    return Func(of, template=f"(%(expressions)s)::halfvec({dims:d})", output_field=_FLOAT)


def _indexed(dims: int) -> str:
    if dims <= MAX_HALFVEC_DIMS:
        return f"(vector::halfvec({dims:d})) halfvec_cosine_ops"
    return f"(binary_quantize(vector)::bit({dims:d})) bit_hamming_ops"


@contextmanager
def _alone(index: SearchIndex) -> "Iterator[bool]":
    """Whether no other process builds or drops it now: the backend of a killed one may go on for a while.

    If so, this one may take its time.
    """
    key: list[Any] = ["generations_searchindex", index.pk]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s), %s)", key)
        is_alone = cursor.fetchone() == (True,)
        if not is_alone:
            yield False
            return
        try:
            for setting, value in BUILT_WITH.items():
                cursor.execute(f"SET {setting} = '{value}'")
            yield True
        finally:
            for setting in BUILT_WITH:
                cursor.execute(f"RESET {setting}")
            cursor.execute("SELECT pg_advisory_unlock(hashtext(%s), %s)", key)


def _is_valid(index: SearchIndex) -> bool | None:
    """None where there is none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [name(index)])
        row = cursor.fetchone()
    return row[0] if row else None
