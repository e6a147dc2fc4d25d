"""A Filmgate of the benchmark's own: PostgreSQL and one web process, no worker, in a folder that is thrown away."""

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Server:
    """`with Server() as server:` also points this process's Django at the same database."""

    def __enter__(self) -> Self:
        self.folder = tempfile.TemporaryDirectory(prefix="filmgate-bench-")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        os.environ |= {
            "FILMGATE_DATA": self.folder.name,
            "PORT": str(self.port),
            "FILMGATE_ALLOW_PRIVATE_HOSTS": "127.0.0.1",
            "LOG_LEVEL": "WARNING",
            "DJANGO_SETTINGS_MODULE": "project.settings",
        }
        # In a process of its own project.env reads the environment once, so the import waits until it is set.
        from project.stack.postgres import Postgres

        self.postgres = Postgres(Path(self.folder.name))
        self.postgres.start()
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        call_command("createcachetable")
        self.web = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "project.asgi:application", "--port", str(self.port), "--no-access-log"],
            cwd=ROOT,
        )
        self._await_ready()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        from django.db import connections

        connections.close_all()
        for alias in connections:
            connections[alias].close_pool()
        self.web.terminate()
        self.web.wait(20)
        self.postgres.stop(patient=False)
        self.folder.cleanup()

    def web_seconds(self) -> float:
        """Processor time of the web process so far."""
        times = psutil.Process(self.web.pid).cpu_times()
        return times.user + times.system

    def postgres_seconds(self) -> float:
        """Processor time of PostgreSQL's living processes so far."""
        assert self.postgres.process
        server = psutil.Process(self.postgres.process.pid)
        return sum(sum(each.cpu_times()[:2]) for each in [server, *server.children()])

    def web_memory(self) -> int:
        return psutil.Process(self.web.pid).memory_info().rss

    def _await_ready(self) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"{self.url}/healthz", timeout=2).close()
                return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise RuntimeError("the web process did not become ready")
