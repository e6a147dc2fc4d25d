"""Our own names and addresses are none that we send to."""

import pytest

from project import outbound
from tests.receiver import Receiver

from .calling import always, code_of, fetch, send


@pytest.mark.parametrize(
    ("public_url", "url"),
    [
        ("https://films.example.org", "https://films.example.org/x"),
        ("https://films.example.org", "https://FILMS.example.org:443/"),
        ("https://例え.jp", "https://xn--r8jz45g.jp/"),
        ("https://例え.jp", "https://例え.jp/"),
        ("http://93.184.216.34:8000", "http://93.184.216.34/"),
        ("http://[2606:4700:4700:0::1111]", "http://[2606:4700:4700::1111]/"),
    ],
)
def test_our_public_name_is_refused(settings, public_url, url):  # S9
    settings.PUBLIC_URL = public_url

    assert code_of(outbound.check_url, url) == "url_private"


def test_every_name_that_we_answer_to_is_refused(settings):  # S9
    settings.ALLOWED_HOSTS = ["callbacks.example.org", ".films.example", "93.184.216.34", "*"]

    for host in ("callbacks.example.org", "films.example", "a.films.example", "93.184.216.34"):
        assert code_of(outbound.check_url, f"https://{host}/") == "url_private"
    for host in ("example.org", "more-films.example", "93.184.216.35"):
        outbound.check_url(f"https://{host}/")


@pytest.mark.parametrize("call", [send, fetch])
def test_another_name_of_our_own_address_is_not_reached(settings, call):  # S9
    """127.0.0.7 stands for a public address of ours: the table aside, nothing but the rule keeps us away."""
    with Receiver(host="127.0.0.7") as own:
        settings.ALLOW_PORTS = frozenset({own.port})
        settings.ALLOWED_HOSTS = ["127.0.0.7"]

        code = code_of(call, own.url(host="another.example"), resolve=always("127.0.0.7"))

    assert code == "endpoint_unreachable"
    assert own.requests == []
