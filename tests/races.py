"""Many threads at once, each with database connections of its own."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier, Thread
from typing import TypeVar

from django.db import connection

T = TypeVar("T")
R = TypeVar("R")


def race(act: Callable[[T], R], items: Iterable[T], *, threads: int) -> list[R]:
    """act(item) for every item, in so many threads that start together; answers in the order of the items.

    There must be at least as many items as threads. The connection goes back after each, as after a request.
    """

    def turn(item: T) -> R:
        try:
            return act(item)
        finally:
            connection.close()

    with ThreadPoolExecutor(threads, initializer=Barrier(threads).wait) as pool:
        return list(pool.map(turn, items))


@contextmanager
def meanwhile(act: Callable[[], object]) -> Iterator[None]:
    """act() in a thread of its own, for which the end of the block waits. Its connection goes back too."""

    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def advisory_locks(number: int) -> int:
    """How often this database's advisory lock of that number is held; another database's is no concern of a test."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database"
            " WHERE locktype = 'advisory' AND objid = %s AND datname = current_database()",
            [number],
        )
        return cursor.fetchone()[0]
