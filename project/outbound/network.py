"""Connections to checked addresses only, each bound to one deadline for everything that happens on it."""

import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import httpcore

from .addresses import allows_address, allows_host, is_public

Resolve = Callable[[str, int], list[str]]
"""All addresses of a name, as text; raises OSError when it has none."""

# More answers than this are checked but not tried.
TRIED_ADDRESSES = 4


def lookup(host: str, port: int) -> list[str]:
    """The system's resolver."""
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in answers))


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the monotonic clock."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        return cls(time.monotonic() + seconds)

    def left(self, at_most: float | None = None) -> float:
        """Seconds still left, no more than `at_most`; raises httpcore.ReadTimeout when there are none."""
        seconds = self.at - time.monotonic()
        if seconds <= 0:
            raise httpcore.ReadTimeout("deadline")
        return seconds if at_most is None else min(seconds, at_most)


class DeadlineStream(httpcore.NetworkStream):
    """Ends every read and write by the deadline; httpcore's own time-outs start anew at each byte."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        inner = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left(timeout))
        return DeadlineStream(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class GuardedBackend(httpcore.NetworkBackend):
    """Resolves a name itself, refuses it if any address is an inner one, connects to what it has checked.

    Host and SNI keep the name, since only the TCP connection is made here.
    """

    def __init__(self, *, deadline: Deadline, resolve: Resolve, is_trusted: bool) -> None:
        self._deadline = deadline
        self._resolve = resolve
        self._is_trusted = is_trusted
        self._system = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        connecting = Deadline.after(self._deadline.left(timeout))
        try:
            addresses = self._checked_addresses(host, port, connecting)
            return DeadlineStream(self._first_to_answer(addresses, port, connecting), self._deadline)
        except httpcore.ReadTimeout as error:
            raise httpcore.ConnectTimeout("deadline") from error

    def _first_to_answer(self, addresses: list[str], port: int, connecting: Deadline) -> httpcore.NetworkStream:
        for remaining in range(len(addresses), 0, -1):
            try:
                return self._system.connect_tcp(addresses[-remaining], port, connecting.left() / remaining)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        raise httpcore.ConnectError("no address answered")

    def _checked_addresses(self, host: str, port: int, connecting: Deadline) -> list[str]:
        addresses = _resolved(self._resolve, host, port, connecting)
        if not self._is_trusted and not allows_host(host):
            for text in addresses:
                address = ip_address(text)
                if not is_public(address) and not allows_address(address):
                    raise httpcore.ConnectError("not a public address")
        return addresses[:TRIED_ADDRESSES]


def _resolved(resolve: Resolve, host: str, port: int, connecting: Deadline) -> list[str]:
    """The answers of `resolve`, asked in a thread of its own because getaddrinfo knows no time-out."""
    answers: queue.SimpleQueue[list[str]] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(resolve(host, port))
        except (OSError, UnicodeError):
            answers.put([])

    threading.Thread(target=ask, name="resolve", daemon=True).start()
    try:
        return answers.get(timeout=connecting.left())
    except queue.Empty as error:
        raise httpcore.ConnectTimeout("name not resolved in time") from error
