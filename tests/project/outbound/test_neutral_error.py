"""Nobody maps a network by what is said of it: one word for whatever brought no answer."""

import socket
import time
from collections.abc import Callable

import pytest

from accounts.webhooks import delivery as delivering
from tests.factories import make_team
from tests.receiver import Receiver, answer, reset

from .calling import always, code_of, fetch, says, send
from .deliveries import due, outcome_of

# What a customer could tell apart but for the rule: name, answers of DNS, and what is at the port.
REASONS = (
    "closed port",
    "SSH",
    "SMTP",
    "database",
    "says nothing and closes",
    "resets",
    "inner address",
    "metadata",
    "our own address",
    "no such name",
    "name without address",
    "https at a port without TLS",
)


def no_such_name(host: str, port: int) -> list[str]:
    raise OSError("no such name")


class Situations:
    """Each reason as a URL and a resolver. 127.0.0.2 stands for a public host that the asker has chosen."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        with socket.create_server(("127.0.0.2", 0)) as gone:
            self._closed_port = gone.getsockname()[1]

    def of(self, reason: str) -> tuple[str, Callable[[str, int], list[str]]]:
        at_port = self._receiver.url("/hook", host="public.example")
        self._receiver.otherwise = {
            "SSH": says(b"SSH-2.0-OpenSSH_9.7\r\n"),
            "SMTP": says(b"220 mail.example ESMTP\r\n502 5.5.2 Error: command not recognized\r\n"),
            "database": says(b"\x4a\x00\x00\x00\x0a8.0.36\x00"),
            "says nothing and closes": says(b""),
            "resets": reset,
        }.get(reason, answer(200))
        match reason:
            case "closed port":
                return f"http://public.example:{self._closed_port}/hook", always("127.0.0.2")
            case "inner address":
                return at_port, always("10.0.0.1")
            case "metadata":
                return at_port, always("169.254.169.254")
            case "our own address":
                return at_port, always("127.0.0.1")
            case "no such name":
                return at_port, no_such_name
            case "name without address":
                return at_port, always()
            case "https at a port without TLS":
                return at_port.replace("http:", "https:"), always("127.0.0.2")
        return at_port, always("127.0.0.2")


@pytest.fixture
def situations(settings):
    settings.ALLOW_PRIVATE_HOSTS = ("127.0.0.2",)
    with Receiver(host="127.0.0.2") as receiver:
        situations = Situations(receiver)
        settings.ALLOW_PORTS = frozenset({receiver.port, situations._closed_port})
        yield situations


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("call", [send, fetch])
def test_nobody_learns_why_no_answer_came_and_not_by_the_time_either(situations, reason, call):  # S7
    url, resolve = situations.of(reason)
    started = time.monotonic()

    code = code_of(call, url, resolve=resolve, seconds=5)

    assert code == "endpoint_unreachable"
    assert time.monotonic() - started < 6


def test_what_a_customer_is_shown_is_the_same_for_all_of_them(transactional_db, situations):  # S7
    """Every column of delivery and attempt, but for ids, times, the URL and what was sent."""
    team = make_team()
    shown = {}

    for reason in REASONS:
        url, resolve = situations.of(reason)
        delivery = due(team, url)
        delivering.attempt(delivery, resolve=resolve)
        shown[reason] = outcome_of(delivery)

    assert {tuple(sorted(each.items())) for each in shown.values()} == {tuple(sorted(shown["closed port"].items()))}
    assert shown["closed port"]["attempt error_code"] == "endpoint_unreachable"


def test_a_port_that_is_open_and_silent_takes_all_the_time_and_says_no_more(settings):  # S7
    """It is known by the time it takes anyway; the word is for those who look for what is wrong at their own end."""
    settings.ALLOW_PRIVATE_HOSTS = ("127.0.0.1",)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        started = time.monotonic()
        assert code_of(send, url, seconds=0.5) == "endpoint_timeout"

    assert time.monotonic() - started < 6
