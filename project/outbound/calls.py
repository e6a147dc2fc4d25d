"""The two requests we make to other people's URLs: post() a small body, stream() a large answer.

No proxies or other settings from the environment, no cookies, no decoding: a body is kept as its bytes came.
"""

import functools
import ssl
import tomllib
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urljoin

import httpcore
import httpx
from django.conf import settings

from project.env import ROOT

from .errors import OutboundError, UrlRefused
from .network import Deadline, GuardedBackend, Quota, Resolve, lookup
from .urls import Target, target_of

CONNECT_SECONDS = 5.0
ANSWER_BYTES = 16 * 1024
# Until there is a status: its headers, and whatever 1xx answers come before it.
HEAD_BYTES = 128 * 1024
# A body that comes in chunks of a few bytes is several times as long on the wire.
CHUNKED_ANSWER_BYTES = 8 * ANSWER_BYTES
CHUNKED_FACTOR = 2
MAX_REDIRECTS = 3
REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a POST: header names in lower case, the body's first 16 KiB."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Download:
    """An answer whose body is read by iterating over it, once; raises OutboundError on the way."""

    status: int
    headers: Mapping[str, str]
    chunks: Iterator[bytes]

    def __iter__(self) -> Iterator[bytes]:
        return self.chunks


def post(
    url: str, *, content: bytes, headers: Mapping[str, str], total_seconds: float, resolve: Resolve = lookup
) -> Answer:
    """POST `content` and return the answer, whatever its status; redirects are answers like any other.

    Raises UrlRefused or OutboundError. All of it, the name's lookup included, takes at most `total_seconds`.
    """
    target = target_of(url)
    quota = Quota(HEAD_BYTES)
    backend = GuardedBackend(deadline=Deadline.after(total_seconds), resolve=resolve, is_trusted=False, quota=quota)
    with _open(target, backend, headers, content) as response:
        quota.raise_by(CHUNKED_ANSWER_BYTES)
        body = b""
        for chunk in response.iter_stream():
            body += chunk
            if len(body) >= ANSWER_BYTES:
                break
        return Answer(response.status, _headers(response), body[:ANSWER_BYTES])


@contextmanager
def stream(
    url: str,
    *,
    total_seconds: float,
    max_bytes: int,
    trusted_hosts: Collection[str] = (),
    resolve: Resolve = lookup,
) -> Iterator[Download]:
    """GET `url`, following at most three redirects, each checked like the first, and yield the answer.

    `trusted_hosts` are netlocs ("127.0.0.1:8010") that may be private: the host of a provider's own base URL.
    An encoded body is refused rather than decoded. Raises UrlRefused or OutboundError, while iterating too.
    """
    deadline = Deadline.after(total_seconds)
    for _hop in range(MAX_REDIRECTS + 1):
        target = target_of(url, trusted_hosts=trusted_hosts)
        is_trusted = target.netloc in trusted_hosts
        quota = Quota(HEAD_BYTES)
        backend = GuardedBackend(deadline=deadline, resolve=resolve, is_trusted=is_trusted, quota=quota)
        with _open(target, backend) as response:
            headers = _headers(response)
            if response.status not in REDIRECTS or "location" not in headers:
                _refuse_encoded_or_large(headers, max_bytes)
                quota.raise_by(CHUNKED_FACTOR * max_bytes)
                yield Download(response.status, headers, _limited(response, max_bytes))
                return
        url = _joined(url, headers["location"])
    raise OutboundError("too_many_redirects")


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise UrlRefused("url_malformed") from error


@contextmanager
def _open(
    target: Target,
    backend: GuardedBackend,
    headers: Mapping[str, str] = MappingProxyType({}),
    content: bytes | None = None,
) -> Iterator[httpcore.Response]:
    """One request on a connection of its own: POST when there is content. httpcore's errors become ours."""
    ours = {"Host": target.host_header, "User-Agent": _user_agent(), "Accept-Encoding": "identity"}
    url = httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
    with httpcore.ConnectionPool(ssl_context=_tls(), network_backend=backend) as pool, ExitStack() as stack:
        # What answers no HTTP is told as what answers nothing: else our errors would tell which ports are open.
        with _our_errors("endpoint_unreachable"):
            call = pool.stream(
                "GET" if content is None else "POST",
                url,
                headers=[*ours.items(), *headers.items()],
                content=content,
                extensions={"timeout": {"connect": CONNECT_SECONDS}},
            )
            response = stack.enter_context(call)
        with _our_errors("bad_answer"):
            yield response


@contextmanager
def _our_errors(broken: str) -> Iterator[None]:
    """httpcore's errors as ours; `broken` is the code where something came that is not what HTTP says."""
    try:
        yield
    except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
        raise OutboundError("endpoint_unreachable") from error
    except httpcore.TimeoutException as error:
        raise OutboundError("endpoint_timeout") from error
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise OutboundError(broken) from error


def _limited(response: httpcore.Response, max_bytes: int) -> Iterator[bytes]:
    total = 0
    with _our_errors("bad_answer"):
        for chunk in response.iter_stream():
            total += len(chunk)
            if total > max_bytes:
                raise OutboundError("too_large")
            yield chunk


def _refuse_encoded_or_large(headers: Mapping[str, str], max_bytes: int) -> None:
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise OutboundError("bad_answer")
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length) > max_bytes:
        raise OutboundError("too_large")


def _headers(response: httpcore.Response) -> dict[str, str]:
    return {name.decode("ascii").lower(): value.decode("utf-8", "replace") for name, value in response.headers}


@functools.cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


def _user_agent() -> str:
    """Who we say we are, and where to complain."""
    return f"Filmgate/{_version()} (+{settings.PUBLIC_URL})"


@functools.cache
def _version() -> str:
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])
