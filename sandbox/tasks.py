"""Tasks in memory. Where a task stands is a matter of the clock alone: nothing runs while nobody asks."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.clips import Piece
from sandbox.faults import Faults

TASKS_KEPT = 100_000
PENDING_SHARE = 0.15


@dataclass(slots=True, kw_only=True)
class Task:
    """One thing asked for. Times are seconds since the epoch; `ends_at` is infinite for one that never ends.

    `owner` is the vendor and the key it was made with; `error` is what it fails with, or None. `pieces` are what it
    makes, one clip or some stills, and `notes` what its vendor's answers tell of it besides.
    """

    id: str
    owner: tuple[str, str]
    model: str
    kind: str
    prompt: str
    pieces: tuple[Piece, ...]
    notes: dict[str, Any]
    origin: str
    created_at: float
    ends_at: float
    error: str | None
    faults: Faults
    fetches: int = 0

    def status(self, now: float) -> str:
        if now >= self.ends_at:
            return "failed" if self.error is not None else "completed"
        begun = now >= self.created_at + PENDING_SHARE * (self.ends_at - self.created_at)
        return "processing" if begun or "never" in self.faults else "pending"


class TaskStore:
    """Keeps the newest 100,000 tasks."""

    def __init__(self) -> None:
        self._tasks: dict[str, Task] = {}
        self._by_owner: dict[tuple[str, str], dict[str, Task]] = {}

    def __len__(self) -> int:
        return len(self._tasks)

    def add(self, task: Task) -> None:
        self._tasks[task.id] = task
        self._by_owner.setdefault(task.owner, {})[task.id] = task
        if len(self._tasks) > TASKS_KEPT:
            self._forget(next(iter(self._tasks.values())))

    def find(self, task_id: str) -> Task | None:
        return self._tasks.get(task_id)

    def of(self, owner: tuple[str, str], task_id: str) -> Task | None:
        """The owner's task, or None: somebody else's does not exist."""
        return self._by_owner.get(owner, {}).get(task_id)

    def page(
        self, owner: tuple[str, str], wanted: Callable[[Task], bool] | None, *, limit: int, offset: int
    ) -> tuple[list[Task], int]:
        """One page of the owner's wanted tasks, newest first, and how many there are in all."""
        mine = self._by_owner.get(owner, {})
        newest_first: Iterator[Task] = reversed(mine.values())
        if wanted is None:
            return list(itertools.islice(newest_first, offset, offset + limit)), len(mine)
        found = [task for task in newest_first if wanted(task)]
        return found[offset : offset + limit], len(found)

    def _forget(self, task: Task) -> None:
        del self._tasks[task.id]
        del self._by_owner[task.owner][task.id]
        if not self._by_owner[task.owner]:
            del self._by_owner[task.owner]


def iso(at: float) -> str:
    """Seconds since the epoch as 2025-03-10T10:00:00Z."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
