"""What every adapter needs of HTTP: one JSON exchange with bounds on time and size, and whether it was sent at all.

A connection of its own for each exchange: a kept one that the provider has just closed would leave a POST unclear.
"""

import functools
import json
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx

from project.outbound.network import Deadline, GuardedBackend, Quota, lookup

from .base import NotSent, Unclear

READ_SECONDS = 30.0
TOTAL_SECONDS = 60.0
BODY_BYTES = 1 << 20
# All that an exchange reads, whatever it is: a head without end among them.
READ_BYTES = 2 * BODY_BYTES
_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
    httpx.LocalProtocolError,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """Header names in lower case; `json` is None where the body is not a JSON object."""

    status: int
    headers: Mapping[str, str]
    json: dict[str, Any] | None


class Exchange:
    """JSON calls below one base URL with one credential. `transport` replaces the network, for tests."""

    def __init__(
        self, base_url: str, *, headers: Mapping[str, str], transport: httpx.BaseTransport | None = None
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._headers = {"Accept-Encoding": "identity", **headers}
        self._transport = transport

    def call(
        self,
        method: str,
        path: str,
        *,
        json: dict[str, Any] | None = None,
        params: dict[str, Any] | None = None,
        read_seconds: float = READ_SECONDS,
        total_seconds: float = TOTAL_SECONDS,
    ) -> Answer:
        """Raises NotSent where surely nothing left, Unclear for whatever else brought no whole answer.

        `read_seconds` is how long the provider may be silent.
        """
        timeout = httpx.Timeout(connect=5, pool=2, write=30, read=read_seconds)
        transport = self._transport or DeadlineTransport(total_seconds)
        try:
            with httpx.Client(transport=transport, timeout=timeout, trust_env=False, headers=self._headers) as client:
                with client.stream(method, self._base_url + path, json=json, params=params) as response:
                    return Answer(response.status_code, response.headers, _read_object(response))
        except _NOT_SENT as error:
            raise NotSent(type(error).__name__) from error
        except httpx.HTTPError as error:
            raise Unclear(type(error).__name__) from error


class DeadlineTransport(httpx.BaseTransport):
    """One request, all of which ends within `total_seconds`; httpx's own time-outs start anew at each byte."""

    def __init__(self, total_seconds: float) -> None:
        backend = GuardedBackend(
            deadline=Deadline.after(total_seconds), resolve=lookup, is_trusted=True, quota=Quota(READ_BYTES)
        )
        self._pool = httpcore.ConnectionPool(ssl_context=_tls(), network_backend=backend)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        with _httpx_errors():
            response = self._pool.handle_request(
                httpcore.Request(
                    method=request.method,
                    url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        return httpx.Response(response.status, headers=response.headers, stream=_Body(response))

    def close(self) -> None:
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        with _httpx_errors():
            yield from self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


class _httpx_errors:
    """httpcore's errors by the names that httpx gives them."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if kind is not None and kind.__module__.startswith("httpcore"):
            raise getattr(httpx, kind.__name__, httpx.TransportError)(str(error)) from error


def _read_object(response: httpx.Response) -> dict[str, Any] | None:
    """The JSON object in the body, or None; raises Unclear for one that is encoded or too large to be an answer."""
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise Unclear("encoded body")
    body = b""
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > BODY_BYTES:
            raise Unclear("body too large")
    try:
        decoded = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    return decoded if isinstance(decoded, dict) else None


@functools.cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)
