"""The vectors of one index: the approximate index that the database keeps of them, and which are nearest to another.

pgvector's HNSW takes a halfvec of up to 4,000 dimensions. Longer ones are indexed by the sign of each dimension, and
what that brings is ranked again by the vectors themselves (docs/decisions/0018-signs-of-long-vectors.md). What is
indexed is the vector with a code of its team behind it, so that a team's own are nearly always nearer than another's: a
search hardly passes through those (docs/decisions/0019-a-place-for-each-team.md). The database index is partial, one
for each SearchIndex, so that two models' vectors never meet.
"""

import hashlib
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.core.cache import caches
from django.core.exceptions import EmptyResultSet
from django.db import connection

from generations.models import SearchEntry, SearchIndex
from generations.models.generations import GenerationQuerySet

# Among signs a code weighs by how many it has.
CODE_DIMS, CODE_SIGNS = 32, 1024
MAX_HALFVEC_DIMS = 4000 - CODE_DIMS
FEW = 1000  # so many are compared one by one sooner than the index is asked
RERANKED = 3  # candidates by sign for each that is wanted
# With 48 a search now and then misses a whole group of vectors, with 100 it costs hardly more. pgvector takes 1,000.
MIN_EF, MAX_EF = 100, 1000
MAX_SCANNED = 20_000  # what the database's index passes, as far as its memory lets it, before it has brought too few
EF_CONSTRUCTION = 128  # pgvector's 64 finds less for the same work
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


def columns(index: SearchIndex, vector: Sequence[float], *, team_id: UUID) -> dict[str, Any]:
    """What an entry keeps of a vector."""
    if _is_long(index):
        return {"vector": list(vector), "signs": _signs(vector) + code_signs(team_id)}
    return {"vector": list(vector), "team_code": team_code(team_id)}


def team_code(team_id: UUID) -> list[float]:
    """Of length 1, and about at right angles to every other team's. It is in the database's index: never change it."""
    part = CODE_DIMS**-0.5
    return [part if sign == "1" else -part for sign in code_signs(team_id)[:CODE_DIMS]]


def code_signs(team_id: UUID) -> str:
    """The code of a team as it stands behind the signs of a vector."""
    return f"{int.from_bytes(hashlib.shake_256(team_id.bytes).digest(CODE_SIGNS // 8)):0{CODE_SIGNS}b}"


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
                f" USING hnsw ({_indexed(index)} {_operators(index)}) WITH (ef_construction = {EF_CONSTRUCTION:d})"
                f" WHERE index_id = {index.pk:d}"
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
    few = max(FEW, limit)
    if _have_more(index, fitting, few, team_id=team_id, is_filtered=within is not None):
        found = _approximately(index, vector, fitting, team_id=team_id, limit=limit)
        if len(found) == limit:
            return found
        caches["vectors"].delete(_key(index, team_id, few))  # they may be gone
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


def _have_more(index: SearchIndex, fitting: _Sql, few: int, *, team_id: UUID, is_filtered: bool) -> bool:
    """Whether more than a few fit, and the database has its index of them.

    Without a filter that is remembered: a team seldom shrinks, and what is searched keeps its index.
    """
    key = _key(index, team_id, few)
    if not is_filtered and caches["vectors"].get(key):
        return True
    sql, params = fitting
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM (SELECT 1 {sql} LIMIT {few + 1:d}) AS fit, pg_index"  # noqa: S608 -- ours
            " WHERE indexrelid = to_regclass(%s) AND indisvalid",
            (*params, name(index)),
        )
        have_more: bool = cursor.fetchone()[0] > few
    if have_more and not is_filtered:
        caches["vectors"].set(key, True, REMEMBERED_SECONDS)
    return have_more


def _key(index: SearchIndex, team_id: UUID, few: int) -> str:
    return f"more:{index.pk}:{team_id.hex}:{few}"


def _candidates(index: SearchIndex, limit: int) -> int:
    """How many the database's index shall bring."""
    return max(MIN_EF, RERANKED * limit) if _is_long(index) else limit


def _approximately(
    index: SearchIndex, vector: Sequence[float], fitting: _Sql, *, team_id: UUID, limit: int
) -> list[Near]:
    """By the database's index, which goes on until enough of the rows have come, in an order that is nearly right.

    In SQL of our own: building it from expressions took longer than the database does.
    """
    candidates = _candidates(index, limit)
    sql, params = fitting
    order = f"{_indexed(index)} {_sought(index, vector, team_id)}"
    distance = f"vector <=> '{_text(vector)}'::halfvec" if _is_long(index) else order
    # What is sent together is one transaction, and one way there and back. Any plan but the index's has to sort, and
    # the planner does not know what reading a long vector costs.
    found = _asked(
        f"""
        SET LOCAL hnsw.iterative_scan = relaxed_order;
        SET LOCAL hnsw.max_scan_tuples = {MAX_SCANNED:d};
        SET LOCAL hnsw.ef_search = {min(MAX_EF, max(MIN_EF, candidates)):d};
        SET LOCAL enable_sort = off;
        SELECT generation_id, {distance} AS distance {sql}
        ORDER BY {order if _is_long(index) else "distance"}
        LIMIT {candidates:d}
        """,
        params,
    )
    if not _is_long(index):
        # Half of what is compared is the code, which all of them share.
        found = [(id, 2 * distance) for id, distance in found]
    return sorted(found, key=_distance)[:limit]


def _exactly(vector: Sequence[float], fitting: _Sql, limit: int) -> list[Near]:
    """By each of the rows: the vector alone is not what the database's index is of."""
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


def _indexed(index: SearchIndex) -> str:
    """What the database's index is of."""
    if _is_long(index):
        return f"(signs::bit({index.dims + CODE_SIGNS:d}))"
    whole = f"l2_normalize(vector::halfvec({index.dims:d})) || team_code"
    return f"(({whole})::halfvec({index.dims + CODE_DIMS:d}))"


def _sought(index: SearchIndex, vector: Sequence[float], team_id: UUID) -> str:
    """The operator of the index, and the vector as it is indexed."""
    if _is_long(index):
        return f"<~> B'{_signs(vector)}{code_signs(team_id)}'"
    length = math.hypot(*vector) or 1.0
    text = _text([*(part / length for part in vector), *team_code(team_id)])
    return f"<=> '{text}'::halfvec({index.dims + CODE_DIMS:d})"


def _operators(index: SearchIndex) -> str:
    return "bit_hamming_ops" if _is_long(index) else "halfvec_cosine_ops"


def _signs(vector: Sequence[float]) -> str:
    """A one for each number above zero, as binary_quantize() has it."""
    return "".join(["1" if part > 0 else "0" for part in vector])


@contextmanager
def _alone(index: SearchIndex) -> Iterator[bool]:
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
