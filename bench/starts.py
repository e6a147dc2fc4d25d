"""From `make run` to ready, the virtual environment in place: in a new data folder, and again."""

import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from bench import machine
from bench.server import ROOT, free_port


def measure() -> None:
    with tempfile.TemporaryDirectory(prefix="filmgate-bench-") as folder:
        for name in ("first start, six demo clips included", "second start"):
            machine.row(f"make run to ready: {name}", f"{_start(Path(folder)):.1f} s")


def _start(folder: Path) -> float:
    environment = os.environ | {
        "FILMGATE_DATA": str(folder),
        "PORT": str(free_port()),
        "SANDBOX_PORT": str(free_port()),
    }
    started = time.monotonic()
    run = subprocess.Popen(
        ["make", "run"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, start_new_session=True
    )
    while not (folder / "ready.json").exists():
        if run.poll() is not None or time.monotonic() - started > 180:
            raise RuntimeError("make run did not become ready")
        time.sleep(0.05)
    taken = time.monotonic() - started
    os.killpg(run.pid, signal.SIGINT)
    run.wait(30)
    return taken
