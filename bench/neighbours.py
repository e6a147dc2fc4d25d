"""How long one team's holds take while another team's balance is hammered: every lock is of one team."""

import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

from bench import machine
from bench.server import Server

CLIENTS = 64
HOLDS = 400
ROUNDS = 3
_UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")


def measure() -> None:
    """In turn, so that whatever else the machine does slows both alike."""
    with Server():
        from bench import seed

        quiet, hot = seed.team("quiet"), seed.team("hot")
        script = _script(hot.id)
        _durations(quiet.id)
        idle: list[float] = []
        beside: list[float] = []
        for _ in range(ROUNDS):
            idle += _durations(quiet.id)
            with _hammered(script):
                beside += _durations(quiet.id)
        machine.row("holds of a team alone", machine.milliseconds(idle))
        machine.row(f"holds beside {CLIENTS} clients that hold on another team", machine.milliseconds(beside))
        machine.row("ratio of the p95", f"{machine.p95(beside) / machine.p95(idle):.2f}")


def _durations(team_id: UUID) -> list[float]:
    from accounts import credits

    durations = []
    for _ in range(HOLDS):
        started = time.perf_counter()
        credits.hold(team_id, 1, hold_id=uuid4())
        durations.append(time.perf_counter() - started)
    return durations


@contextmanager
def _hammered(script: str) -> Iterator[None]:
    """pgbench holds on the other team meanwhile, with the statements of hold() as the code sends them."""
    from django.conf import settings

    from project.stack.location import programs

    database = settings.DATABASES["default"]
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        command = [str(programs() / "pgbench"), "-n", "-c", str(CLIENTS), "-T", "60", "-f", file.name]
        command += ["-h", database["HOST"], "-p", str(database["PORT"]), "-U", database["USER"], database["NAME"]]
        load = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        time.sleep(1)
        if load.poll() is not None:
            raise RuntimeError(load.communicate()[1].decode())
        try:
            yield
        finally:
            load.terminate()
            load.wait()


def _script(team_id: UUID) -> str:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from accounts import credits

    hold_id = uuid4()
    with CaptureQueriesContext(connection) as captured:
        entry = credits.hold(team_id, 1, hold_id=hold_id)
    lines = ["\\set n random(100000000000, 999999999999)"]
    for query in captured.captured_queries:
        sql = re.sub(r"\s+", " ", query["sql"]).strip().rstrip(";")
        for number, id in enumerate((hold_id, entry.id)):
            sql = _UUID.sub(lambda found, id=id, number=number: _variable(found[0], id, number), sql)
        lines.append(f"{sql};")
    return "\n".join(lines) + "\n"


def _variable(found: str, id: UUID, number: int) -> str:
    """An id of this one hold becomes one that each transaction makes anew."""
    return f"0199000{number}-0000-7000-8000-:n" if UUID(found) == id else found
