import gzip
import ipaddress
import json
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpcore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from project import outbound
from project.outbound import urls
from project.outbound.addresses import is_public
from project.outbound.network import Deadline, GuardedBackend
from project.outbound.urls import target_of
from tests.receiver import Receiver, answer, drip, endless

VECTORS = json.loads((Path(__file__).parent / "vectors" / "ssrf.json").read_text())
OK = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture(autouse=True)
def nothing_private_is_allowed(settings):
    settings.ALLOW_PRIVATE_HOSTS = ()
    settings.PUBLIC_URL = "https://films.example.org"


@pytest.fixture
def receiver():
    with Receiver() as receiver:
        yield receiver


def send(url, *, seconds=5, resolve=outbound.lookup):
    return outbound.post(url, content=b"{}", headers={}, total_seconds=seconds, resolve=resolve)


def fetch(url, *, trusted=(), max_bytes=1000, seconds=5, resolve=outbound.lookup):
    with outbound.stream(
        url, total_seconds=seconds, max_bytes=max_bytes, trusted_hosts=trusted, resolve=resolve
    ) as download:
        return download.status, b"".join(download)


def code_of(call, *args, **kwargs):
    with pytest.raises(outbound.OutboundError) as caught:
        call(*args, **kwargs)
    return caught.value.code


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


@pytest.mark.parametrize("port", ["22", "25", "6379", "5432", "8080", "0", "65536", "99999", "-1", "８０", "+80", ""])
def test_a_port_other_than_80_and_443_is_refused(port):  # S5
    with pytest.raises(outbound.UrlRefused):
        outbound.check_url(f"https://example.com:{port}/")


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


@pytest.mark.parametrize("url", ["https://films.example.org/x", "https://FILMS.example.org:443/"])
def test_our_own_host_is_refused(url):  # S9
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
    ("inner", "outer"),
    [
        ("100.127.255.255", "100.128.0.0"),
        ("172.16.0.0", "172.15.255.255"),
        ("192.88.99.255", "192.88.100.0"),
        ("168.63.129.16", "168.63.129.17"),
        ("64:ff9b::808:808", "64:ff9b:0:0:0:1::"),
        ("64:ff9b:1:ffff::", "64:ff9b:2::"),
        ("2002:808:808::1", "2003::1"),
        ("2001:0:808:808::", "2001:200::1"),
        ("::ffff:8.8.8.8", "2606:4700:4700::1111"),
        ("::ffff:0:8.8.8.8", "2606:4700:4700::1112"),
        ("2606:4700::5efe:a00:1", "2606:4700::5eff:a00:1"),
        ("2606:4700::200:5efe:a00:1", "2606:4700::201:5efe:a00:1"),
        ("3fff:fff:ffff::", "3fff:1000::"),
        ("5f00:ffff::", "5f01::"),
        ("feff::1", "2a00::1"),
        ("ff0e::1", "2a00::1"),
    ],
)
def test_an_address_that_wraps_another_is_not_public_and_its_neighbour_is(inner, outer):  # S8
    assert is_public(ipaddress.ip_address(inner)) is False
    assert is_public(ipaddress.ip_address(outer)) is True


@pytest.fixture
def public_receiver(receiver, monkeypatch):
    """One on a port that public hosts may use too, so that only its address keeps us away."""
    monkeypatch.setattr(urls, "PUBLIC_PORTS", {receiver.port})
    return receiver


@pytest.mark.parametrize("call", [send, fetch])
def test_no_call_reaches_an_inner_address_by_a_public_name(public_receiver, call):  # S3 P15
    code = code_of(call, public_receiver.url(host="public.example"), resolve=lambda host, port: ["127.0.0.1"])

    assert code == "endpoint_unreachable"
    assert public_receiver.requests == []


def test_a_trusted_host_does_not_make_the_next_hop_trusted(public_receiver):  # S2 P15
    with Receiver() as provider:
        provider.answers.append(answer(302, Location=public_receiver.url(host="public.example")))
        code = code_of(
            fetch,
            provider.url(),
            trusted=[f"127.0.0.1:{provider.port}"],
            resolve=lambda host, port: ["127.0.0.1"],
        )

    assert code == "endpoint_unreachable"
    assert public_receiver.requests == []


def connect(port, *, answers):
    backend = GuardedBackend(deadline=Deadline.after(5), resolve=lambda host, port: answers, is_trusted=False)
    with httpcore.ConnectionPool(network_backend=backend) as pool:
        return pool.request("GET", f"http://some.example:{port}/").status


