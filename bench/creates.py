"""Durable creates over HTTP on 32 connections, beside pgbench running the same statements as one transaction."""

import json
import re
import subprocess
import tempfile
from pathlib import Path
from uuid import UUID

from bench import load, machine
from bench.server import Server

CONNECTIONS = 32
SECONDS = 10
_UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")
BODY = {"model": "seedance 2.0", "prompt": "A city of the future", "duration": 5, "resolution": "720p"}


def measure() -> None:
    with Server() as server:
        from bench import seed

        spread = [seed.team(f"spread{number}") for number in range(CONNECTIONS)]
        hot = seed.team("hot")
        for name, teams in (("32 teams", spread), ("one team", [hot] * CONNECTIONS)):
            keys = [seed.key(team) for team in teams]
            made = _over_http(server, keys, name)
            bare = _by_pgbench(server, [team.id for team in teams])
            machine.row(f"creates, {name}: pgbench, same statements", f"{bare:.0f} a second")
            machine.row(f"creates, {name}: ratio HTTP / pgbench", f"{made / bare:.3f}")


def _over_http(server: Server, keys: list[str], name: str) -> float:
    body = json.dumps(BODY).encode()
    requests = [load.request("POST", "/api/v1/generations", key=key, body=body) for key in keys]
    load.run(server.port, requests.__getitem__, connections=CONNECTIONS, seconds=2)
    web, postgres = server.web_seconds(), server.postgres_seconds()
    result = load.run(server.port, requests.__getitem__, connections=CONNECTIONS, seconds=SECONDS)
    made = result.statuses.get(201, 0)
    web, postgres = server.web_seconds() - web, server.postgres_seconds() - postgres
    machine.row(f"creates, {name}: over HTTP, {CONNECTIONS} connections", f"{made / result.seconds:.0f} a second")
    machine.row(f"creates, {name}: answers", result.statuses)
    machine.row(f"creates, {name}: duration", machine.milliseconds(result.durations))
    machine.row(f"creates, {name}: processor time, Python / PostgreSQL",
                f"{web / made * 1e6:.0f} / {postgres / made * 1e6:.0f} µs")  # fmt: skip
    return made / result.seconds


def _by_pgbench(server: Server, team_ids: list[UUID]) -> float:
    """The statements of one create, as the code sends them, with ids and team replaced by pgbench's variables."""
    from django.conf import settings

    from project.stack.location import programs

    database = settings.DATABASES["default"]
    distinct = list(dict.fromkeys(team_ids))
    with tempfile.TemporaryDirectory() as folder:
        scripts = []
        for number, team_id in enumerate(distinct):
            scripts.append(Path(folder) / f"create{number}.sql")
            scripts[-1].write_text(_script(team_id))
        command = [str(programs() / "pgbench"), "-n", "-c", str(CONNECTIONS), "-j", "2", "-T", str(SECONDS)]
        command += ["-h", database["HOST"], "-p", str(database["PORT"]), "-U", database["USER"]]
        for script in scripts:
            command += ["-f", str(script)]
        done = subprocess.run([*command, database["NAME"]], capture_output=True, text=True, check=True)
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    return float(found[1])


def _script(team_id: UUID) -> str:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from generations import catalog, lifecycle, pricing
    from generations.intake import GenerationRequest

    resolved = catalog.resolve(GenerationRequest.from_mapping(BODY))
    quote = pricing.quote(resolved)
    with CaptureQueriesContext(connection) as captured:
        generation, _ = lifecycle.create(resolved, quote, asker=lifecycle.Asker(team_id=team_id))
    lines = ["\\set n random(100000000000, 999999999999)"]
    known = {generation.id.hex: 1, generation.hold_id.hex: 2}
    for query in captured.captured_queries:
        sql = re.sub(r"\s+", " ", query["sql"]).strip().rstrip(";")
        lines.append(_with_variables(sql, known, team_id.hex) + ";")
    return "\n".join(lines) + "\n"


def _with_variables(sql: str, known: dict[str, int], team_id: str) -> str:
    """Every id of this one create becomes one that each transaction makes anew; the team's stays."""
    for found in dict.fromkeys(_UUID.findall(sql)):
        plain = found.replace("-", "")
        if plain != team_id:
            sql = sql.replace(found, f"0199000{known.get(plain, 3)}-0000-7000-8000-:n")
    return sql
