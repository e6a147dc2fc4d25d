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
from django.core.exceptions import EmptyResultSet
from django.db import connection

from generations.models import SearchEntry, SearchIndex
from generations.models.generations import GenerationQuerySet

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_HALFVEC_DIMS = 4000
FEW = 1000  # so many are compared one by one sooner than the index is asked
RERANKED = 3  # candidates by sign for each that is wanted
MIN_EF, MAX_EF = 100, 1000  # the latter is pgvector's own bound
# The database's index goes through no more rows, others' among them, than are looked at as quickly as all of the team's
# are compared: as many, and of long vectors, which lie out of line, more. Where it would have to, they are at once.
SCANNED_FOR_A_LONG_ONE = 5
REMEMBERED_SECONDS = 3600
# A build takes minutes, and waits for whoever reads. It is one process: helpers of its own would want as much memory
# again in /dev/shm, which containers hold small.
BUILT_WITH = {
    "maintenance_work_mem": "256MB",
    "max_parallel_maintenance_workers": "0",
    "statement_timeout": "0",
    "lock_timeout": "0",
}

Near = tuple[UUID, float]
_Sql = tuple[str, tuple[Any, ...]]


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
    try:
        fitting = _fitting(index, team_id, within)
    except EmptyResultSet:  # a filter that nothing can fit
        return []
    mine, all = _sizes(index, team_id)
    scanned = mine * (SCANNED_FOR_A_LONG_ONE if _is_long(index) else 1)
    is_worth_it = mine > FEW and _candidates(index, limit) * all <= scanned * mine
    if is_worth_it and (within is None or _are_many(fitting)):
        found = _approximately(index, vector, fitting, scanned=scanned, limit=limit)
        if len(found) == limit:
            return found
    return _exactly(vector, fitting, limit)


def vector_of(index: SearchIndex, generation_id: UUID, *, team_id: UUID) -> list[float]:
    """Of one generation of the team's; empty where it has none."""
    rows = SearchEntry.objects.filter(index_id=index.pk, team_id=team_id, generation_id=generation_id)
    kept = rows.values_list("vector", flat=True).first()
    return list(kept or [])


def _is_long(index: SearchIndex) -> bool:
    return index.dims > MAX_HALFVEC_DIMS


def _fitting(index: SearchIndex, team_id: UUID, within: GenerationQuerySet | None) -> _Sql:
    """The team's vectors that may be found."""
    sql = f"FROM generations_searchentry WHERE index_id = {index.pk:d} AND team_id = %s AND vector IS NOT NULL"
    if within is None:
        return sql, (team_id,)
    wanted, params = within.order_by().values("id").query.sql_with_params()
    return f"{sql} AND generation_id IN ({wanted})", (team_id, *params)


def _are_many(fitting: _Sql) -> bool:
    sql, params = fitting
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM (SELECT 1 {sql} LIMIT {FEW + 1:d}) AS fit", params)  # noqa: S608 -- ours
        return bool(cursor.fetchone()[0] > FEW)


def _sizes(index: SearchIndex, team_id: UUID) -> tuple[int, float]:
    """How many vectors the team has, and about how many all teams; (0, 0) while the database has no index of them.

    Of a team that has many it is remembered: it seldom shrinks.
    """
    key = f"sizes:{index.pk}:{team_id.hex}"
    if kept := caches["vectors"].get(key):
        return kept
    with connection.cursor() as cursor:
        cursor.execute(_SIZES, {"name": name(index), "index": index.pk, "team": team_id})
        row = cursor.fetchone()
    sizes = (row[0], max(row)) if row else (0, 0.0)
    if sizes[0] > FEW:
        caches["vectors"].set(key, sizes, REMEMBERED_SECONDS)
    return sizes


def _candidates(index: SearchIndex, limit: int) -> int:
    """How many the database's index shall bring."""
    return max(MIN_EF, RERANKED * limit) if _is_long(index) else limit


def _approximately(
    index: SearchIndex, vector: Sequence[float], fitting: _Sql, *, scanned: int, limit: int
) -> list[Near]:
    """By the database's index, which goes on until enough of the rows have come, in an order that is nearly right.

    In SQL of our own: building it from expressions took longer than the database does.
    """
    candidates = _candidates(index, limit)
    sql, params = fitting
    # What is sent together is one transaction, and one way there and back. Any plan but the index's has to sort, and
    # the planner does not know what reading a long vector costs.
    found = _asked(
        f"""
        SET LOCAL hnsw.iterative_scan = relaxed_order;
        SET LOCAL hnsw.max_scan_tuples = {scanned:d};
        SET LOCAL hnsw.ef_search = {min(MAX_EF, max(MIN_EF, candidates)):d};
        SET LOCAL enable_sort = off;
        SELECT generation_id, vector::halfvec({index.dims:d}) <=> %s::halfvec({index.dims:d}) AS distance {sql}
        ORDER BY {_by_signs(vector) if _is_long(index) else "distance"}
        LIMIT {candidates:d}
        """,
        (_text(vector), *params),
    )
    return sorted(found, key=_distance)[:limit]


def _exactly(vector: Sequence[float], fitting: _Sql, limit: int) -> list[Near]:
    """By each of the rows. The vector without a length is no expression of the database's index."""
    sql, params = fitting
    return _asked(
        f"SELECT generation_id, vector <=> %s::halfvec AS distance {sql} ORDER BY distance, generation_id"
        f" LIMIT {limit:d}",
        (_text(vector), *params),
    )


def _asked(sql: str, params: Sequence[Any]) -> list[Near]:
    """What the last of the statements brings."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        while cursor.nextset():
            pass
        return cursor.fetchall()


def _distance(near: Near) -> float:
    return near[1]


def _text(vector: Sequence[float]) -> str:
    """As a halfvec is written: it keeps no more than these digits."""
    return f"[{','.join([f'{part:.5g}' for part in vector])}]"


def _by_signs(vector: Sequence[float]) -> str:
    """How far by the signs alone: binary_quantize() has a one for each number above zero."""
    signs = "".join(["1" if part > 0 else "0" for part in vector])
    return f"(binary_quantize(vector)::bit({len(vector):d})) <~> B'{signs}'"


# As many as the index was last seen to have; that of a new one is known when it is built.
_SIZES = """
SELECT (SELECT count(*) FROM generations_searchentry
        WHERE index_id = %(index)s AND team_id = %(team)s AND vector IS NOT NULL), reltuples
FROM pg_class JOIN pg_index ON indexrelid = oid
WHERE oid = to_regclass(%(name)s) AND indisvalid
"""


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
