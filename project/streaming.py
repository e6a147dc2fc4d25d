"""Answers that are sent while they are made."""

from collections.abc import AsyncIterator, Iterator

from asgiref.sync import sync_to_async
from django.db import connection


async def as_read(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Each chunk made in a thread, once the one before is sent. Under ASGI Django would make all of them first.

    Between two of them no connection is held: whoever downloads slowly keeps none of the pool's.
    """
    while (chunk := await sync_to_async(_next)(chunks)) is not None:
        if chunk:
            yield chunk


def _next(chunks: Iterator[bytes]) -> bytes | None:
    try:
        return next(chunks, None)
    finally:
        connection.close()
