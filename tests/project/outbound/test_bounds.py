"""How much and what of an answer is taken, whatever the other end does."""

import gzip
from ipaddress import ip_address

import pytest

from project import outbound
from tests.receiver import answer, endless

from .calling import CHUNKED, EARLY_HINTS, OK, code_of, fetch, says, send, within

BOTH = pytest.mark.parametrize("call", [send, fetch])


@pytest.mark.parametrize("start", [OK + b"\r\n", OK + b"Content-Length: 1000000000\r\n\r\n"])
def test_of_an_endless_answer_only_16_kib_are_read(reachable, start):  # C6
    reachable.answers.append(endless(start, b"x" * 4096))

    with within(30):
        assert send(reachable.url()).body == b"x" * 16 * 1024


def test_of_an_endless_answer_in_chunks_only_16_kib_are_read(reachable):  # C6
    reachable.answers.append(endless(CHUNKED, b"5\r\nfilms\r\n"))

    body = send(reachable.url()).body

    assert body == (b"films" * 4000)[: 16 * 1024]


@pytest.mark.parametrize(
    ("start", "more"),
    [
        (OK, b"X-More: and more\r\n"),
        (OK, b"X" * 4096),
        (OK + b"X-Folded: a\r\n", b" and more\r\n"),
        (b"HTTP/1.1 200 ", b"O" * 4096),
        (b"", b"x" * 4096),
        (EARLY_HINTS, EARLY_HINTS),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"", b"HTTP/1.1 102 Processing\r\nX-More: " + b"x" * 50_000 + b"\r\n\r\n"),
    ],
    ids=["headers", "a name", "folded", "a reason", "no status", "103", "100", "large 102s"],
)
@BOTH
def test_before_an_answer_begins_only_so_much_is_read(reachable, start, more, call):  # C6
    """The server would go on for ever: with a gigabyte of headers, or one early hint after another."""
    sent = []

    def counted(handler) -> None:
        handler.wfile.write(start)
        while True:
            handler.wfile.write(more)
            sent.append(len(more))

    reachable.otherwise = counted

    with within(30):
        assert code_of(call, reachable.url(), seconds=60) == "endpoint_unreachable"
    # What the two ends' buffers hold is sent without being read.
    assert sum(sent) < 16_000_000


@pytest.mark.parametrize(
    "more",
    [b"1;" + b"x" * 4096 + b"\r\nx\r\n", b"0" * 4096, b"1;a=" + b"b" * 90_000 + b"\r\nx\r\n"],
    ids=["extensions", "a size", "large extensions"],
)
@BOTH
def test_chunks_that_bring_hardly_anything_are_cut_off(reachable, more, call):  # C6
    reachable.otherwise = endless(CHUNKED, more)

    with within(30):
        assert code_of(call, reachable.url(), seconds=60) == "bad_answer"


@BOTH
def test_endless_trailers_are_cut_off(reachable, call):  # C6
    reachable.otherwise = endless(CHUNKED + b"5\r\nfilms\r\n0\r\n", b"X-More: and more\r\n")

    with within(30):
        assert code_of(call, reachable.url(), seconds=60) == "bad_answer"


def test_trailers_are_no_part_of_an_answer(reachable):
    reachable.otherwise = says(CHUNKED + b"4\r\nfilm\r\n0\r\nRetry-After: 9\r\n\r\n")

    said = send(reachable.url())

    assert (said.body, "retry-after" in said.headers) == (b"film", False)
    assert fetch(reachable.url()) == (200, b"film")


def test_an_early_hint_is_no_answer(reachable):
    reachable.otherwise = says(EARLY_HINTS * 3 + OK + b"Content-Length: 4\r\n\r\nfilm")

    assert (send(reachable.url()).status, fetch(reachable.url())) == (200, (200, b"film"))


@pytest.mark.parametrize("start", [b"HTTP/1.0 200 OK\r\n\r\n", OK + b"\r\n", OK + b"Connection: close\r\n\r\n"])
def test_an_answer_without_a_length_ends_with_its_connection(reachable, start):
    reachable.otherwise = says(start + b"film")

    assert send(reachable.url()).body == b"film"
    assert fetch(reachable.url()) == (200, b"film")


