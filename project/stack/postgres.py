"""The embedded PostgreSQL: started as our child over a unix socket, and gone when we are.

Whoever starts it holds `postgres.lock` in the data folder, and the server inherits the lock. So the lock is free only
when no process of the server is left, even after `kill -9`. Another process attaches instead, and shares
`postgres.users` meanwhile, so that a command that started the server can wait for it before it stops the server.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg

from project.stack import children
from project.stack.location import Location, PostgresError, hand_over, settle, socket_folder
from project.stack.locks import Lock

NAME = "filmgate"
PORT = 5432
ATTACH_SECONDS = 120
STOP_SECONDS = 4
LOG_BYTES = 10 << 20

SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
}
# PostgreSQL's own advice is a quarter of the memory; here the web process and workers live beside it.
BUFFERS_SHARE = 8
CONTAINER_MEMORY = Path("/sys/fs/cgroup/memory.max")
MIN_BUFFERS_MB, MAX_BUFFERS_MB = 128, 1024
CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def settings_for(data_folder: Path) -> dict[str, Any]:
    """The place and name of the database in the form of Django's DATABASES. Starts nothing."""
    return {"NAME": NAME, "USER": NAME, "HOST": str(socket_folder(data_folder)), "PORT": str(PORT)}


def buffers_mb() -> int:
    """How much of the memory is for tables and indexes: searches are quick where these fit."""
    return min(MAX_BUFFERS_MB, max(MIN_BUFFERS_MB, _memory_mb() // BUFFERS_SHARE))


def _memory_mb() -> int:
    """The machine's, or what its container may use of it (cgroup v2, memory.max)."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = int(CONTAINER_MEMORY.read_text())
    except (OSError, ValueError):  # no container, or one that may have all
        limit = machine
    return min(machine, limit) >> 20


def running(data_folder: Path) -> bool:
    """Whether the database answers."""
    try:
        _connect(data_folder, NAME).close()
    except psycopg.OperationalError:
        return False
    return True


class Postgres:
    """The server of one data folder: ours if we started it, somebody else's if it was running.

    `durable=False` trades safety after a crash of the machine for speed, for tests.
    """

    def __init__(self, data_folder: Path, *, durable: bool = True) -> None:
        self.data_folder = data_folder
        self.durable = durable
        self.process: subprocess.Popen[bytes] | None = None
        self._lock = Lock(data_folder / "postgres.lock")
        self._users = Lock(data_folder / "postgres.users")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def start(self, *, attach: bool = True) -> None:
        """Start the server, or attach to it where another process runs it; `attach=False` waits for that one to end.

        Raises PostgresError where it cannot run.
        """
        deadline = time.monotonic() + ATTACH_SECONDS
        while not self._lock.take(wait=not attach):
            if self._attach():
                return
            if time.monotonic() > deadline:
                raise PostgresError(f"Another process holds {self._lock.path}, but its PostgreSQL does not answer.")
            time.sleep(0.05)
        try:
            self.launch()
        except BaseException:
            self.stop(patient=False)
            raise

    def launch(self) -> None:
        """Start the server with the lock held: the first time, or again after it died."""
        location = settle(self.data_folder)
        if not location.cluster.exists():
            self._create_cluster(location)
        _forget_recycled_pids(location)
        with self._open_log() as log:
            seen = log.tell()
            self.process = subprocess.Popen(
                [location.programs / "postgres", "-D", location.cluster, *self._options(location)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[self._lock.fileno()],
                # SIGINT is PostgreSQL's fast shutdown.
                **_ours(location.user, death_signal=signal.SIGINT),
            )
        self._await_answer(self.process, seen)
        self._create_database()

    def stop(self, *, patient: bool = True) -> None:
        """Stop the server if it is ours, after those who are attached to it if `patient`; else only let go of it."""
        if self.process and self.process.poll() is None:
            if patient and not self._users.take(wait=False):
                print("Another command uses this database: waiting for it to end.", file=sys.stderr)
                self._users.take()
            children.stop(self.process, first=signal.SIGINT, grace_seconds=STOP_SECONDS)
        self.process = None
        self._users.release()
        self._lock.release()

    def in_use(self) -> bool:
        """Whether another process runs the server, or is about to."""
        if self._lock.take(wait=False):
            self._lock.release()
            return False
        return True

    def _attach(self) -> bool:
        self._users.take(shared=True)
        if running(self.data_folder):
            return True
        self._users.release()
        return False

    def _create_cluster(self, location: Location) -> None:
        draft = location.cluster.with_name("postgres.draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        hand_over(draft, location.user)
        command: list[str | Path] = [location.programs / "initdb", "-D", draft, "-U", NAME, "--auth=trust"]
        command += ["-E", "UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"]
        command += [] if self.durable else ["--no-sync"]
        made = subprocess.run(
            command, capture_output=True, text=True, **_ours(location.user, death_signal=signal.SIGKILL)
        )
        if made.returncode:
            raise PostgresError(f"initdb failed: {made.stderr.strip()}")
        draft.rename(location.cluster)

    def _options(self, location: Location) -> list[str]:
        ours = {"unix_socket_directories": str(location.sockets), "shared_buffers": f"{buffers_mb()}MB"}
        settings = SETTINGS | ours | ({} if self.durable else CARELESS)
        return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]

    def _open_log(self) -> Any:
        path = self.data_folder / "postgres.log"
        if path.exists() and path.stat().st_size > LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
        return path.open("ab")

    def _await_answer(self, process: subprocess.Popen[bytes], seen: int) -> None:
        """Wait as long as the server lives: recovery after a crash takes its time."""
        while process.poll() is None:
            try:
                return _connect(self.data_folder, "postgres").close()
            except psycopg.OperationalError:
                time.sleep(0.02)
        said = (self.data_folder / "postgres.log").read_bytes()[seen:].decode(errors="replace").strip()
        raise PostgresError(f"PostgreSQL did not start:\n{said}")

    def _create_database(self) -> None:
        try:
            with _connect(self.data_folder, "postgres") as connection:
                if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone():
                    connection.execute(f"CREATE DATABASE {NAME}")
        except psycopg.Error as error:
            raise PostgresError(f"PostgreSQL started, but there is no database {NAME}: {error}") from error


def _connect(data_folder: Path, name: str) -> psycopg.Connection[tuple[Any, ...]]:
    place = settings_for(data_folder)
    return psycopg.connect(
        host=place["HOST"], port=place["PORT"], user=NAME, dbname=name, connect_timeout=5, autocommit=True
    )


def _ours(user: pwd.struct_passwd | None, *, death_signal: signal.Signals) -> dict[str, Any]:
    """How the programs are run: as `user`, in a session of their own (Ctrl-C is for us alone), tied to our life."""
    identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    return {
        **identity,
        "cwd": "/",
        "env": {name: value for name, value in os.environ.items() if not name.startswith("PG")},
        "start_new_session": True,
        "preexec_fn": children.die_with_parent(death_signal),
    }


def _forget_recycled_pids(location: Location) -> None:
    """Remove the pid files of a killed server where its pid belongs to something else by now.

    PostgreSQL takes any live process of the same user for its predecessor, and would not start.
    """
    for path in (location.cluster / "postmaster.pid", location.sockets / f".s.PGSQL.{PORT}.lock"):
        if path.exists() and not _is_postgres(path.read_text().partition("\n")[0]):
            path.unlink()


def _is_postgres(pid: str) -> bool:
    """A dead process that nobody has waited for has an empty command line, and is none."""
    if not Path("/proc/self").exists():
        return True
    try:
        return b"postgres" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
