"""What the tests of the embedded PostgreSQL do to it."""

import time
from collections.abc import Callable
from pathlib import Path

import psutil
import psycopg

from project.stack.postgres import settings_for


def query(data_folder: Path, sql: str) -> list[tuple]:
    place = settings_for(data_folder)
    with psycopg.connect(
        host=place["HOST"], port=place["PORT"], user=place["USER"], dbname=place["NAME"], autocommit=True
    ) as connection:
        cursor = connection.execute(sql)
        return cursor.fetchall() if cursor.description else []


def servers_on(data_folder: Path) -> list[int]:
    """The pids of the PostgreSQL processes whose socket belongs to this data folder."""
    sockets = settings_for(data_folder)["HOST"]
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if any(sockets in word for word in process.info["cmdline"] or []):
            found.append(process.pid)
    return found


def wait_until(condition: Callable[[], object], *, seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)
