"""Ids that hold their time: UUIDv7, RFC 9562."""

from datetime import datetime
from uuid import UUID


def first_id(moment: datetime, *, skew_ms: int = 0) -> UUID:
    """The lowest UUIDv7 of a moment: ids hold their time, so the index of ids bounds a search by date.

    `skew_ms` moves it, for clocks that differ and for ids that are made before the moment that is looked for.
    """
    milliseconds = min(max(0, int(moment.timestamp() * 1000) + skew_ms), 2**48 - 1)
    return UUID(int=milliseconds << 80)
