"""The real thing: `manage.py up` with every process, on free ports."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from project.env import ROOT
from tests.project.stack.servers import servers_on, wait_until
from tests.stack import free_ports

READY_SECONDS = 120


def environment(data_folder: Path, **changes: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in ("PUBLIC_URL", "DATABASE_URL")}
    return inherited | {"FILMGATE_DATA": str(data_folder), "SANDBOX_SECONDS": "1"} | changes


def manage(*arguments: str, **variables: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, env=variables, capture_output=True, text=True, timeout=120
    )


@dataclass
class Stack:
    process: subprocess.Popen
    data_folder: Path
    port: int
    log: Path

    def children(self) -> dict[str, psutil.Process]:
        """The programs by name."""
        words = {"sandbox": "sandbox", "uvicorn": "web", "celery": "worker"}
        found = {}
        for child in psutil.Process(self.process.pid).children():
            # One that ends just now has no command any more.
            with suppress(psutil.NoSuchProcess):
                command = child.as_dict(["cmdline"])["cmdline"] or []
                found |= {name: child for word, name in words.items() if word in command}
        return found

    def answers(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/healthz").status_code == 200
        except httpx.HTTPError:
            return False

    def everything(self) -> list[psutil.Process]:
        return [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]


@pytest.fixture
def stack(folder) -> Iterator[Stack]:
    data_folder, log, (port, sandbox_port) = folder / "var", folder / "log", free_ports(2)
    variables = environment(data_folder, PORT=str(port), SANDBOX_PORT=str(sandbox_port))
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up"], cwd=ROOT, env=variables, stdout=output, stderr=subprocess.STDOUT
        )
    yield Stack(process, data_folder, port, log)
    process.kill()
    process.wait()
    wait_until(lambda: servers_on(data_folder) == [])


def is_gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def wait_until_ready(stack: Stack) -> dict[str, str]:
    ready = stack.data_folder / "ready.json"
    wait_until(lambda: ready.exists() or stack.process.poll() is not None, seconds=READY_SECONDS)
    assert stack.process.poll() is None, stack.log.read_text()
    assert ready.stat().st_mode & 0o777 == 0o600
    return json.loads(ready.read_text())


def test_it_gets_ready_replaces_what_dies_and_ends_without_a_trace(stack):
    ready = wait_until_ready(stack)

    assert set(ready) == {"url", "email", "password", "api_key", "team"}
    assert ready["url"] == f"http://localhost:{stack.port}"
    assert all(value in stack.log.read_text() for value in ready.values())
    assert stack.answers()

    worker = stack.children()["worker"]
    worker_and_beat = [worker, *worker.children(recursive=True)]
    worker.kill()
    wait_until(lambda: stack.children().get("worker", worker).pid != worker.pid)
    wait_until(lambda: all(map(is_gone, worker_and_beat)))
    assert "worker ended (by SIGKILL). Starting it again." in stack.log.read_text()

    database = next(pid for pid in servers_on(stack.data_folder) if psutil.Process(pid).ppid() == stack.process.pid)
    os.kill(database, signal.SIGKILL)
    wait_until(lambda: "database ended (by SIGKILL)" in stack.log.read_text())
    wait_until(stack.answers)

    everything = stack.everything()
    stack.process.terminate()

    assert stack.process.wait(20) == 0
    wait_until(lambda: all(map(is_gone, everything)))
    assert servers_on(stack.data_folder) == []
    assert not (stack.data_folder / "ready.json").exists()


def test_kill_9_of_the_supervisor_leaves_no_process(stack):
    wait_until(lambda: len(stack.children()) == 3, seconds=READY_SECONDS)
    everything = stack.everything()

    stack.process.kill()
    stack.process.wait()

    wait_until(lambda: all(map(is_gone, everything)))
    wait_until(lambda: servers_on(stack.data_folder) == [])


@pytest.mark.parametrize("name", ["PORT", "SANDBOX_PORT"])
def test_a_taken_port_gets_one_line_that_names_the_variable_and_nothing_starts(folder, name):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        web, sandbox = free_ports(2)
        ports = {"PORT": str(web), "SANDBOX_PORT": str(sandbox), name: str(port)}

        ran = manage("up", **environment(folder / "var", **ports))

    assert ran.returncode == 1
    assert (ran.stdout, ran.stderr) == ("", f"Port {port} is taken. Set {name} to another port.\n")
    assert not (folder / "var" / "postgres").exists()


def test_a_command_starts_the_database_for_itself(folder):
    ran = manage("migrate", "contenttypes", **environment(folder / "var"))

    assert (ran.returncode, ran.stderr) == (0, "")
    assert (folder / "var" / "postgres").exists()
    assert servers_on(folder / "var") == []


def test_a_command_that_needs_no_database_starts_none(folder):
    ran = manage("version", **environment(folder / "var"))

    assert ran.returncode == 0
    assert not (folder / "var" / "postgres").exists()
