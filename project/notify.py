"""NOTIFY as a bare hint, after commit, on a connection of this process's own.

A NOTIFY inside the transaction would take a global lock at commit. Hints of one channel within 20 ms become one, and a
lost hint is only late: listeners look every few seconds anyway.
"""

import logging
import threading
from collections.abc import AsyncGenerator
from typing import Any

import psycopg
from django.db import connection

log = logging.getLogger(__name__)

MERGE_SECONDS = 0.02
_pending: set[str] = set()
_lock = threading.Lock()
_sending = threading.Lock()
_own: dict[str, psycopg.Connection] = {}


def notify(channel: str) -> None:
    """Tell every listener on `channel` (a plain identifier) to look now. Never raises, never waits."""
    with _lock:
        if channel in _pending:
            return
        _pending.add(channel)
    parameters = {**connection.get_connection_params(), "autocommit": True}
    timer = threading.Timer(MERGE_SECONDS, _send, [channel, parameters])
    timer.daemon = True
    timer.start()


def close() -> None:
    """Let go of this process's connection, for whoever is about to drop the database. The next hint makes a new one."""
    with _sending:
        if own := _own.pop("connection", None):
            own.close()


def _send(channel: str, parameters: dict[str, object]) -> None:
    with _sending:
        # Not before it is our turn: while the database hangs, one thread waits for each channel, not one for each hint.
        with _lock:
            _pending.discard(channel)
        try:
            _connection(parameters).execute(f"NOTIFY {channel}")
        except psycopg.Error as error:
            log.info("hint not sent: %s", type(error).__name__)
            _own.clear()


async def hints(channel: str, *, every_seconds: float) -> AsyncGenerator[None, None]:
    """Yields once at the start, on every hint, and when none came for so long. Raises psycopg.Error when cut off."""
    parameters = {**connection.get_connection_params(), "autocommit": True}
    async with await psycopg.AsyncConnection.connect(**_known(parameters)) as listening:
        await listening.execute(f"LISTEN {channel}")
        while True:
            yield
            async for _hint in listening.notifies(timeout=every_seconds, stop_after=1):
                pass


def _connection(parameters: dict[str, object]) -> psycopg.Connection:
    if "connection" not in _own or _own["connection"].closed:
        _own["connection"] = psycopg.connect(**_known(parameters))
    return _own["connection"]


def _known(parameters: dict[str, object]) -> dict[str, Any]:
    known = ("host", "port", "dbname", "user", "password", "autocommit")
    return {name: parameters[name] for name in known if parameters.get(name)}
