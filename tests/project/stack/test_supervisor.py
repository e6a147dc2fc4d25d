import sys

import psutil
import pytest

from project.stack.supervisor import Program, Supervisor
from tests.project.stack.servers import wait_until


class Enough(Exception):
    pass


def program(script: str, *, lines: int = 1, grace_seconds: float = 5) -> tuple[Program, list[str]]:
    """A Python program, and the lines it has said; as many as asked for end the watch."""
    said: list[str] = []

    def note(line: str) -> None:
        said.append(line)
        if len(said) == lines:
            raise Enough

    command = [sys.executable, "-c", f"import os, signal, subprocess, sys, time\n{script}"]
    return Program("web", command, grace_seconds=grace_seconds, on_line=note), said


def watch(*programs: Program) -> Supervisor:
    supervisor = Supervisor(None, list(programs))
    supervisor.start()
    with pytest.raises(Enough):
        supervisor.watch()
    return supervisor


def is_alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_lines_carry_the_name_of_their_process(capsys):
    talker, _ = program("print('hello\\nworld'); time.sleep(60)", lines=2)

    watch(talker).stop()

    assert capsys.readouterr().out == "web      | hello\nweb      | world\n"


def test_colour_is_by_process_and_only_where_it_is_wanted(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    talker, _ = program("print('hello'); time.sleep(60)")

    watch(talker).stop()

    assert capsys.readouterr().out == "\033[36mweb      |\033[0m hello\n"


def test_one_that_dies_is_started_again_with_a_line_that_says_so(capsys):
    mortal, said = program("print(os.getpid()); os.kill(os.getpid(), signal.SIGKILL)", lines=2)

    watch(mortal).stop()

    assert len(set(said)) == 2
    assert "filmgate | web ended (by SIGKILL). Starting it again.\n" in capsys.readouterr().out


def test_what_a_dead_program_leaves_behind_is_ended_before_it_starts_again(capsys):
    script = "child = subprocess.Popen(['/bin/sleep', '60']); print(child.pid); sys.exit(3)"
    parent, said = program(script, lines=2)

    watch(parent).stop()

    wait_until(lambda: not any(is_alive(int(pid)) for pid in said))
    assert "web ended (exit code 3)" in capsys.readouterr().out


def test_one_that_does_not_want_to_end_is_killed_after_its_grace():
    stubborn, said = program(
        "signal.signal(signal.SIGTERM, signal.SIG_IGN); print(os.getpid()); time.sleep(60)", grace_seconds=0.2
    )

    watch(stubborn).stop()

    assert not is_alive(int(said[0]))


def test_last_words_are_shown(capsys):
    script = "signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('bye'))); print('hello'); time.sleep(60)"
    polite, _ = program(script)

    watch(polite).stop()

    assert capsys.readouterr().out == "web      | hello\nweb      | bye\n"
