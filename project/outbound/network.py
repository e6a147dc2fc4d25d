"""Connections to checked addresses only, each bound to one deadline for everything that happens on it."""

import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import httpcore

from .addresses import allows_host, may_connect

Resolve = Callable[[str, int], list[str]]
"""All addresses of a name, as text; raises OSError when it has none."""

# More answers than this are checked but not tried.
TRIED_ADDRESSES = 4
WRITTEN_AT_ONCE = 16 * 1024


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


class Quota:
    """How many bytes may still come in. httpcore bounds one block of headers, not how many come, nor their chunks."""

    def __init__(self, size: int) -> None:
        self._left = size

    def raise_by(self, size: int) -> None:
        self._left += size

    def take(self, size: int) -> None:
        """Raises httpcore.ReadError once more came than may."""
        self._left -= size
        if self._left < 0:
            raise httpcore.ReadError("more than may come")


class DeadlineStream(httpcore.NetworkStream):
    """Ends every read and write by the deadline; httpcore's own time-outs start anew at each byte."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline, quota: Quota | None = None) -> None:
        self._stream = stream
        self._deadline = deadline
        self._quota = quota

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        came = self._stream.read(max_bytes, self._deadline.left(timeout))
        if self._quota:
            self._quota.take(len(came))
        return came

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """In parts, for one that takes it byte by byte has a time-out for each."""
        for start in range(0, len(buffer), WRITTEN_AT_ONCE):
            self._stream.write(buffer[start : start + WRITTEN_AT_ONCE], self._deadline.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        with _connecting():
            inner = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left(timeout))
        return DeadlineStream(inner, self._deadline, self._quota)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class GuardedBackend(httpcore.NetworkBackend):
    """Resolves a name itself, refuses it if any address is an inner one, connects to what it has checked.

    Host and SNI keep the name, since only the TCP connection is made here.
    """

    def __init__(self, *, deadline: Deadline, resolve: Resolve, is_trusted: bool, quota: Quota | None = None) -> None:
        self._deadline = deadline
        self._resolve = resolve
        self._is_trusted = is_trusted
        self._quota = quota
        self._system = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        with _connecting():
            connecting = Deadline.after(self._deadline.left(timeout))
            addresses = self._checked_addresses(host, port, connecting)
            stream = self._first_to_answer(addresses, port, connecting)
        return DeadlineStream(stream, self._deadline, self._quota)

    def _first_to_answer(self, addresses: list[str], port: int, connecting: Deadline) -> httpcore.NetworkStream:
        for remaining in range(len(addresses), 0, -1):
            try:
                return self._system.connect_tcp(addresses[-remaining], port, connecting.left() / remaining)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        raise httpcore.ConnectError("no address answered")

    def _checked_addresses(self, host: str, port: int, connecting: Deadline) -> list[str]:
        addresses = _resolved(self._resolve, host, port, connecting)
        may_be_inner = self._is_trusted or allows_host(host)
        if not may_be_inner and not all(may_connect(ip_address(text)) for text in addresses):
            raise httpcore.ConnectError("not a public address")
        return addresses[:TRIED_ADDRESSES]


@contextmanager
def _connecting() -> Iterator[None]:
    """The deadline was over before there was anything to read."""
    try:
        yield
    except httpcore.ReadTimeout as error:
        raise httpcore.ConnectTimeout("deadline") from error


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
