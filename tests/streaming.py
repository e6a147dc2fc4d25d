"""Filmgate served by uvicorn within the test's process, and pages that listen to its live stream."""

import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import uvicorn

from accounts.models import User
from project.asgi import application
from tests.pages import browser_of

PATIENCE_SECONDS = 5


@contextmanager
def served() -> Iterator[str]:
    """The address of a running server."""
    config = uvicorn.Config(
        application, host="127.0.0.1", port=0, log_level="warning", lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_until(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def wait_until(is_so: Callable[[], object], *, seconds: float = PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


@dataclass(frozen=True)
class Event:
    name: str
    data: str
    id: str


class Page:
    """An open page of a user's, listening."""

    def __init__(self, url: str, user: User, **wanted: str) -> None:
        self.cookies = {name: morsel.value for name, morsel in browser_of(user).cookies.items()}
        self.events: queue.Queue[Event | None] = queue.Queue()
        self.is_open = threading.Event()
        self._response: httpx.Response | None = None
        self._client = httpx.Client(cookies=self.cookies, timeout=60)
        self._thread = threading.Thread(target=self._listen, args=(f"{url}/live", wanted), daemon=True)
        self._thread.start()
        assert self.is_open.wait(PATIENCE_SECONDS)

    def next(self, *names: str, seconds: float = PATIENCE_SECONDS) -> Event:
        """The next event of one of these names."""
        deadline = time.monotonic() + seconds
        while True:
            event = self.events.get(timeout=max(0.01, deadline - time.monotonic()))
            assert event is not None, "the stream has ended"
            if not names or event.name in names:
                return event

    def ends(self, *, seconds: float = PATIENCE_SECONDS) -> bool:
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def close(self) -> None:
        if self._response:
            self._response.extensions["network_stream"].get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._client.close()

    def _listen(self, url: str, wanted: dict[str, str]) -> None:
        try:
            with self._client.stream("GET", url, params=wanted) as response:
                self._response = response
                for event in _events(response.iter_lines(), self.is_open):
                    self.events.put(event)
        except httpx.HTTPError:
            pass
        self.events.put(None)


def _events(lines: Iterator[str], is_open: threading.Event) -> Iterator[Event]:
    fields: dict[str, list[str]] = {}
    for line in lines:
        if line:
            name, _colon, value = line.partition(":")
            fields.setdefault(name, []).append(value.removeprefix(" "))
            continue
        if "event" in fields:
            data = "\n".join(fields.get("data", []))
            yield Event(fields["event"][-1], data, fields.get("id", [""])[-1])
            # The rail comes first, so whatever is committed from now on is told.
            is_open.set()
        fields = {}
