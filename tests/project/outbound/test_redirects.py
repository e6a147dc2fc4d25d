"""None for callbacks, three for what is fetched, and each is checked like the first."""

import contextlib
import time
from collections.abc import Iterator

import pytest

from project import outbound
from tests.receiver import Receiver, answer

from .calling import VECTORS, always, code_of, fetch, send

WRITTEN = [row["url"] for row in VECTORS["refuse"]]


@pytest.fixture
def trusted(receiver) -> list[str]:
    """The provider's own host, as its base URL names it."""
    return [f"127.0.0.1:{receiver.port}"]


@pytest.fixture
def inner() -> Iterator[Receiver]:
    """Also what no rule but that of hosts keeps us from."""
    with Receiver() as receiver:
        yield receiver


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_post_follows_no_redirect(reachable, status):  # S2 C3
    reachable.answers.append(answer(status, Location=reachable.url("/elsewhere")))

    assert send(reachable.url("/hook")).status == status
    assert [request.path for request in reachable.requests] == ["/hook"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("hops", range(1, 11))
def test_a_download_follows_three_redirects_and_no_fourth(receiver, trusted, status, hops):  # S2
    receiver.answers.extend(answer(status, Location=f"/{hop}") for hop in range(1, hops + 1))
    receiver.answers.append(answer(200, b"film"))

    if hops <= 3:
        assert fetch(receiver.url("/0"), trusted=trusted) == (200, b"film")
    else:
        assert code_of(fetch, receiver.url("/0"), trusted=trusted) == "too_many_redirects"
    assert [request.path for request in receiver.requests] == [f"/{hop}" for hop in range(min(hops, 3) + 1)]
    assert {request.method for request in receiver.requests} == {"GET"}


@pytest.mark.parametrize("hops", [1, 2, 3])
@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:{}/",
        "//127.0.0.1:{}/",
        "//user@127.0.0.1:{}/",
        "http:\\\\127.0.0.1:{}/",
        "\\\\127.0.0.1:{}/",
        "/\\127.0.0.1:{}/",
        "http://localhost:{}/",
        "http://2130706433:{}/",
        "http://[::1]:{}/",
        "http://[::ffff:127.0.0.1]:{}/",
        "http://provider.example@127.0.0.1:{}/",
        "http://user:secret@127.0.0.1:{}/",
        "http://127.0.0.1:{}#@provider.example/",
        "HTTP://127.0.0.1:{}/",
        "ht\ttp://127.0.0.1:{}/",
        "https://127.0.0.1:{}/",
        "ftp://127.0.0.1:{}/",
        "gopher://127.0.0.1:{}/_GET",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://[",
        "http://169.254.169.254/latest/meta-data/",
        "//169.254.169.254/",
        "http://93.184.216.34:6379/",
    ],
)
def test_a_download_is_not_led_inside(settings, receiver, inner, trusted, location, hops):  # S2 P15 W15
    settings.ALLOW_PORTS = frozenset({inner.port})
    receiver.answers.extend(answer(302, Location=f"/{hop}") for hop in range(1, hops))
    receiver.answers.append(answer(307, Location=location.format(inner.port)))

    with pytest.raises(outbound.UrlRefused):
        fetch(receiver.url("/0"), trusted=trusted)

    assert inner.requests == []
    assert len(receiver.requests) == hops


@pytest.mark.parametrize("url", WRITTEN)
def test_no_redirect_leads_to_what_would_be_refused_at_first(receiver, trusted, url):  # S1 S2
    receiver.otherwise = answer(200, b"film")
    receiver.answers.append(answer(302, Location=url.encode().decode("latin-1")))
    is_other_host = "//" in url or "\\" in url

    try:
        fetch(receiver.url("/first"), trusted=trusted)
    except outbound.UrlRefused:
        assert len(receiver.requests) == 1
    else:
        # What names no host leads on at the one that was trusted.
        assert not is_other_host
        assert len(receiver.requests) == 2


@pytest.mark.parametrize("location", ["///127.0.0.1:{}/", "////127.0.0.1:{}/", "/.//127.0.0.1:{}/", "@127.0.0.1:{}/"])
def test_a_path_that_looks_like_a_host_is_a_path(settings, receiver, inner, trusted, location):  # S2
    settings.ALLOW_PORTS = frozenset({inner.port})
    receiver.answers.append(answer(302, Location=location.format(inner.port)))

    with contextlib.suppress(outbound.UrlRefused):
        fetch(receiver.url("/first"), trusted=trusted)

    assert inner.requests == []


def test_a_redirect_to_a_public_name_with_an_inner_address_is_not_followed(settings, receiver, inner, trusted):  # S2
    settings.ALLOW_PORTS = frozenset({inner.port})
    receiver.answers.append(answer(302, Location=inner.url(host="public.example")))

    assert code_of(fetch, receiver.url(), trusted=trusted, resolve=always("127.0.0.1")) == "endpoint_unreachable"
    assert inner.requests == []


def test_a_name_that_turns_inside_between_two_hops_is_not_reached(settings):  # S2 S3
    settings.ALLOW_PRIVATE_HOSTS = ("127.0.0.2",)
    turns = iter([["127.0.0.2"], ["127.0.0.1"]])
    with Receiver(host="127.0.0.2") as outer, Receiver(port=outer.port) as inner:
        settings.ALLOW_PORTS = frozenset({outer.port})
        outer.answers.append(answer(302, Location="/again"))
        code = code_of(fetch, outer.url(host="rebind.example"), resolve=lambda host, port: next(turns))

    assert code == "endpoint_unreachable"
    assert (len(outer.requests), inner.requests) == (1, [])


def test_a_redirect_without_a_location_is_an_answer(receiver, trusted):
    receiver.answers.append(answer(302, b"here"))

    assert fetch(receiver.url(), trusted=trusted) == (302, b"here")


def test_all_hops_together_have_one_deadline(receiver, trusted):  # S2
    def slowly(handler) -> None:
        time.sleep(0.3)
        answer(302, Location="/again")(handler)

    receiver.otherwise = slowly

    assert code_of(fetch, receiver.url(), trusted=trusted, seconds=0.7) in ("endpoint_timeout", "endpoint_unreachable")
    assert 0 < len(receiver.requests) < 4
