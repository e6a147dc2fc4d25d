"""One task by the API, and the gallery page of a team with 1,000 and with 100,000 generations."""

import itertools
import statistics

from bench import load, machine
from bench.server import Server

SECONDS = 6
SIZES = (1_000, 100_000)


def measure() -> None:
    with Server() as server:
        from bench import seed
        from generations.models import Generation

        cookies = []
        for size in SIZES:
            team = seed.team(f"gallery{size}")
            seed.generations(team, size)
            cookies.append(seed.cookie(team))
        _compare(server.port, [load.request("GET", "/gallery/", cookie=cookie) for cookie in cookies])
        machine.row("gallery page: queries", " and ".join(str(_queries(cookie)) for cookie in cookies))

        generation = Generation.objects.filter(team=team).latest("id")
        keys = [seed.key(team) for _ in range(16)]
        requests = [load.request("GET", f"/api/v1/tasks/{generation.id}", key=key) for key in keys]
        result = load.run(server.port, requests.__getitem__, connections=16, seconds=SECONDS)
        machine.row("GET /tasks/{id}, 16 connections", f"{result.per_second:.0f} a second, {result.statuses}")
        machine.row("GET /tasks/{id}, 16 connections: duration", machine.milliseconds(result.durations))


def _compare(port: int, pages: list[bytes]) -> None:
    """The pages in turn over one connection, so that whatever else the machine does slows both alike."""
    turns = itertools.cycle(pages)
    load.run(port, lambda _: next(turns), connections=1, seconds=3)
    turns = itertools.cycle(pages)
    result = load.run(port, lambda _: next(turns), connections=1, seconds=2 * SECONDS)
    if set(result.statuses) != {200}:
        raise RuntimeError(f"the gallery answered {result.statuses}")
    taken = [result.durations[number :: len(pages)] for number in range(len(pages))]
    for size, durations in zip(SIZES, taken, strict=True):
        machine.row(f"gallery page at {size:,} generations", machine.milliseconds(durations))
    small, large = map(statistics.median, taken)
    machine.row("gallery page: ratio of the medians", f"{large / small:.2f}")


def _queries(cookie: str) -> int:
    """How many queries one page takes, counted in this process."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(headers={"cookie": cookie, "host": "127.0.0.1"})
    client.get("/gallery/")
    with CaptureQueriesContext(connection) as captured:
        if client.get("/gallery/").status_code != 200:
            raise RuntimeError("the gallery does not answer")
    return len(captured)
