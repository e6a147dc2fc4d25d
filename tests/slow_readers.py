"""Readers who take the first bytes of a large answer and then hardly any more."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit


@contextmanager
def slow_readers(count: int, url: str, path: str, *, cookie: str = "") -> Iterator[list[str]]:
    """So many who hold a connection to the web process open in the middle of its answer, to the end of the block.

    Yields what the first line of each answer is: an answer has begun when its head is here.
    """
    place = urlsplit(url)
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n" + (f"Cookie: {cookie}\r\n" if cookie else "") + "\r\n"
    with ExitStack() as stack:
        readers = [stack.enter_context(socket.socket()) for _ in range(count)]
        for reader in readers:
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.settimeout(30)
            reader.connect((place.hostname, place.port))
            reader.sendall(head.encode())
        yield [_first_line(reader) for reader in readers]


def _first_line(reader: socket.socket) -> str:
    line = b""
    while not line.endswith(b"\r\n") and (byte := reader.recv(1)):
        line += byte
    return line.decode().strip()
