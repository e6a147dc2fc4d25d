"""500 open live streams: memory for each, database connections, and the time from commit to the browser's socket."""

import asyncio
import time

from bench import load, machine
from bench.server import Server

STREAMS = 500
CHANGES = 20


def measure() -> None:
    with Server() as server:
        from bench import seed

        team = seed.team("live")
        before = server.web_memory()
        asyncio.run(_watch(server, team, seed.cookie(team), before))


async def _watch(server: Server, team: object, cookie: str, before: int) -> None:
    request = load.request("GET", "/live?show=all", cookie=cookie)
    streams = [await _open(server.port, request) for _ in range(STREAMS)]
    await asyncio.sleep(5)
    machine.row(
        f"live: memory for each of {STREAMS} streams", f"{(server.web_memory() - before) / STREAMS / 1024:.0f} KiB"
    )
    machine.row("live: database connections in all", await asyncio.to_thread(_connections))
    first, last = [], []
    for _ in range(CHANGES):
        waiting = [asyncio.create_task(_next_card(reader)) for reader, _ in streams]
        committed = await asyncio.to_thread(_change, team)
        arrived = sorted(await asyncio.wait_for(asyncio.gather(*waiting), 30))
        first.append(arrived[0] - committed)
        last.append(arrived[-1] - committed)
    machine.row("live: commit to the first socket", machine.milliseconds(first))
    machine.row("live: commit to the last of all sockets", machine.milliseconds(last))
    for _, writer in streams:
        writer.close()


async def _open(port: int, request: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    assert b" 200 " in head.split(b"\r\n")[0], head
    return reader, writer


async def _next_card(reader: asyncio.StreamReader) -> float:
    await reader.readuntil(b"event: card")
    return time.time()


def _connections() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'")
        return cursor.fetchone()[0]


def _change(team: object) -> float:
    """Create a generation; returns when its transaction was committed."""
    from generations import catalog, lifecycle, pricing
    from generations.intake import GenerationRequest

    resolved = catalog.resolve(GenerationRequest(prompt="A change that everyone sees"))
    lifecycle.create(resolved, pricing.quote(resolved), asker=lifecycle.Asker(team_id=team.id))  # type: ignore[attr-defined]
    return time.time()
