"""W11, W12: what a web process as `make run` starts it does with bodies that are huge, slow or broken."""

import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import psutil
import pytest

from generations.models import Callback, Submission
from project.body_limit import HOOK_SECONDS
from tests.api import asked, ensure_prices
from tests.factories import make_account, make_submission, make_team
from tests.web import web_processes

KIB = 1024


@pytest.fixture
def submission(transactional_db) -> Submission:
    ensure_prices()
    generation = asked(make_team(granted=100))
    return make_submission(generation=generation, account=make_account(base_url="http://127.0.0.1:9"))


@pytest.fixture
def web(submission) -> Iterator[str]:
    with web_processes(1) as (url,):
        yield url


@pytest.fixture
def address(web, submission) -> str:
    return f"/hooks/vibegen/{submission.token}"


class Caller:
    """One connection on which whatever is wished can be sent."""

    def __init__(self, url: str) -> None:
        self._socket = socket.create_connection((urlsplit(url).hostname, urlsplit(url).port), timeout=30)

    def send(self, data: bytes) -> bool:
        """False once the other side has gone."""
        try:
            self._socket.sendall(data)
        except OSError:
            return False
        return True

    def status(self) -> int | None:
        """None where the connection ends without an answer."""
        try:
            line = self._socket.makefile("rb").readline()
        except OSError:
            return None
        return int(line.split()[1]) if line else None

    def close(self) -> None:
        self._socket.close()


def head(address: str, *headers: str) -> bytes:
    lines = [f"POST {address} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def post(url: str, *parts: bytes) -> int | None:
    caller = Caller(url)
    try:
        for part in parts:
            if not caller.send(part):
                break
        return caller.status()
    finally:
        caller.close()


# W12
def test_a_body_is_taken_up_to_256_kib_with_its_length_or_without(web, address):
    whole, more = b"x" * (256 * KIB), b"x" * (256 * KIB + 1)

    declared = [post(web, head(address, f"Content-Length: {len(body)}"), body) for body in (whole, more)]
    chunked = post(web, head(address, "Transfer-Encoding: chunked"), chunk(whole[:-1]), chunk(b"y"), chunk(b""))

    assert declared == [202, 413]
    assert chunked == 202
    assert Callback.objects.count() == 2


# W12
def test_ten_megabytes_without_a_length_are_refused_after_256_kib_and_leave_no_trace(web, address):
    (process,) = [each for each in psutil.Process().children() if "uvicorn" in " ".join(each.cmdline())]
    pieces = [chunk(b"x" * (64 * KIB))] * 160
    start = head(address, "Transfer-Encoding: chunked")
    post(web, start, *pieces)
    before = process.memory_info().rss

    answers = {post(web, start, *pieces) for _ in range(20)}

    assert answers <= {413, None}  # who goes on sending may not hear it
    assert process.memory_info().rss - before < 8 * KIB * KIB
    assert not Callback.objects.exists()


# W12
def test_who_declares_ten_megabytes_is_refused_before_they_are_sent(web, address):
    assert post(web, head(address, "Content-Length: 10485760")) == 413


# W12
def test_a_body_that_drips_is_cut_off_after_ten_seconds_and_others_are_answered_meanwhile(web, address):
    slow = [Caller(web) for _ in range(50)]
    for caller in slow:
        caller.send(head(address, "Content-Length: 1000"))
    started = time.monotonic()
    meanwhile = []
    while time.monotonic() - started < HOOK_SECONDS - 2:
        for caller in slow:
            caller.send(b" ")
        asked_at = time.monotonic()
        meanwhile.append((post(web, head(address, "Content-Length: 2"), b"{}"), time.monotonic() - asked_at))
        time.sleep(1)
    answers = {caller.status() for caller in slow}
    took = time.monotonic() - started
    for caller in slow:
        caller.close()

    assert answers == {408}
    assert took < HOOK_SECONDS + 3
    assert {status for status, _ in meanwhile} == {202}
    assert max(seconds for _, seconds in meanwhile) < 2


# W11
def test_a_broken_body_or_header_is_never_an_error_of_ours(web, address):
    statuses = {
        post(web, head(address, "Transfer-Encoding: chunked"), b"zz\r\n"),
        post(web, head(address, "Content-Length: -5"), b"{}"),
        post(web, head(address, "Content-Length: 2", "Content-Length: 3"), b"{}"),
        post(web, head(address, "Content-Length: 0", "Webhook-Signature: \xe9\xff")),
        post(web, head(address, "Content-Length: 0", "Webhook-Signature: v1,\tabc")),
        post(web, head(address, "Content-Length: 0", *(f"X-{number}: {'y' * 500}" for number in range(90)))),
        post(web, head(address, "Content-Length: 2", "Content-Encoding: gzip"), b"\x1f\x8b"),
    }

    assert statuses <= {202, 400, None}
