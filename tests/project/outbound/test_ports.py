"""Which ports of public hosts are reached: 80, 443 and those that the operator opened."""

import pytest

from project import outbound
from tests.receiver import Receiver

from .calling import always, code_of, fetch, send

EVERY_ODD_ONE = ["22", "25", "6379", "5432", "8080", "0", "65536", "99999", "-1", "８０", "+80", ""]


@pytest.mark.parametrize("port", EVERY_ODD_ONE)
def test_a_port_other_than_80_and_443_is_refused(port):  # S5
    with pytest.raises(outbound.UrlRefused):
        outbound.check_url(f"https://example.com:{port}/")


@pytest.mark.parametrize("call", [send, fetch])
def test_a_port_other_than_80_and_443_is_not_connected_to_either(settings, call):  # S5
    """The address is one that may be reached: the port alone keeps us away."""
    settings.ALLOW_PRIVATE_HOSTS = ("127.0.0.9",)
    with Receiver(host="127.0.0.9") as receiver:
        code = code_of(call, receiver.url(host="public.example"), resolve=always("127.0.0.9"))

    assert code == "url_port"
    assert receiver.requests == []


def test_a_port_that_the_operator_opened_is_reached_on_public_hosts(settings):
    settings.ALLOW_PRIVATE_HOSTS = ("127.0.0.9",)
    with Receiver(host="127.0.0.9") as receiver:
        settings.ALLOW_PORTS = frozenset({receiver.port})
        status = send(receiver.url(host="public.example"), resolve=always("127.0.0.9")).status

    assert status == 200
    assert code_of(outbound.check_url, "https://example.com:6379/") == "url_port"


def test_a_port_that_was_closed_again_is_not_reached_any_more(settings):
    settings.ALLOW_PRIVATE_HOSTS = ("127.0.0.9",)
    with Receiver(host="127.0.0.9") as receiver:
        url = receiver.url(host="public.example")
        settings.ALLOW_PORTS = frozenset({receiver.port})
        outbound.check_url(url)
        settings.ALLOW_PORTS = frozenset()

        assert code_of(send, url, resolve=always("127.0.0.9")) == "url_port"
    assert receiver.requests == []


def test_an_open_port_opens_no_inner_host(public_receiver):  # S1
    assert code_of(outbound.check_url, public_receiver.url()) == "url_private"
