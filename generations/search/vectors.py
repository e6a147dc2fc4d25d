"""Vectors of clips and prompts: what is kept of each, and which are nearest to another."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.core.cache import caches
from django.core.exceptions import EmptyResultSet
from django.db import connection

from generations.models import SearchEntry, SearchIndex
from generations.models.generations import GenerationQuerySet
from project.caches import PROCESS

from . import database_index

FEW = 1000  # so many are compared one by one sooner than the database's index is asked
RERANKED = 3  # candidates by sign for each that is wanted
# With 48 a search now and then misses a whole group of vectors, with 100 it costs hardly more. pgvector takes 1,000.
MIN_EF, MAX_EF = 100, 1000
MAX_SCANNED = 20_000  # what the database's index passes, as far as its memory lets it, before it has brought too few
REMEMBERED_SECONDS = 3600

Near = tuple[UUID, float]
_Sql = tuple[str, tuple[Any, ...]]


def columns(index: SearchIndex, vector: Sequence[float], *, team_id: UUID) -> dict[str, Any]:
    """What an entry keeps of a vector."""
    if database_index.is_of_signs(index):
        return {"vector": list(vector), "signs": database_index.signs(vector) + database_index.code_signs(team_id)}
    return {"vector": list(vector), "team_code": database_index.team_code(team_id)}


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
        caches[PROCESS].delete(_key(index, team_id, few))  # they may be gone
    return _exactly(vector, fitting, limit)


def vector_of(index: SearchIndex, generation_id: UUID, *, team_id: UUID) -> list[float]:
    """Of one generation of the team's; empty where it has none."""
    rows = SearchEntry.objects.filter(index_id=index.pk, team_id=team_id, generation_id=generation_id)
    kept = rows.values_list("vector", flat=True).first()
    return list(kept or [])


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
    if not is_filtered and caches[PROCESS].get(key):
        return True
    sql, params = fitting
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM (SELECT 1 {sql} LIMIT {few + 1:d}) AS fit, pg_index"  # noqa: S608 -- ours
            " WHERE indexrelid = to_regclass(%s) AND indisvalid",
            (*params, database_index.name(index)),
        )
        have_more: bool = cursor.fetchone()[0] > few
    if have_more and not is_filtered:
        caches[PROCESS].set(key, True, REMEMBERED_SECONDS)
    return have_more


def _key(index: SearchIndex, team_id: UUID, few: int) -> str:
    return f"more:{index.pk}:{team_id.hex}:{few}"


def _approximately(
    index: SearchIndex, vector: Sequence[float], fitting: _Sql, *, team_id: UUID, limit: int
) -> list[Near]:
    """By the database's index, which goes on until enough of the rows have come, in an order that is nearly right.

    In SQL of our own: building it from expressions took longer than the database does.
    """
    is_of_signs = database_index.is_of_signs(index)
    candidates = max(MIN_EF, RERANKED * limit) if is_of_signs else limit
    sql, params = fitting
    order = f"{database_index.indexed(index)} {database_index.sought(index, vector, team_id)}"
    distance = f"vector <=> '{database_index.as_text(vector)}'::halfvec" if is_of_signs else order
    # What is sent together is one transaction, and one way there and back. Any plan but the index's has to sort, and
    # the planner does not know what reading a long vector costs.
    found = _last_rows(
        f"""
        SET LOCAL hnsw.iterative_scan = relaxed_order;
        SET LOCAL hnsw.max_scan_tuples = {MAX_SCANNED:d};
        SET LOCAL hnsw.ef_search = {min(MAX_EF, max(MIN_EF, candidates)):d};
        SET LOCAL enable_sort = off;
        SELECT generation_id, {distance} AS distance {sql}
        ORDER BY {order if is_of_signs else "distance"}
        LIMIT {candidates:d}
        """,
        params,
    )
    if not is_of_signs:
        # Half of what is compared is the code, which all of them share.
        found = [(id, 2 * distance) for id, distance in found]
    return sorted(found, key=_distance)[:limit]


def _exactly(vector: Sequence[float], fitting: _Sql, limit: int) -> list[Near]:
    """By each of the rows: the vector alone is not what the database's index is of."""
    sql, params = fitting
    return _last_rows(
        f"SELECT generation_id, vector <=> %s::halfvec AS distance {sql} ORDER BY distance, generation_id"
        f" LIMIT {limit:d}",
        (database_index.as_text(vector), *params),
    )


def _last_rows(sql: str, params: Sequence[Any]) -> list[Near]:
    """What the last of the statements brings."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        while cursor.nextset():
            pass
        return cursor.fetchall()


def _distance(near: Near) -> float:
    return near[1]
