"""A relay before the sandbox that can stop what passes at an exact place."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

CHUNK = 1 << 16


@dataclass
class Hold:
    """What stops: exchanges whose request starts with `start`, before they reach the sandbox, or with only the first
    `answer_bytes` of the answer passed back."""

    start: bytes
    answer_bytes: int | None
    count: int = 0
    dropped: threading.Event = field(default_factory=threading.Event)

    def keep(self) -> None:
        """Stand still until what is held is dropped."""
        self.count += 1
        self.dropped.wait()


class Relay:
    """Passes on every connection to a port of 127.0.0.1, from construction to stop(). One exchange, one connection."""

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._hold: Hold | None = None
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/api/v1"

    @contextmanager
    def holding(self, start: bytes, *, answer_bytes: int | None = None) -> Iterator[Hold]:
        """Hold the exchanges that begin meanwhile, requests unless `answer_bytes` is given; then cut them off."""
        hold = self._hold = Hold(start, answer_bytes)
        try:
            yield hold
        finally:
            self._hold = None
            hold.dropped.set()

    def stop(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            request = client.recv(CHUNK)
            hold = self._hold if self._hold and request.startswith(self._hold.start) else None
            if hold and hold.answer_bytes is None:
                hold.keep()
                return
            with socket.create_connection(self._target) as upstream:
                upstream.sendall(request)
                threading.Thread(target=_pass_on, args=[client, upstream], daemon=True).start()
                _pass_on(upstream, client, at_most=hold.answer_bytes if hold else None)
                if hold:
                    hold.keep()


def _pass_on(source: socket.socket, to: socket.socket, *, at_most: int | None = None) -> None:
    """Bytes from one to the other until the source ends, or so many have passed."""
    passed = 0
    with contextlib.suppress(OSError):
        while at_most is None or passed < at_most:
            chunk = source.recv(CHUNK if at_most is None else at_most - passed)
            if not chunk:
                with contextlib.suppress(OSError):
                    to.shutdown(socket.SHUT_WR)
                return
            to.sendall(chunk)
            passed += len(chunk)


@contextmanager
def clogged() -> Iterator[str]:
    """The address of a server that accepts no connection: whoever connects waits, and not a byte leaves."""
    with contextlib.ExitStack() as sockets:
        listener = sockets.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            filler = sockets.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/api/v1"