@pytest.mark.parametrize(
    "answers",
    [
        ["127.0.0.1"],
        ["127.0.0.2", "127.0.0.1"],
        ["::1", "127.0.0.2"],
        ["::ffff:127.0.0.1"],
        ["127.0.0.2"] * 99 + ["127.0.0.1"],
    ],
)
def test_a_name_with_any_inner_address_is_not_connected_to(settings, receiver, answers):  # S3
    settings.ALLOW_PRIVATE_HOSTS = ("127.0.0.2",)

    with pytest.raises(httpcore.ConnectError):
        connect(receiver.port, answers=answers)

    assert receiver.requests == []


def test_a_name_that_changes_its_address_never_reaches_the_inner_one(settings, receiver):  # S3 C11
    settings.ALLOW_PRIVATE_HOSTS = ("127.0.0.2",)
    turns = iter([["127.0.0.2"], ["127.0.0.1"]] * 200)
    backend = GuardedBackend(deadline=Deadline.after(60), resolve=lambda *_: next(turns), is_trusted=False)

    with Receiver(host="127.0.0.2", port=receiver.port) as outer:
        for _try in range(200):
            with httpcore.ConnectionPool(network_backend=backend) as pool:
                assert pool.request("GET", f"http://rebind.example:{outer.port}/").status == 200
            with httpcore.ConnectionPool(network_backend=backend) as pool, pytest.raises(httpcore.ConnectError):
                pool.request("GET", f"http://rebind.example:{outer.port}/")

    assert len(outer.requests) == 200
    assert receiver.requests == []


def test_the_next_address_is_tried_when_the_first_refuses(settings, receiver):
    settings.ALLOW_PRIVATE_HOSTS = ("127.0.0.0/8",)

    assert connect(receiver.port, answers=["127.0.0.9", "127.0.0.1"]) == 200


def test_the_name_stays_in_the_host_header(settings, receiver):  # S3
    settings.ALLOW_PRIVATE_HOSTS = ("hooks.example",)

    send(receiver.url("/in?a=1", host="hooks.example"), resolve=lambda host, port: ["127.0.0.1"])

    (request,) = receiver.requests
    assert (request.method, request.path, request.body) == ("POST", "/in?a=1", b"{}")
    assert request.headers["host"] == f"hooks.example:{receiver.port}"
    assert request.headers["user-agent"] == "Filmgate/0.1.0 (+https://films.example.org)"


def test_an_address_of_version_6_stands_in_brackets_in_the_host_header(settings, receiver):
    settings.ALLOW_PRIVATE_HOSTS = ("fd00::5",)

    send(receiver.url(host="[fd00::5]"), resolve=lambda host, port: ["127.0.0.1"])

    assert receiver.requests[0].headers["host"] == f"[fd00::5]:{receiver.port}"


def self_signed(name, folder):
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(names, names, key.public_key(), x509.random_serial_number())
    dated = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    certificate = dated.sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "both.pem"
    path.write_bytes(key.private_bytes(pem, *plain) + certificate.public_bytes(pem))
    return path


def test_a_self_signed_certificate_is_refused_and_the_name_was_asked_for(settings, tmp_path):  # C13 S3
    settings.ALLOW_PRIVATE_HOSTS = ("hooks.example",)
    asked = []
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(self_signed("hooks.example", tmp_path))
    tls.sni_callback = lambda connection, name, context: asked.append(name)

    with Receiver(tls=tls) as receiver:
        url = receiver.url(host="hooks.example")
        code = code_of(send, url, resolve=lambda host, port: ["127.0.0.1"])

    assert code == "endpoint_unreachable"
    assert asked == ["hooks.example"]
    assert receiver.requests == []


def no_such_name(host, port):
    raise OSError("no such name")


def test_nobody_learns_why_nothing_was_sent(settings):  # S7
    settings.ALLOW_PRIVATE_HOSTS = ("127.0.0.1",)
    with Receiver() as gone:
        closed_port = gone.url()

    codes = {
        code_of(send, closed_port),
        code_of(send, "http://inner.example/", resolve=lambda host, port: ["10.0.0.1"]),
        code_of(send, "http://none.example/", resolve=no_such_name),
        code_of(send, "http://empty.example/", resolve=lambda host, port: []),
    }

    assert codes == {"endpoint_unreachable"}


def test_a_resolver_that_hangs_is_given_up():  # F12
    forever = threading.Event()

    code = code_of(send, "http://slow.example/", seconds=0.2, resolve=lambda host, port: forever.wait())

    forever.set()
    assert code == "endpoint_unreachable"


