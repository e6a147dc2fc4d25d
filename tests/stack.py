"""The whole of Filmgate running, as `make run` starts it, with data and ports of its own.

A conftest.py that wants it says `from tests.stack import running_stack, running_stripe`. Who needs it stopped, broken
or started otherwise makes one: RunningStack(SANDBOX_SECONDS="0.5"), and calls stop().
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from project.env import ROOT
from tests.sandbox_process import wait_until
from tests.stripe_stand_in import StripeStandIn, hook_at

READY_SECONDS = 180
NOT_INHERITED = (
    "DATABASE_URL",
    "PUBLIC_URL",
    "CALLBACK_BASE_URL",
    "CELERY_BROKER_URL",
    "FILMGATE_DATA",
    "FILMGATE_MEDIA",
)


class RunningStack:
    """Runs from construction, which returns when ready.json is there, to stop(). Keywords are its environment.

    `url` is its address, `ready` what ready.json says, `env` the environment that `manage.py` needs to reach it.
    """

    def __init__(self, **environment: str) -> None:
        self.data_folder = Path(tempfile.mkdtemp(prefix="filmgate-stack-", dir="/tmp"))
        # As root, PostgreSQL runs as another user, who must be able to pass.
        self.data_folder.chmod(0o755)
        self.log = self.data_folder / "log"
        inherited = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
        ports = dict(zip(("PORT", "SANDBOX_PORT"), map(str, free_ports(2)), strict=True))
        data = {"FILMGATE_DATA": str(self.data_folder), "SANDBOX_SECONDS": "2"}
        self.env = inherited | data | ports | environment
        with self.log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", "up"], cwd=ROOT, env=self.env, stdout=output, stderr=subprocess.STDOUT
            )
        try:
            wait_until(self._is_ready, seconds=READY_SECONDS)
        except BaseException:
            self.stop()
            raise
        self.ready: dict[str, Any] = json.loads((self.data_folder / "ready.json").read_text())
        self.url: str = self.ready["url"]

    def manage(self, *arguments: str) -> str:
        """What a manage.py command prints."""
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.env, check=True, capture_output=True, text=True).stdout

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.data_folder, ignore_errors=True)

    def _is_ready(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError(f"manage.py up ended with {self._process.returncode}:\n{self.log.read_text()}")
        return (self.data_folder / "ready.json").exists()


def free_ports(count: int) -> list[int]:
    """So many different ones: all are held until the last is found."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def free_port() -> int:
    return free_ports(1)[0]


@pytest.fixture(scope="session")
def running_stripe() -> Iterator[StripeStandIn]:
    """The Stripe that the running stack sells through."""
    with StripeStandIn() as stripe:
        yield stripe


@pytest.fixture(scope="session")
def running_stack(running_stripe: StripeStandIn) -> Iterator[RunningStack]:
    stack = RunningStack(**running_stripe.settings())
    running_stripe.hook = hook_at(f"{stack.url}/hooks/stripe")
    yield stack
    stack.stop()
