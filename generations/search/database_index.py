"""The approximate index that the database keeps of one SearchIndex's vectors, so that two models' never meet.

pgvector's HNSW takes a halfvec of up to 4,000 dimensions. Longer ones are indexed by the sign of each dimension, and
what that brings is ranked again by the vectors themselves (docs/decisions/0018-signs-of-long-vectors.md). What is
indexed is the vector with a code of its team behind it, so that a team's own are nearly always nearer than another's: a
search hardly passes through those (docs/decisions/0019-a-place-for-each-team.md).
"""

import hashlib
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from django.db import connection

from generations.models import SearchEntry, SearchIndex

# Among signs a code weighs by how many it has.
CODE_DIMS, CODE_SIGNS = 32, 1024
MAX_HALFVEC_DIMS = 4000 - CODE_DIMS
EF_CONSTRUCTION = 128  # pgvector's 64 finds less for the same work
# A build takes minutes, and waits for whoever reads. It is one process: helpers of its own would want as much memory
# again in /dev/shm, which containers hold small.
BUILT_WITH = {
    "maintenance_work_mem": "256MB",
    "max_parallel_maintenance_workers": "0",
    "statement_timeout": "0",
    "lock_timeout": "0",
}


def build(index: SearchIndex) -> bool:
    """Have the database make it, beside whoever reads and writes; again is harmless. Not in a transaction.

    Returns False while another process builds or drops any. What a killed one left invalid is dropped first.
    """
    with _lock_to_build() as is_ours, connection.cursor() as cursor:
        if is_ours:
            if _is_valid(index) is False:
                cursor.execute(f"DROP INDEX CONCURRENTLY {name(index)}")
            cursor.execute(
                f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name(index)} ON {SearchEntry._meta.db_table}"
                f" USING hnsw ({indexed(index)} {_operators(index)}) WITH (ef_construction = {EF_CONSTRUCTION:d})"
                f" WHERE index_id = {index.pk:d}"
            )
    return is_ours


def drop(index: SearchIndex) -> bool:
    """Have the database forget it; again is harmless. Not in a transaction. Returns False as build() does."""
    with _lock_to_build() as is_ours, connection.cursor() as cursor:
        if is_ours:
            cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name(index)}")
    return is_ours


def name(index: SearchIndex) -> str:
    """What the database calls it."""
    return f"search_vectors_{index.pk:d}"


def is_of_signs(index: SearchIndex) -> bool:
    """Whether its vectors are too long for it, so that it is of their signs."""
    return index.dims > MAX_HALFVEC_DIMS


def indexed(index: SearchIndex) -> str:
    """What it is of, in SQL."""
    if is_of_signs(index):
        return f"(signs::bit({index.dims + CODE_SIGNS:d}))"
    whole = f"l2_normalize(vector::halfvec({index.dims:d})) || team_code"
    return f"(({whole})::halfvec({index.dims + CODE_DIMS:d}))"


def sought(index: SearchIndex, vector: Sequence[float], team_id: UUID) -> str:
    """Its operator and the vector as it is indexed, in SQL."""
    if is_of_signs(index):
        return f"<~> B'{signs(vector)}{code_signs(team_id)}'"
    length = math.hypot(*vector) or 1.0
    text = as_text([*(part / length for part in vector), *team_code(team_id)])
    return f"<=> '{text}'::halfvec({index.dims + CODE_DIMS:d})"


def as_text(vector: Sequence[float]) -> str:
    """As a halfvec is written: it keeps no more than these digits."""
    return f"[{','.join([f'{part:.5g}' for part in vector])}]"


def signs(vector: Sequence[float]) -> str:
    """A one for each number above zero, as binary_quantize() has it."""
    return "".join(["1" if part > 0 else "0" for part in vector])


def team_code(team_id: UUID) -> list[float]:
    """Of length 1, and about at right angles to every other team's. It is in the database's index: never change it."""
    part = CODE_DIMS**-0.5
    return [part if sign == "1" else -part for sign in code_signs(team_id)[:CODE_DIMS]]


def code_signs(team_id: UUID) -> str:
    """The code of a team as it stands behind the signs of a vector."""
    return f"{int.from_bytes(hashlib.shake_256(team_id.bytes).digest(CODE_SIGNS // 8)):0{CODE_SIGNS}b}"


def _operators(index: SearchIndex) -> str:
    return "bit_hamming_ops" if is_of_signs(index) else "halfvec_cosine_ops"


@contextmanager
def _lock_to_build() -> Iterator[bool]:
    """Whether this process has the lock, and may take its time; one that was killed may go on building for a while.

    There is one for all indexes: they are of one table, and of two that are built at once PostgreSQL ends the first as
    a deadlock, when it waits at its end for the snapshot of the second, which waits for the table.
    """
    connection.validate_no_atomic_block()  # one that fails could not be unlocked
    key = [SearchEntry._meta.db_table]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s))", key)
        is_ours = cursor.fetchone() == (True,)
        if not is_ours:
            yield False
            return
        try:
            for setting, value in BUILT_WITH.items():
                cursor.execute(f"SET {setting} = '{value}'")
            yield True
        finally:
            for setting in BUILT_WITH:
                cursor.execute(f"RESET {setting}")
            cursor.execute("SELECT pg_advisory_unlock(hashtext(%s))", key)


def _is_valid(index: SearchIndex) -> bool | None:
    """None where there is none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [name(index)])
        row = cursor.fetchone()
    return row[0] if row else None
