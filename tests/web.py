"""Web processes as `make run` starts them, on the test database, for what must hold over several of them.

with web_processes(4) as urls:
    …

They see what is committed, so the test has to be transactional; keys and sessions made in it are good in all of them.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from tempfile import TemporaryFile
from urllib.parse import quote, urlencode

import httpx
from django.conf import settings
from django.db import connection

from project.env import ROOT
from project.stack import children
from tests.sandbox_process import wait_until
from tests.stack import free_port

# PostgreSQL allows 100 in all, and another worker of xdist may hold as many as its own pool has.
CONNECTIONS = 32


@contextmanager
def web_processes(count: int, **environment: str) -> Iterator[list[str]]:
    """So many processes from when all answer to the end of the block; yields their addresses.

    Keywords are environment of theirs. Start them from the main thread.
    """
    size = {"DATABASE_POOL_SIZE": str(CONNECTIONS // count)}
    with ExitStack() as stack:
        processes = []
        for _ in range(count):
            processes.append(WebProcess(**size | environment))
            stack.callback(processes[-1].stop)
        for process in processes:
            process.wait_until_it_answers()
        yield [process.url for process in processes]


class WebProcess:
    def __init__(self, **environment: str) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._log = TemporaryFile()  # noqa: SIM115 -- closed by stop()
        command = [sys.executable, "-m", "uvicorn", "project.asgi:application", "--host", "127.0.0.1"]
        command += ["--port", str(port), "--no-access-log", "--no-proxy-headers", "--log-level", "warning"]
        shared = {"DATABASE_URL": database_url(), "FILMGATE_MEDIA": str(settings.MEDIA_FOLDER)}
        self._process = subprocess.Popen(
            [*command, "--timeout-graceful-shutdown", "2"],
            cwd=ROOT,
            env=os.environ | shared | environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
            preexec_fn=children.die_with_parent(signal.SIGKILL),
        )

    def wait_until_it_answers(self) -> None:
        wait_until(self._answers, seconds=120)

    def log(self) -> str:
        """What it has printed so far."""
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def stop(self) -> None:
        children.stop(self._process, first=signal.SIGTERM, grace_seconds=5)
        self._log.close()

    def _answers(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError(f"a web process ended with {self._process.returncode}:\n{self.log()}")
        try:
            return httpx.get(f"{self.url}/healthz", timeout=10, trust_env=False).is_success
        except httpx.TransportError:
            return False


def database_url() -> str:
    """The database that this test uses, as DATABASE_URL names it."""
    place = connection.settings_dict
    user = ":".join(quote(place[name], safe="") for name in ("USER", "PASSWORD") if place.get(name))
    return f"postgres://{user}@/{place['NAME']}?{urlencode({'host': place['HOST'], 'port': place['PORT']})}"
