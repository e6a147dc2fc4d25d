"""The two calls of the guard as tests make them, and what came of them."""

import json
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from project import outbound
from tests.receiver import AnswerFunction

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "ssrf.json").read_text())
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
EARLY_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"


def send(url: str, *, seconds: float = 5, resolve: outbound.Resolve = outbound.lookup, content: bytes = b"{}") -> Any:
    return outbound.post(url, content=content, headers={}, total_seconds=seconds, resolve=resolve)


def fetch(
    url: str,
    *,
    trusted: Collection[str] = (),
    max_bytes: int = 1000,
    seconds: float = 5,
    resolve: outbound.Resolve = outbound.lookup,
) -> tuple[int, bytes]:
    with outbound.stream(
        url, total_seconds=seconds, max_bytes=max_bytes, trusted_hosts=trusted, resolve=resolve
    ) as download:
        return download.status, b"".join(download)


def code_of(call: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
    """The code that it failed with."""
    with pytest.raises(outbound.OutboundError) as caught:
        call(*args, **kwargs)
    return caught.value.code


def always(*addresses: str) -> outbound.Resolve:
    """A resolver that has one answer for every name."""
    return lambda host, port: list(addresses)


def says(content: bytes) -> AnswerFunction:
    """These bytes and no more, whether they are HTTP or not; then the connection is closed."""

    def give(handler: Any) -> None:
        handler.wfile.write(content)
        handler.close_connection = True

    return give


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fails where the block takes longer."""
    started = time.monotonic()
    yield
    assert time.monotonic() - started < seconds
