"""One task by the API, and the gallery page of a team with 1,000 and with 100,000 generations."""

from bench import load, machine
from bench.server import Server

SECONDS = 6
SIZES = (1_000, 100_000)


def measure() -> None:
    with Server() as server:
        from bench import seed
        from generations.models import Generation

        medians, queries = [], []
        for size in SIZES:
            team = seed.team(f"gallery{size}")
            seed.generations(team, size)
            cookie = seed.cookie(team)
            page = load.request("GET", "/gallery/", cookie=cookie)
            load.run(server.port, lambda _, page=page: page, connections=1, seconds=2)
            result = load.run(server.port, lambda _, page=page: page, connections=1, seconds=SECONDS)
            assert set(result.statuses) == {200}, result.statuses
            medians.append(sorted(result.durations)[len(result.durations) // 2])
            queries.append(_queries(cookie))
            machine.row(f"gallery page at {size:,} generations", machine.milliseconds(result.durations))
        machine.row("gallery page: ratio of the medians", f"{medians[1] / medians[0]:.2f}")
        machine.row("gallery page: queries", " and ".join(map(str, queries)))

        generation = Generation.objects.filter(team=team).latest("id")
        keys = [seed.key(team) for _ in range(16)]
        requests = [load.request("GET", f"/api/v1/tasks/{generation.id}", key=key) for key in keys]
        result = load.run(server.port, requests.__getitem__, connections=16, seconds=SECONDS)
        machine.row("GET /tasks/{id}, 16 connections", f"{result.per_second:.0f} a second, {result.statuses}")
        machine.row("GET /tasks/{id}, 16 connections: duration", machine.milliseconds(result.durations))


def _queries(cookie: str) -> int:
    """How many queries one page takes, counted in this process."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(headers={"cookie": cookie, "host": "127.0.0.1"})
    client.get("/gallery/")
    with CaptureQueriesContext(connection) as captured:
        assert client.get("/gallery/").status_code == 200
    return len(captured)
