"""What a name leads to is checked, and what was checked is connected to; with a real name server."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpcore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from project.outbound.network import Deadline, GuardedBackend
from tests.receiver import Receiver

from .calling import always, code_of, fetch, send
from .name_server import NameServer

TRIES = 500
# It stands for a public address: the operator allows it, and nothing else of this machine.
OUTER, INNER = "127.0.0.2", "127.0.0.1"


@pytest.fixture
def names() -> Iterator[NameServer]:
    with NameServer() as names:
        yield names


@pytest.fixture
def inner(settings) -> Iterator[Receiver]:
    settings.ALLOW_PRIVATE_HOSTS = (OUTER,)
    with Receiver(host=INNER) as receiver:
        settings.ALLOW_PORTS = frozenset({receiver.port})
        yield receiver


@pytest.fixture
def outer(inner) -> Iterator[Receiver]:
    with Receiver(host=OUTER, port=inner.port) as receiver:
        yield receiver


@pytest.mark.parametrize("call", [send, fetch])
def test_no_call_reaches_an_inner_address_by_a_public_name(public_receiver, names, call):  # S3 P15
    names.zone["localtest.test"] = [[INNER]]

    code = code_of(call, public_receiver.url(host="localtest.test"), resolve=names.lookup)

    assert code == "endpoint_unreachable"
    assert public_receiver.requests == []


@pytest.mark.parametrize("call", [send, fetch])
def test_a_name_that_changes_its_address_never_reaches_the_inner_one(inner, outer, names, call):  # S3 C11
    names.zone["rebind.test"] = [[OUTER], [INNER]] * TRIES
    url = inner.url(host="rebind.test")

    for _try in range(TRIES):
        call(url, resolve=names.lookup)
        assert code_of(call, url, resolve=names.lookup) == "endpoint_unreachable"

    assert (len(outer.requests), inner.requests) == (TRIES, [])
    assert len(names.asked) == 4 * TRIES


@pytest.mark.parametrize(
    "answers",
    [
        [INNER],
        [OUTER, INNER],
        [INNER, OUTER],
        [OUTER, "::1"],
        ["::1"],
        [OUTER, "::ffff:127.0.0.1"],
        [OUTER, "64:ff9b::7f00:1"],
        [OUTER, "169.254.169.254"],
        [OUTER] * 99 + [INNER],
        [*(f"93.184.216.{number}" for number in range(1, 100)), INNER],
    ],
)
@pytest.mark.parametrize("call", [send, fetch])
def test_a_name_with_any_inner_address_is_not_connected_to(inner, outer, names, answers, call):  # S3
    names.zone["mixed.test"] = [answers]

    assert code_of(call, inner.url(host="mixed.test"), resolve=names.lookup) == "endpoint_unreachable"
    assert (outer.requests, inner.requests) == ([], [])


def test_a_hundred_addresses_are_checked_and_one_of_them_is_connected_to(inner, outer, names):  # S3
    names.zone["many.test"] = [[OUTER] * 100]

    assert send(inner.url(host="many.test"), resolve=names.lookup).status == 200
    assert (len(outer.requests), inner.requests) == (1, [])


def test_a_name_for_an_inner_name_is_not_connected_to(inner, names):  # S3
    names.aliases["cname.test"] = "redis"
    names.zone["redis"] = [[INNER]]

    assert code_of(send, inner.url(host="cname.test"), resolve=names.lookup) == "endpoint_unreachable"
    assert inner.requests == []


def test_a_name_for_another_that_is_public_keeps_its_own(inner, outer, names):  # S3
    names.aliases["hooks.test"] = "elsewhere.test"
    names.zone["elsewhere.test"] = [[OUTER]]

    assert send(inner.url(host="hooks.test"), resolve=names.lookup).status == 200
    assert outer.requests[0].headers["host"] == f"hooks.test:{outer.port}"


def test_a_name_is_looked_up_once_for_each_request(inner, outer, names):  # S3
    names.zone["once.test"] = [[OUTER], [INNER]]

    send(inner.url(host="once.test"), resolve=names.lookup)

    assert [name for name, _kind in names.asked] == ["once.test"] * 2
    assert inner.requests == []


def test_the_name_server_knows_what_it_does_not_know(names):
    with pytest.raises(OSError, match="no address"):
        names.lookup("nobody.test", 80)


def test_the_next_address_is_tried_when_the_first_refuses(settings, receiver):
    settings.ALLOW_PRIVATE_HOSTS = ("127.0.0.0/8",)
    backend = GuardedBackend(deadline=Deadline.after(5), resolve=always("127.0.0.9", "127.0.0.1"), is_trusted=False)

    with httpcore.ConnectionPool(network_backend=backend) as pool:
        assert pool.request("GET", f"http://some.example:{receiver.port}/").status == 200


def test_the_name_stays_in_the_host_header(settings, receiver):  # S3
    settings.ALLOW_PRIVATE_HOSTS = ("hooks.example",)

    send(receiver.url("/in?a=1", host="hooks.example"), resolve=always("127.0.0.1"))

    (request,) = receiver.requests
    assert (request.method, request.path, request.body) == ("POST", "/in?a=1", b"{}")
    assert request.headers["host"] == f"hooks.example:{receiver.port}"
    assert request.headers["user-agent"] == "Filmgate/0.1.0 (+https://films.example.org)"


def test_an_address_of_version_6_stands_in_brackets_in_the_host_header(settings, receiver):
    settings.ALLOW_PRIVATE_HOSTS = ("fd00::5",)

    send(receiver.url(host="[fd00::5]"), resolve=always("127.0.0.1"))

    assert receiver.requests[0].headers["host"] == f"[fd00::5]:{receiver.port}"


def self_signed(name: str, folder: Path, *, days: int = 1) -> Path:
    """A certificate and its key; one whose `days` are below 0 has expired."""
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(names, names, key.public_key(), x509.random_serial_number())
    dated = builder.not_valid_before(now - timedelta(days=10)).not_valid_after(now + timedelta(days=days))
    named = dated.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    certificate = named.sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "both.pem"
    path.write_bytes(key.private_bytes(pem, *plain) + certificate.public_bytes(pem))
    return path


@pytest.mark.parametrize(("name", "days"), [("hooks.example", 1), ("hooks.example", -1), ("other.example", 1)])
@pytest.mark.parametrize("call", [send, fetch])
def test_tls_that_proves_nothing_is_refused_and_the_name_was_asked_for(settings, tmp_path, name, days, call):  # C13 S3
    settings.ALLOW_PRIVATE_HOSTS = ("hooks.example",)
    asked = []
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(self_signed(name, tmp_path, days=days))
    tls.sni_callback = lambda connection, name, context: asked.append(name)

    with Receiver(tls=tls) as receiver:
        code = code_of(call, receiver.url(host="hooks.example"), resolve=always("127.0.0.1"))

    assert code == "endpoint_unreachable"
    assert asked == ["hooks.example"]
    assert receiver.requests == []


def test_tls_that_is_trusted_but_has_expired_or_is_for_another_is_refused(settings, tmp_path, monkeypatch):  # C13
    """Of an authority that we believe: 200 where all is right, and nothing is sent where it is not."""
    settings.ALLOW_PRIVATE_HOSTS = ("hooks.example",)
    said = []
    for name, days in (("hooks.example", 1), ("hooks.example", -1), ("other.example", 1)):
        certificate = self_signed(name, tmp_path, days=days)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
        trusting = ssl.create_default_context(cafile=str(certificate))
        monkeypatch.setattr("project.outbound.calls._tls", lambda trusting=trusting: trusting)
        with Receiver(tls=tls) as receiver:
            url = receiver.url(host="hooks.example")
            try:
                said.append(send(url, resolve=always("127.0.0.1")).status)
            except Exception as error:
                said.append(str(error))

    assert said == [200, "endpoint_unreachable", "endpoint_unreachable"]


def test_proxies_and_passwords_of_the_environment_are_not_used(reachable, tmp_path, monkeypatch):  # S4
    (tmp_path / ".netrc").write_text("default login ana password secret\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with Receiver() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url())
        send(reachable.url())
        fetch(reachable.url())

    assert (len(reachable.requests), proxy.requests) == (2, [])
    assert not any("authorization" in request.headers for request in reachable.requests)
