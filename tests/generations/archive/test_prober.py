"""The program that looks into files: kept, started again, and gone with whoever started it."""

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from generations.archive.prober import Prober
from project.env import ROOT
from tests.races import meanwhile, race
from tests.sandbox_process import wait_until


@pytest.fixture
def prober():
    prober = Prober()
    yield prober
    prober.stop()


@pytest.fixture
def picture(tmp_path) -> Path:
    path = tmp_path / "picture"
    content = io.BytesIO()
    Image.new("RGB", (64, 36)).save(content, "PNG")
    path.write_bytes(content.getvalue())
    return path


def ask(prober: Prober, path: Path) -> bytes:
    with path.open("rb") as file:
        return prober.ask(file)


def test_one_program_looks_into_one_file_after_another(prober, picture):
    first = ask(prober, picture)
    program = prober._program

    assert first.startswith(b'{"duration_seconds": null, "width": 64, "height": 36')
    assert ask(prober, picture) == first
    assert prober._program is program


def test_many_at_once_get_an_answer_each(prober, picture):
    answers = race(lambda _: ask(prober, picture), range(16), threads=8)

    assert len(set(answers)) == 1
    assert answers[0]


def test_one_that_was_killed_is_started_again(prober, picture):  # F13
    first = ask(prober, picture)
    prober._program.send_signal(signal.SIGKILL)
    prober._program.wait()

    assert ask(prober, picture) == first


def test_a_child_that_is_killed_takes_nobody_with_it(prober, picture, tmp_path):  # M4
    """One that waits for a file that brings nothing, killed as it is when it breaks a limit."""
    first = ask(prober, picture)
    wait_until(lambda: _child_of(prober._program.pid) is None)
    endless = tmp_path / "endless"
    os.mkfifo(endless)
    held = os.open(endless, os.O_RDWR)
    answers = []
    try:
        with meanwhile(lambda: answers.append(ask(prober, endless))):
            os.kill(wait_until(lambda: _child_of(prober._program.pid)), signal.SIGKILL)
    finally:
        os.close(held)

    assert answers == [b""]
    assert ask(prober, picture) == first


def test_it_is_gone_with_whoever_started_it():  # F1
    """Even where that was killed: then its socket is closed, and nobody can call any more."""
    program = (
        "import io, time; from generations.archive.prober import Prober; p = Prober(); p._start();"
        "print(p._program.pid, flush=True); time.sleep(60)"
    )
    starter = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE)
    pid = int(starter.stdout.readline())
    starter.kill()
    starter.wait()
    starter.stdout.close()

    wait_until(lambda: not _runs(pid))


def _child_of(pid: int) -> int | None:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[0]) if children else None


def _runs(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
