"""Just enough of ASGI: requests read whole and bounded, responses, and routes by method and path."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

BODY_LIMIT = 1024 * 1024
HANG_SECONDS = 600


class BodyTooLarge(Exception):
    """The request's body is longer than its route takes."""


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    origin: str

    @classmethod
    async def read(cls, scope: Message, receive: Receive, *, body_limit: int = BODY_LIMIT) -> "Request":
        """Raises BodyTooLarge."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        return cls(
            method=scope["method"],
            path=scope["path"],
            query=dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
            headers=headers,
            body=await _read_body(receive, body_limit),
            origin=f"{scope['scheme']}://{headers.get('host', 'localhost')}",
        )


class Reply(Protocol):
    async def send(self, receive: Receive, send: Send) -> None: ...


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)

    async def send(self, receive: Receive, send: Send) -> None:
        headers = {"content-type": self.content_type, "content-length": str(len(self.body))} | self.headers
        await send(start(self.status, headers))
        await send({"type": "http.response.body", "body": self.body})


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer until the client leaves."""

    async def send(self, receive: Receive, send: Send) -> None:
        async with asyncio.timeout(HANG_SECONDS):
            while (await receive())["type"] != "http.disconnect":
                pass


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection closed with nothing answered."""

    async def send(self, receive: Receive, send: Send) -> None:
        # ASGI has no word for this; under uvicorn `send` is a method of the object that holds the connection.
        send.__self__.transport.abort()  # type: ignore[attr-defined]
        while (await receive())["type"] != "http.disconnect":
            pass


@dataclass(frozen=True, slots=True)
class Raw:
    """These bytes as they are, and the connection closed; with `seconds` one in so many, until nobody reads."""

    data: bytes
    seconds: float = 0

    async def send(self, receive: Receive, send: Send) -> None:
        # As in Cut.
        transport = send.__self__.transport  # type: ignore[attr-defined]
        size = 1 if self.seconds else len(self.data)
        for at in range(0, len(self.data), size):
            if transport.is_closing():
                break
            transport.write(self.data[at : at + size])
            await asyncio.sleep(self.seconds)
        transport.close()
        while (await receive())["type"] != "http.disconnect":
            pass


def json_response(status: int, content: object, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, json.dumps(content).encode(), headers=named)


def start(status: int, headers: dict[str, str]) -> Message:
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    return {"type": "http.response.start", "status": status, "headers": raw}


Handler = Callable[..., Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Route:
    """Placeholders such as {task_id} go to the handler by name; `too_large` answers a body over `body_limit`."""

    methods: str
    path: str
    handler: Handler
    too_large: Response = field(default=Response(400, b"Request body too large", "text/plain", {"connection": "close"}))
    body_limit: int = BODY_LIMIT

    def match(self, path: str) -> dict[str, str] | None:
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path.replace(".", r"\."))
        found = re.fullmatch(pattern, path)
        return found.groupdict() if found else None


async def _read_body(receive: Receive, limit: int) -> bytes:
    parts, length, more = [], 0, True
    while more:
        message = await receive()
        part, more = message.get("body", b""), message.get("more_body", False)
        length += len(part)
        if length > limit:
            raise BodyTooLarge
        parts.append(part)
    return b"".join(parts)
