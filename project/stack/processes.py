"""What `make run` runs: PostgreSQL, the sandbox, the web server, and the worker with beat."""

import errno
import os
import signal
import socket
import sys
import threading
from types import FrameType

from django.conf import settings
from django.core.management import call_command
from django.db import connection

from project.env import DATA_FOLDER, PORT, SANDBOX_PORT
from project.stack import ready, worker
from project.stack.console import say
from project.stack.location import PostgresError
from project.stack.locks import Lock
from project.stack.postgres import Postgres
from project.stack.supervisor import Program, Supervisor

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def up() -> int:
    """Run everything until Ctrl-C or TERM, and leave no process. Returns the exit code."""
    alone = Lock(DATA_FOLDER / "up.lock")
    refusal = _refusal() if alone.take(wait=False) else f"Filmgate already runs with the data in {DATA_FOLDER}."
    if refusal:
        print(refusal, file=sys.stderr)
        return 1
    for each in ENDING:
        signal.signal(each, _end)
    database = Postgres(DATA_FOLDER) if settings.EMBEDDED_DATABASE else None
    worker_is_ready, stopping = threading.Event(), threading.Event()
    supervisor = Supervisor(database, _programs(worker_is_ready))
    ready.forget()
    try:
        _prepare_database(database)
        supervisor.start()
        threading.Thread(
            target=ready.announce, args=[worker_is_ready], kwargs={"stopping": stopping}, daemon=True
        ).start()
        supervisor.watch()
    except KeyboardInterrupt:
        say("Stopping.")
    except PostgresError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        stopping.set()
        supervisor.stop()
        if database:
            database.stop(patient=False)
        ready.forget()
    return 0


def _end(number: int, frame: FrameType | None) -> None:
    """The first signal ends everything; a second one must not interrupt that."""
    for each in ENDING:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def _refusal() -> str | None:
    """Why nothing should be started, in one line: a port that is taken."""
    ports = {"PORT": PORT} | ({"SANDBOX_PORT": SANDBOX_PORT} if settings.SANDBOX else {})
    if len(set(ports.values())) < len(ports):
        return f"PORT and SANDBOX_PORT are both {PORT}. Set one of them to another port."
    for name, port in ports.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except (OSError, OverflowError) as error:
                taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
                return f"Port {port} {'is taken' if taken else 'cannot be used'}. Set {name} to another port."
    return None


def _prepare_database(database: Postgres | None) -> None:
    say(f"Starting, with the data in {DATA_FOLDER}.")
    if database:
        if database.in_use():
            say("Another command runs the database: waiting for it to end.")
        database.start(attach=False)
    call_command("migrate", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL has one


def _programs(worker_is_ready: threading.Event) -> list[Program]:
    """In the order they start. The grace of each is what it needs to end its open connections or current jobs."""
    if settings.EMBEDDED_DATABASE:
        # A newcomer tries callbacks on their own machine; a real installation must not call inner addresses.
        os.environ.setdefault("FILMGATE_ALLOW_PRIVATE_HOSTS", "localhost,127.0.0.1,::1")
    os.environ.setdefault("SANDBOX_DATA", str(DATA_FOLDER / "sandbox"))

    def heed(line: str) -> None:
        if worker.READY in line:
            worker_is_ready.set()

    sandbox = Program("sandbox", [sys.executable, "-m", "sandbox", "--port", str(SANDBOX_PORT)], grace_seconds=1)
    web = Program("web", _web_command(), grace_seconds=3)
    working = Program("worker", worker_command(), grace_seconds=4, on_line=heed)
    return [sandbox, web, working] if settings.SANDBOX else [web, working]


def _web_command() -> list[str]:
    """No access log: paths carry tokens. No proxy headers: project settings say whose are believed."""
    command = [sys.executable, "-m", "uvicorn", "project.asgi:application", "--host", "127.0.0.1", "--port", str(PORT)]
    command += ["--no-access-log", "--no-proxy-headers", "--log-level", "warning"]
    return [*command, "--timeout-graceful-shutdown", "2"]


def worker_command() -> list[str]:
    """Without the chatter between workers, which the broker in a folder carries slowly."""
    # Celery warns of root at every start; our messages are JSON, so what it warns of cannot happen.
    python = [sys.executable, "-W", "ignore::UserWarning:celery.platforms"]
    command = [*python, "-m", "celery", "--quiet", "--app", "project", "worker", "--include", worker.__name__]
    command += ["--pool", "threads", "--concurrency", "32", "-B", "-s", str(DATA_FOLDER / "celerybeat-schedule")]
    return [*command, "--without-gossip", "--without-mingle", "--without-heartbeat"]