def test_proxies_of_the_environment_are_not_used(settings, receiver, monkeypatch):  # S4
    settings.ALLOW_PRIVATE_HOSTS = ("127.0.0.1",)
    with Receiver() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url())
        send(receiver.url())

    assert (len(receiver.requests), proxy.requests) == (1, [])


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_post_follows_no_redirect(settings, receiver, status):  # S2 C3
    settings.ALLOW_PRIVATE_HOSTS = ("127.0.0.1",)
    receiver.answers.append(answer(status, Location=receiver.url("/elsewhere")))

    assert send(receiver.url("/hook")).status == status
    assert [request.path for request in receiver.requests] == ["/hook"]


def test_a_download_follows_three_redirects(receiver):
    trusted = [f"127.0.0.1:{receiver.port}"]
    receiver.answers.extend(answer(302, Location=f"/{hop}") for hop in (1, 2, 3))
    receiver.answers.append(answer(200, b"film"))

    assert fetch(receiver.url("/0"), trusted=trusted) == (200, b"film")
    assert [request.path for request in receiver.requests] == ["/0", "/1", "/2", "/3"]


def test_a_redirect_to_what_is_no_address_is_refused(receiver):
    receiver.otherwise = answer(302, Location="http://[")

    assert code_of(fetch, receiver.url(), trusted=[f"127.0.0.1:{receiver.port}"]) == "url_malformed"


def test_a_download_follows_no_fourth_redirect(receiver):
    receiver.otherwise = answer(302, Location="/again")

    code = code_of(fetch, receiver.url(), trusted=[f"127.0.0.1:{receiver.port}"])

    assert code == "too_many_redirects"
    assert len(receiver.requests) == 4


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:{}/",
        "//127.0.0.1:{}/",
        "http:\\\\127.0.0.1:{}/",
        "http://localhost:{}/",
        "ftp://127.0.0.1:{}/",
    ],
)
def test_a_download_is_not_led_inside(receiver, location):  # S2 P15 W15
    with Receiver() as inner:
        receiver.answers.append(answer(307, Location=location.format(inner.port)))
        with pytest.raises(outbound.UrlRefused):
            fetch(receiver.url(), trusted=[f"127.0.0.1:{receiver.port}"])

    assert inner.requests == []


@pytest.mark.parametrize("start", [b"HTTP/1.1 200 O", OK + b"X-Slow: ", OK + b"\r\n"])
def test_an_answer_that_drips_is_cut_off(settings, receiver, start):  # P12 C6
    settings.ALLOW_PRIVATE_HOSTS = ("127.0.0.1",)
    receiver.otherwise = drip(start, 0.02)

    assert code_of(send, receiver.url(), seconds=0.4) == "endpoint_timeout"
    assert code_of(fetch, receiver.url(), seconds=0.4) == "endpoint_timeout"


def test_of_an_endless_answer_only_16_kib_are_read(settings, receiver):  # C6
    settings.ALLOW_PRIVATE_HOSTS = ("127.0.0.1",)
    receiver.answers.append(endless(OK + b"\r\n", b"x" * 4096))

    assert send(receiver.url()).body == b"x" * 16 * 1024


def test_endless_headers_are_no_answer(settings, receiver):  # C6
    settings.ALLOW_PRIVATE_HOSTS = ("127.0.0.1",)
    receiver.answers.append(endless(OK, b"X-More: and more\r\n"))

    assert code_of(send, receiver.url()) == "bad_answer"


def test_nothing_is_ever_decoded(settings, receiver):  # P16 C6
    settings.ALLOW_PRIVATE_HOSTS = ("127.0.0.1",)
    bomb = gzip.compress(b"\0" * 10_000_000)
    receiver.otherwise = answer(200, bomb, Content_Encoding="gzip")

    assert send(receiver.url()).body == bomb[: 16 * 1024]
    assert code_of(fetch, receiver.url(), max_bytes=1_000_000) == "bad_answer"
    assert receiver.requests[-1].headers["accept-encoding"] == "identity"


def test_a_download_larger_than_asked_for_is_refused(settings, receiver):
    settings.ALLOW_PRIVATE_HOSTS = ("127.0.0.1",)
    receiver.answers.append(answer(200, b"x" * 1001))
    receiver.answers.append(endless(OK + b"\r\n", b"x" * 100))
    receiver.answers.append(answer(200, b"x" * 1000))

    assert code_of(fetch, receiver.url()) == "too_large"
    assert code_of(fetch, receiver.url()) == "too_large"
    assert fetch(receiver.url()) == (200, b"x" * 1000)


def test_a_download_cut_short_is_an_error(settings, receiver):
    settings.ALLOW_PRIVATE_HOSTS = ("127.0.0.1",)
    receiver.answers.append(answer(200, b"half", Content_Length="8"))

    assert code_of(fetch, receiver.url()) == "bad_answer"
