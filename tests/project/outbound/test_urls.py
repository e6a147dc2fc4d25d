"""What can be told of a URL by reading it."""

import pytest

from project import outbound
from project.outbound.urls import target_of

from .calling import VECTORS, code_of


@pytest.mark.parametrize("url", [row["url"] for row in VECTORS["refuse"]])
def test_a_url_that_leads_inside_is_refused(url):  # S1 C11
    with pytest.raises(outbound.UrlRefused):
        outbound.check_url(url)


@pytest.mark.parametrize("url", VECTORS["allow"])
def test_a_public_url_is_accepted(url):
    outbound.check_url(url)


def test_a_name_in_another_script_is_accepted_and_encoded():
    target = target_of("https://例え.jp/跡?q=é#top")

    assert target.host == "xn--r8jz45g.jp"
    assert target.path == "/%E8%B7%A1?q=%C3%A9"


@pytest.mark.parametrize(
    "url",
    [
        "https://user:secret@example.com/",
        "https://@example.com/",
        "https://example.com\r\nHost: x/",
        "https://exa\tmple.com/",
        " https://example.com/",
        "https://example.com/a b",
        "https://example.com/\x00",
        "https://example.com\\.evil.example/",
        "https://exam%70le.com/",
        "https://example.com\ud800/",
        "https://exam_ple.com/",
        "https://-example.com/",
        "https://example..com/",
        "https://example.com./",
        f"https://{'a' * 64}.com/",
        f"https://{'a.' * 130}com/",
        f"https://example.com/{'a' * 2048}",
        "https://[::1",
        "https://[fe80::1%25eth0]/",
        "https://[::1]extra/",
        "https:///path",
        "https://",
        "//example.com/",
        "",
    ],
)
def test_a_url_that_two_parsers_could_read_differently_is_refused(url):  # S6
    with pytest.raises(outbound.UrlRefused):
        outbound.check_url(url)


@pytest.mark.parametrize(
    "url", ["http://localhost:9000/", "http://10.1.2.3:81/", "http://[fd00::5]:81/", "https://films.example.org/"]
)
def test_a_private_host_that_is_allowed_may_use_any_port(settings, url):
    settings.ALLOW_PRIVATE_HOSTS = ("localhost", "10.0.0.0/8", "fd00::5", "films.example.org")

    outbound.check_url(url)


def test_allowing_one_private_host_allows_no_other(settings):
    settings.ALLOW_PRIVATE_HOSTS = ("localhost", "10.0.0.0/8")

    assert code_of(outbound.check_url, "http://127.0.0.1/") == "url_private"
    assert code_of(outbound.check_url, "http://11.1.2.3:81/") == "url_port"


@pytest.mark.parametrize(
    ("url", "netloc"),
    [
        ("http://127.0.0.1:8010/api/v1", "127.0.0.1:8010"),
        ("https://Films.Example/api", "films.example:443"),
        ("http://[::1]:8010/api/v1", "[::1]:8010"),
        ("http://under_score:8010/", None),
        ("nonsense", None),
    ],
)
def test_where_a_url_leads_is_told_as_it_is_connected_to(url, netloc):
    assert outbound.netloc_of(url) == netloc
