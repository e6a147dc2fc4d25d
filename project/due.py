"""Due work: rows with `next_at`, claimed under a lease, done by a few threads, until none is due.

Whoever dies leaves a lease that runs out; then the row is due again. All of it goes by the database's clock.
"""

import logging
import threading
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Model, Q, QuerySet
from django.db.models.functions import Now

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
HEARTBEAT_SECONDS = 15
LOOK_SECONDS = 1.0
M = TypeVar("M", bound=Model)


def due(rows: QuerySet[M]) -> QuerySet[M]:
    """Those of them that are due, and that nobody has leased."""
    free = Q(lease_until=None) | Q(lease_until__lte=Now())
    return rows.filter(free, next_at__lte=Now())


def claim(rows: QuerySet[M], limit: int, **columns: Any) -> list[M]:
    """Lease up to `limit` of the rows that are due, longest due first, skipping what others are claiming right now.

    `columns` are written with the lease. The rows returned know their `lease_until`. With a limit below 1 it is none.
    """
    if limit < 1:
        return []
    with transaction.atomic():
        longest_due = due(rows).annotate(claimed_at=Now()).order_by("next_at")
        claimed = list(longest_due.select_for_update(skip_locked=True, of=("self",))[:limit])
        for row in claimed:
            row.lease_until = row.claimed_at + LEASE  # type: ignore[attr-defined]
        if claimed:
            lease_until = claimed[0].lease_until  # type: ignore[attr-defined]
            of_claimed = rows.model._default_manager.filter(pk__in=[row.pk for row in claimed])
            of_claimed.update(lease_until=lease_until, **columns)
    return claimed


def log_failure(what: str, error: Exception) -> None:
    """For the boundary of a job: the error's type and where it was, without its words, which may hold a prompt."""
    trace = "".join(traceback.format_tb(error.__traceback__))
    log.error("%s failed: %s\n%s", what, type(error).__name__, trace)


@contextmanager
def heartbeat(row: Model) -> Iterator[None]:
    """Keep the lease of a claimed row alive while something long is done with it."""
    done = threading.Event()

    def beat() -> None:
        while not done.wait(HEARTBEAT_SECONDS):
            type(row)._default_manager.filter(pk=row.pk).exclude(lease_until=None).update(lease_until=Now() + LEASE)
            connection.close()

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


class Bulkhead:
    """At most so many calls to one provider account at a time: one that hangs can't take every thread of a process."""

    WAIT_SECONDS = 1.0

    def __init__(self, per_account: int) -> None:
        self._slots: defaultdict[UUID, threading.BoundedSemaphore] = defaultdict(
            lambda: threading.BoundedSemaphore(per_account)
        )
        self._lock = threading.Lock()

    @contextmanager
    def slot(self, account_id: UUID) -> Iterator[bool]:
        """Yields whether there was a free slot within a second."""
        with self._lock:
            slots = self._slots[account_id]
        entered = slots.acquire(timeout=self.WAIT_SECONDS)
        try:
            yield entered
        finally:
            if entered:
                slots.release()


class Crew(Generic[M]):
    """Up to `size` threads of this process for one kind of work."""

    def __init__(self, *, size: int, claim: Callable[[int], list[M]], do: Callable[[M], None]) -> None:
        self._size = size
        self._claim = claim
        self._do = do
        self._leading = threading.Lock()
        self._wake = threading.Event()

    def run(self) -> None:
        """Work until nothing is due and all that was taken is done. While one call is at it, others only wake it.

        A row is claimed when a thread is free for it, so no lease runs out in a queue behind a provider that hangs.
        """
        self._wake.set()
        while self._wake.is_set() and self._leading.acquire(blocking=False):
            try:
                with ThreadPoolExecutor(self._size) as pool:
                    self._lead(pool)
            finally:
                self._leading.release()

    def _lead(self, pool: ThreadPoolExecutor) -> None:
        busy: set[Future[None]] = set()
        while True:
            self._wake.clear()
            busy = {each for each in busy if not each.done()}
            rows = self._claim(self._size - len(busy)) if len(busy) < self._size else []
            for row in rows:
                work = pool.submit(self._one, row)
                work.add_done_callback(lambda _: self._wake.set())
                busy.add(work)
            if not busy:
                return
            self._wake.wait(LOOK_SECONDS)

    def _one(self, row: M) -> None:
        try:
            self._do(row)
        except Exception as error:  # the boundary of the job: the row's lease runs out, and it is tried again
            log_failure(f"{self._do.__name__} of {row.pk}", error)
        finally:
            connection.close()