@pytest.mark.parametrize(
    ("length", "body", "call", "said"),
    [
        (b"8", b"film", send, "bad_answer"),
        (b"8", b"film", fetch, "bad_answer"),
        (b"2", b"film", send, b"fi"),
        (b"2", b"film", fetch, b"fi"),
        (b"1001", b"film", fetch, "too_large"),
        (b"9" * 19, b"film", fetch, "too_large"),
        (b"9" * 500, b"film", send, "endpoint_unreachable"),
        (b"9" * 500, b"film", fetch, "endpoint_unreachable"),
        (b"-1", b"film", fetch, "endpoint_unreachable"),
        (b"4, 5", b"film", fetch, "endpoint_unreachable"),
        (b"4\r\nContent-Length: 5", b"film", send, "endpoint_unreachable"),
        (b"\xd9\xa4", b"film", fetch, "endpoint_unreachable"),
    ],
)
def test_a_length_that_is_a_lie_is_not_believed(reachable, length, body, call, said):  # C6
    reachable.otherwise = says(OK + b"Content-Length: " + length + b"\r\n\r\n" + body)

    if isinstance(said, str):
        assert code_of(call, reachable.url()) == said
    else:
        taken = call(reachable.url())
        assert (taken.body if call is send else taken[1]) == said


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.7\r\n",
        b"220 mail.example ESMTP\r\n",
        b"-ERR unknown command 'POST'\r\n",
        b"<html>of HTTP/0.9</html>",
        b"HTTP/1.1 200 OK\n",
        b"HTTP/1.1 two hundred\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        b"HTTP/1.1 99 Low\r\n\r\n",
        b"\x15\x03\x01\x00\x02\x02\x0a",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        OK + b"No colon\r\n\r\n",
        OK + b"Transfer-Encoding: gzip\r\n\r\nx",
        OK + b"X-\x00: y\r\n\r\n",
    ],
)
@BOTH
def test_what_is_no_http_is_no_answer(reachable, content, call):  # S7
    reachable.otherwise = says(content)

    assert code_of(call, reachable.url()) == "endpoint_unreachable"


def test_nothing_is_ever_decoded(reachable):  # P16 C6
    bomb = gzip.compress(b"\0" * 10_000_000)
    reachable.otherwise = answer(200, bomb, Content_Encoding="gzip")

    assert send(reachable.url()).body == bomb[: 16 * 1024]
    assert code_of(fetch, reachable.url(), max_bytes=1_000_000) == "bad_answer"
    assert reachable.requests[-1].headers["accept-encoding"] == "identity"


def test_a_download_larger_than_asked_for_is_refused(reachable):
    reachable.answers.append(answer(200, b"x" * 1001))
    reachable.answers.append(endless(OK + b"\r\n", b"x" * 100))
    reachable.answers.append(answer(200, b"x" * 1000))

    assert code_of(fetch, reachable.url()) == "too_large"
    assert code_of(fetch, reachable.url()) == "too_large"
    assert fetch(reachable.url()) == (200, b"x" * 1000)


def test_a_large_download_in_small_chunks_is_taken(reachable):
    film = bytes(range(256)) * 4096
    pieces = b"".join(b"20\r\n" + film[at : at + 32] + b"\r\n" for at in range(0, len(film), 32))
    reachable.otherwise = says(CHUNKED + pieces + b"0\r\n\r\n")

    assert fetch(reachable.url(), max_bytes=len(film)) == (200, film)


def test_cookies_are_not_kept(reachable):
    reachable.otherwise = answer(200, Set_Cookie="a=b")

    send(reachable.url())
    send(reachable.url())

    assert "cookie" not in reachable.requests[1].headers


def test_a_refusal_names_no_address_and_nothing_of_the_answer(settings, reachable):  # S7
    reachable.otherwise = says(b"SSH-2.0-Inner_9.7\r\n")
    inner = ip_address("10.11.12.13")
    refused = []

    for url, resolve in (
        (reachable.url(), outbound.lookup),
        ("http://inner.example/", lambda host, port: [str(inner)]),
        (f"http://{inner}/", outbound.lookup),
    ):
        with pytest.raises(outbound.OutboundError) as caught:
            send(url, resolve=resolve)
        refused.append(f"{caught.value} {caught.value.args} {caught.value.code}")

    assert not any(word in text for text in refused for word in (str(inner), "127.0.0.1", "SSH", "example"))
