"""Exchanges over real sockets."""

import gzip
import socket
import threading
import time

import pytest

from generations.providers.base import NotSent, Unclear
from generations.providers.http import Exchange
from tests.receiver import Receiver, answer, drip, endless, hang, reset

JSON = b'{"success": true}'


def call(url: str, *, total_seconds: float = 5):
    return Exchange(url, headers={"Authorization": "Bearer k"}).call("POST", "/x", json={}, total_seconds=total_seconds)


def test_an_object_comes_back_with_its_status_and_headers():
    with Receiver() as receiver:
        receiver.answers.append(answer(201, JSON, X_Thing="1"))

        got = call(receiver.url())

    assert (got.status, got.json, got.headers["x-thing"]) == (201, {"success": True}, "1")


def test_redirects_are_not_followed():
    with Receiver() as receiver, Receiver() as elsewhere:
        receiver.answers.append(answer(307, Location=elsewhere.url()))

        got = call(receiver.url())

    assert got.status == 307
    assert elsewhere.requests == []


def test_a_port_where_nobody_listens_is_not_sent():  # P1
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))

        with pytest.raises(NotSent):
            call(f"http://127.0.0.1:{taken.getsockname()[1]}")


def test_a_name_that_does_not_exist_is_not_sent():  # P1
    with pytest.raises(NotSent):
        call("http://nowhere.invalid")


def test_a_server_that_speaks_no_tls_is_not_sent():  # P1
    with Receiver() as receiver, pytest.raises(NotSent):
        call(receiver.url().replace("http:", "https:"))


@pytest.mark.parametrize(
    "breaking",
    [
        reset,
        drip(b"HTTP/1.1 201 Created\r\nContent-Length: 1000\r\n\r\n", 0.1),
        drip(b"HTTP/1.1 201 Cre", 0.1),
        endless(b"HTTP/1.1 201 Created\r\n\r\n", b"x" * 65536),
        lambda handler: handler.wfile.write(b"HTTP/1.1 201 Created\r\nContent-Length: 50\r\n\r\n{"),
        lambda handler: handler.wfile.write(b"SMTP ready\r\n\r\n"),
    ],
    ids=["reset", "dripping body", "dripping head", "endless", "short", "not HTTP"],
)
def test_an_answer_that_breaks_or_never_ends_is_unclear_in_time(breaking):  # P3, P7, P12
    with Receiver() as receiver:
        receiver.answers.append(breaking)
        started = time.monotonic()

        with pytest.raises(Unclear):
            call(receiver.url(), total_seconds=1)

    assert time.monotonic() - started < 3


def test_an_encoded_body_is_not_unpacked():  # P16
    with Receiver() as receiver:
        receiver.answers.append(answer(201, gzip.compress(JSON), Content_Encoding="gzip"))

        with pytest.raises(Unclear):
            call(receiver.url())


def test_no_answer_is_unclear_in_time():  # P2
    stop = threading.Event()
    with Receiver() as receiver:
        receiver.answers.append(hang(stop))

        with pytest.raises(Unclear):
            call(receiver.url(), total_seconds=0.5)

        stop.set()
    assert len(receiver.requests) == 1


def test_proxies_of_the_environment_are_not_used(monkeypatch):
    with Receiver() as receiver, Receiver() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url())

        call(receiver.url())

    assert proxy.requests == []
