"""How long anything may take, whatever the other end does."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.receiver import drip, hang

from .calling import CHUNKED, EARLY_HINTS, OK, code_of, fetch, send, within

BOTH = pytest.mark.parametrize("call", [send, fetch])


@contextmanager
def raw_server(give: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port on 127.0.0.1; each connection is given to `give` in a thread of its own, and closed after it."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve(connection: socket.socket) -> None:
        with connection:
            try:
                give(connection)
            except OSError:
                return

    def accept() -> None:
        while True:
            try:
                connection, _address = listening.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()


@pytest.mark.parametrize("start", [b"HTTP/1.1 200 O", OK + b"X-Slow: ", OK + b"\r\n", CHUNKED + b"1;", EARLY_HINTS])
@BOTH
def test_an_answer_that_drips_is_cut_off(reachable, start, call):  # P12 C6
    reachable.otherwise = drip(start, 0.02)

    with within(10):
        assert code_of(call, reachable.url(), seconds=0.4) == "endpoint_timeout"


@BOTH
def test_an_answer_that_does_not_come_is_not_waited_for(reachable, call):  # C6
    stop = threading.Event()
    reachable.otherwise = hang(stop)

    with within(10):
        assert code_of(call, reachable.url(), seconds=0.4) == "endpoint_timeout"
    stop.set()


@BOTH
def test_a_name_that_is_looked_up_slowly_is_given_up(call):  # F12
    forever = threading.Event()

    with within(10):
        code = code_of(call, "http://slow.example/", seconds=0.3, resolve=lambda host, port: forever.wait())

    forever.set()
    assert code == "endpoint_unreachable"


def test_a_name_is_looked_up_for_five_seconds_at_most(monkeypatch):  # F12
    monkeypatch.setattr("project.outbound.calls.CONNECT_SECONDS", 0.3)
    forever = threading.Event()

    with within(10):
        code = code_of(send, "http://slow.example/", seconds=60, resolve=lambda host, port: forever.wait())

    forever.set()
    assert code == "endpoint_unreachable"


def silent(connection: socket.socket) -> None:
    connection.recv(1)
    time.sleep(30)


def dripping(connection: socket.socket) -> None:
    """A TLS record that grows by a byte at a time: handshake, version 3.3, 16 KiB long."""
    connection.sendall(b"\x16\x03\x03\x40\x00")
    while True:
        connection.sendall(b"\x02")
        time.sleep(0.02)


@pytest.mark.parametrize("give", [silent, dripping])
@BOTH
def test_a_slow_handshake_is_cut_off(settings, give, call):  # C6 C13
    settings.ALLOW_PRIVATE_HOSTS = ("127.0.0.1",)
    with raw_server(give) as port, within(10):
        assert code_of(call, f"https://127.0.0.1:{port}/", seconds=0.4) == "endpoint_unreachable"


def test_what_is_sent_to_one_who_reads_nothing_is_given_up(settings):  # C6
    settings.ALLOW_PRIVATE_HOSTS = ("127.0.0.1",)
    with raw_server(lambda connection: time.sleep(30)) as port, within(10):
        code = code_of(send, f"http://127.0.0.1:{port}/", seconds=0.4, content=b"x" * 50_000_000)

    assert code == "endpoint_timeout"


def test_what_is_sent_to_one_who_reads_slowly_is_given_up(settings):  # C6
    """It takes something again and again, in time each time, and would take half a minute for all of it."""

    def slowly(connection: socket.socket) -> None:
        while connection.recv(65536):
            time.sleep(0.01)

    settings.ALLOW_PRIVATE_HOSTS = ("127.0.0.1",)
    with raw_server(slowly) as port, within(10):
        code = code_of(send, f"http://127.0.0.1:{port}/", seconds=1.5, content=b"x" * 200_000_000)

    assert code == "endpoint_timeout"
