"""Keeps the processes of the stack running, and ends them all."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

from project.env import ROOT
from project.stack import children
from project.stack.console import say
from project.stack.location import PostgresError
from project.stack.postgres import Postgres

TICK_SECONDS = 0.2
RESTART_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Program:
    name: str
    command: list[str]
    grace_seconds: float
    on_line: Callable[[str], None] = lambda line: None


class Run:
    """One run of a program, in a session of its own: Ctrl-C at the terminal is for the supervisor alone."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.output, writing = os.pipe()
        os.set_blocking(self.output, False)
        self.process = subprocess.Popen(
            program.command,
            cwd=ROOT,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=writing,
            start_new_session=True,
            preexec_fn=children.die_with_parent(signal.SIGKILL),
        )
        os.close(writing)
        self._unfinished = b""

    def pass_on(self) -> bool:
        """Show the lines it has written since; False at the end of its output."""
        try:
            while chunk := os.read(self.output, 1 << 16):
                *lines, self._unfinished = (self._unfinished + chunk).split(b"\n")
                for line in lines:
                    self._show(line.decode(errors="replace"))
        except BlockingIOError:
            return True
        return False

    def end(self) -> None:
        """Kill it and what it started, and show its last words."""
        children.kill_group(self.process)
        self.pass_on()
        os.close(self.output)

    def _show(self, line: str) -> None:
        say(line, name=self.program.name)
        self.program.on_line(line)


class Supervisor:
    """Starts programs in order, restarts the one that died, and ends them in the opposite order."""

    def __init__(self, database: Postgres | None, programs: list[Program]) -> None:
        self.database = database
        self.programs = programs
        self._runs: dict[str, Run] = {}
        self._restart_at: dict[str, float] = {}
        self._outputs = selectors.DefaultSelector()

    def start(self) -> None:
        for program in self.programs:
            self._start(program)

    def watch(self) -> None:
        """Pass on output and restart what dies, for ever."""
        while True:
            self._pass_on(TICK_SECONDS)
            self._see_to_database()
            for program in self.programs:
                self._see_to(program)

    def stop(self) -> None:
        """Ask each program to end, the last started first, and kill what has not ended within its grace."""
        for run in reversed(list(self._runs.values())):
            run.process.terminate()
            deadline = time.monotonic() + run.program.grace_seconds
            while run.process.poll() is None and time.monotonic() < deadline:
                self._pass_on(0.05)
            self._end(run)

    def _start(self, program: Program) -> None:
        run = Run(program)
        self._runs[program.name] = run
        self._outputs.register(run.output, selectors.EVENT_READ, run)

    def _end(self, run: Run) -> None:
        if run.output in self._outputs.get_map():
            self._outputs.unregister(run.output)
        run.end()
        del self._runs[run.program.name]

    def _pass_on(self, wait_seconds: float) -> None:
        for key, _ in self._outputs.select(wait_seconds):
            if not key.data.pass_on():
                self._outputs.unregister(key.fd)

    def _see_to(self, program: Program) -> None:
        run = self._runs.get(program.name)
        if run is None:
            if time.monotonic() >= self._restart_at[program.name]:
                self._start(program)
        elif (code := run.process.poll()) is not None:
            self._end(run)
            self._restart_at[program.name] = time.monotonic() + RESTART_SECONDS
            say(f"{program.name} ended ({_reason(code)}). Starting it again.")

    def _see_to_database(self) -> None:
        """The programs find it again by themselves: every connection is checked before it is used."""
        if self.database is None or self.database.process is None or self.database.process.poll() is None:
            return
        say(f"database ended ({_reason(self.database.process.returncode)}). Starting it again.")
        time.sleep(RESTART_SECONDS)
        try:
            self.database.launch()
        except PostgresError as error:
            say(str(error), name="database")


def _reason(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"by {signal.Signals(-code).name}"
