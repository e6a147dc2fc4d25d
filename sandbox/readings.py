"""Requests about clips in memory: each is worked on as soon as it is made, and told of once its time has come too."""

import asyncio
import time
import uuid
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from sandbox.faults import Faults
from sandbox.looks import CannotLook
from sandbox.tasks import PENDING_SHARE

READINGS_KEPT = 50_000

Found = dict[str, Any]
"""Fields of the answer."""


@dataclass(slots=True, kw_only=True)
class Reading:
    """One request about a clip. Times are seconds since the epoch; `error` is what it is to fail with, or None."""

    id: str
    owner: str
    created_at: float
    ends_at: float
    error: str | None
    faults: Faults
    work: asyncio.Task[Found]
    fetches: int = 0

    def status(self, now: float) -> str:
        """queued, processing, completed or failed."""
        if now < self.ends_at or not self.work.done():
            begun = now >= self.created_at + PENDING_SHARE * (self.ends_at - self.created_at)
            return "processing" if begun or "never" in self.faults else "queued"
        return "failed" if self.failure is not None else "completed"

    @property
    def failure(self) -> str | None:
        """Only of one whose work is done."""
        if self.error is not None or self.work.cancelled():
            return self.error or "Cancelled"
        raised = self.work.exception()
        return None if raised is None else str(raised) if isinstance(raised, CannotLook) else "Internal error"

    @property
    def found(self) -> Found:
        """Only of one that is completed."""
        return self.work.result()


class Readings:
    """Keeps the newest 50,000."""

    def __init__(self) -> None:
        self._readings: dict[str, Reading] = {}

    def begin(
        self, owner: str, work: Coroutine[Any, Any, Found], *, seconds: float, error: str | None, faults: Faults
    ) -> Reading:
        now = time.time()
        reading = Reading(
            id=str(uuid.uuid4()),
            owner=owner,
            created_at=now,
            ends_at=now + seconds,
            error=error,
            faults=faults,
            work=asyncio.create_task(work),
        )
        self._readings[reading.id] = reading
        if len(self._readings) > READINGS_KEPT:
            self._readings.pop(next(iter(self._readings))).work.cancel()
        return reading

    def of(self, owner: str, reading_id: str) -> Reading | None:
        """The owner's, or None: somebody else's does not exist."""
        reading = self._readings.get(reading_id)
        return reading if reading is not None and reading.owner == owner else None

    async def forget(self) -> None:
        """Drop all, and end what is being worked on."""
        readings, self._readings = self._readings, {}
        for reading in readings.values():
            reading.work.cancel()
        await asyncio.gather(*(reading.work for reading in readings.values()), return_exceptions=True)
