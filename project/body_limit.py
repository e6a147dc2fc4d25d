"""A bound on every request's body, before Django spools it to disk."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

MOST_BYTES = 24 << 20  # an uploaded image is at most 20 MiB
SILENCE_SECONDS = 20
_DISCONNECT = {"type": "http.disconnect"}


class BodyLimit:
    """An ASGI application in front of another: 413 above `most_bytes`, the end for a client that falls silent."""

    def __init__(
        self, application: Application, *, most_bytes: int = MOST_BYTES, silence_seconds: float = SILENCE_SECONDS
    ) -> None:
        self.application = application
        self.most_bytes = most_bytes
        self.silence_seconds = silence_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.application(scope, receive, send)
        elif _declared(scope) > self.most_bytes:
            await _refuse(scope, send)
        else:
            await self.application(scope, self._bounded(scope, receive, send), send)

    def _bounded(self, scope: Scope, receive: Receive, send: Send) -> Receive:
        left, is_whole = self.most_bytes, False

        async def receive_bounded() -> Message:
            nonlocal left, is_whole
            if is_whole:
                return await receive()  # what is left to come is the disconnect, however late
            try:
                message = await asyncio.wait_for(receive(), self.silence_seconds)
            except TimeoutError:
                return _DISCONNECT
            left -= len(message.get("body", b""))
            is_whole = not message.get("more_body", False)
            if left < 0:
                is_whole = True
                await _refuse(scope, send)
                return _DISCONNECT
            return message

        return receive_bounded


def _declared(scope: Scope) -> int:
    value = dict(scope["headers"]).get(b"content-length", b"0")
    return int(value) if value.isdigit() else 0


async def _refuse(scope: Scope, send: Send) -> None:
    error = {"code": "PAYLOAD_TOO_LARGE", "message": "The body is too large.", "details": {}, "request_id": ""}
    is_api = scope["path"].startswith("/api/")
    body = json.dumps({"error": error}).encode() if is_api else b"The request is too large.\n"
    kind = b"application/json" if is_api else b"text/plain"
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
