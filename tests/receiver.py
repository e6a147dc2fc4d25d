"""A real HTTP receiver on 127.0.0.1 that keeps what it was sent and answers as told.

    with Receiver() as receiver:
        receiver.answers.extend([answer(500), answer(200)])
        …
        assert receiver.requests[0].path == "/hook"

Once its answers are used up it gives `receiver.otherwise`, an empty 200. An answer is any function of the
handler, so that it may break the protocol: see drip, endless, hang and reset.
"""

import socket
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.closing import Closing

AnswerFunction = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True)
class Received:
    """A request; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


def answer(status: int = 200, body: bytes = b"", **headers: str) -> AnswerFunction:
    """A proper answer; header names with _ for -."""

    def give(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return give


def drip(start: bytes, seconds: float) -> AnswerFunction:
    """The bytes of `start`, then one byte more each `seconds` until the caller is gone."""

    def give(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(start)
        while True:
            time.sleep(seconds)
            handler.wfile.write(b".")

    return give


def endless(start: bytes, chunk: bytes) -> AnswerFunction:
    """The bytes of `start`, then `chunk` without end."""

    def give(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(start)
        while True:
            handler.wfile.write(chunk)

    return give


def hang(stop: threading.Event) -> AnswerFunction:
    """No answer at all until `stop` is set."""

    def give(handler: BaseHTTPRequestHandler) -> None:
        stop.wait()
        handler.close_connection = True

    return give


def reset(handler: BaseHTTPRequestHandler) -> None:
    """The connection is reset once the request has been read."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


class Receiver(Closing):
    """A server from construction to close(), on a free port unless told; with `tls`, an https one."""

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Received] = []
        self.answers: deque[AnswerFunction] = deque()
        self.otherwise: AnswerFunction = answer(200)
        self._server = _Server(self, (host, port))
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._scheme = "https" if tls else "http"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"{self._scheme}://{host}:{self.port}{path}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, receiver: Receiver, address: tuple[str, int]) -> None:
        self.receiver = receiver
        super().__init__(address, _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that goes away half way is what several tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        receiver = self.server.receiver
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        receiver.requests.append(Received(self.command, self.path, headers, body))
        give = receiver.answers.popleft() if receiver.answers else receiver.otherwise
        give(self)

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""
