"""Whom a provider's links are trusted for: its own host, at the very port of its base URL, and nobody else."""

from collections.abc import Iterator

import pytest

from generations.archive.errors import ArchiveError
from generations.archive.fetch import download
from generations.models import ProviderAccount
from tests.receiver import Receiver, answer

pytestmark = pytest.mark.usefixtures("media_folder")


def account_at(base_url: str) -> ProviderAccount:
    return ProviderAccount(base_url=base_url)


def fetched(url: str, account: ProviderAccount) -> bytes:
    with download(url, account) as draft:
        return draft.file.read_bytes()


def refused(url: str, account: ProviderAccount) -> tuple[str, bool]:
    with pytest.raises(ArchiveError) as caught:
        fetched(url, account)
    return str(caught.value), caught.value.is_final


@pytest.fixture
def provider(settings) -> Iterator[Receiver]:
    settings.ALLOW_PRIVATE_HOSTS = ()
    with Receiver() as receiver:
        receiver.otherwise = answer(200, b"film")
        yield receiver


@pytest.fixture
def inner(settings) -> Iterator[Receiver]:
    """Another inner host, at a port that is open to public ones."""
    with Receiver() as receiver:
        settings.ALLOW_PORTS = frozenset({receiver.port})
        yield receiver


def test_a_link_to_the_own_host_of_an_account_is_fetched(provider):
    assert fetched(provider.url("/film.mp4"), account_at(provider.url("/api/v1"))) == b"film"


def test_another_port_or_spelling_of_that_host_is_not(provider, inner):  # P15 S1
    account = account_at(provider.url("/api/v1"))

    for host in ("127.0.0.1", "localhost", "127.1", "[::1]", "[::ffff:127.0.0.1]", "user@127.0.0.1", "127.0.0.2"):
        assert refused(inner.url(host=host), account)[1]
        if host != "127.0.0.1":
            assert refused(provider.url(host=host), account)[1]

    assert (provider.requests, inner.requests) == ([], [])


def test_the_host_of_another_account_is_not(provider, inner):  # P15
    ours, other = account_at(provider.url("/api/v1")), account_at(inner.url("/api/v1"))

    assert refused(inner.url("/film.mp4"), ours) == ("url_private", True)
    assert refused(provider.url("/film.mp4"), other)[1]
    assert (provider.requests, inner.requests) == ([], [])


def test_a_redirect_within_the_own_host_is_followed_and_one_to_another_inner_host_is_not(provider, inner):  # P15 S2
    account = account_at(provider.url("/api/v1"))
    provider.answers.append(answer(302, Location="/elsewhere"))
    provider.answers.append(answer(302, Location=inner.url("/film.mp4")))

    assert refused(provider.url("/film.mp4"), account) == ("url_private", True)
    assert [request.path for request in provider.requests] == ["/film.mp4", "/elsewhere"]
    assert inner.requests == []


def test_an_account_with_a_public_base_url_is_trusted_for_no_inner_host(provider):  # P15
    assert refused(provider.url(), account_at("https://provider.example/api/v1"))[1]
    assert provider.requests == []


@pytest.mark.parametrize("base_url", ["", "nonsense", "http://under_score:8010/api/v1", "http://[::1"])
def test_a_base_url_that_is_no_url_is_trusted_for_nothing(provider, base_url):
    assert refused(provider.url(), account_at(base_url))[1]
    assert provider.requests == []


def test_an_inner_host_of_version_6_is_trusted_as_well():
    """Nobody listens there: what counts is that it is tried, and again later."""
    assert refused("http://[::1]:9/film.mp4", account_at("http://[::1]:9/api/v1")) == ("endpoint_unreachable", False)
    assert refused("http://[::1]:19/film.mp4", account_at("http://[::1]:9/api/v1")) == ("url_private", True)
