"""A bound on every request's body, before Django spools it to disk."""

import asyncio
import json
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

MOST_BYTES = 24 << 20  # an uploaded image is at most 20 MiB
SILENCE_SECONDS = 20
# What calls in on its own is small and has no slow line: its body is whole within ten seconds, whatever it drips.
HOOKS = "/hooks/"
HOOK_BYTES = 256 << 10
HOOK_SECONDS = 10
TOO_LARGE = (413, "PAYLOAD_TOO_LARGE", "The request is too large.")
TOO_SLOW = (408, "REQUEST_TIMEOUT", "The request took too long.")
_DISCONNECT = {"type": "http.disconnect"}


class BodyLimit:
    """An ASGI application in front of another: 413 above `most_bytes`, 408 for a client that falls silent.

    Hooks are for `hook_bytes`, and `hook_seconds` in all.
    """

    def __init__(
        self,
        application: Application,
        *,
        most_bytes: int = MOST_BYTES,
        silence_seconds: float = SILENCE_SECONDS,
        hook_bytes: int = HOOK_BYTES,
        hook_seconds: float = HOOK_SECONDS,
    ) -> None:
        self.application = application
        self.most_bytes = most_bytes
        self.silence_seconds = silence_seconds
        self.hook_bytes = hook_bytes
        self.hook_seconds = hook_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        is_hook = scope["path"].startswith(HOOKS)
        most_bytes = self.hook_bytes if is_hook else self.most_bytes
        seconds = self.hook_seconds if is_hook else math.inf
        if _declared(scope) > most_bytes:
            await _refuse(scope, send, *TOO_LARGE)
        else:
            bounded = self._bounded(scope, receive, send, most_bytes=most_bytes, seconds=seconds)
            await self.application(scope, bounded, send)

    def _bounded(self, scope: Scope, receive: Receive, send: Send, *, most_bytes: int, seconds: float) -> Receive:
        left, is_whole = most_bytes, False
        ends_at = time.monotonic() + seconds

        async def receive_bounded() -> Message:
            nonlocal left, is_whole
            if is_whole:
                return await receive()  # what is left to come is the disconnect, however late
            patience = min(self.silence_seconds, ends_at - time.monotonic())
            try:
                message = await asyncio.wait_for(receive(), patience)
            except TimeoutError:
                is_whole = True
                await _refuse(scope, send, *TOO_SLOW)
                return _DISCONNECT
            left -= len(message.get("body", b""))
            is_whole = not message.get("more_body", False)
            if left < 0:
                is_whole = True
                await _refuse(scope, send, *TOO_LARGE)
                return _DISCONNECT
            return message

        return receive_bounded


def _declared(scope: Scope) -> int:
    value = dict(scope["headers"]).get(b"content-length", b"0")
    return int(value) if value.isdigit() else 0


async def _refuse(scope: Scope, send: Send, status: int, code: str, message: str) -> None:
    error = {"code": code, "message": message, "details": {}, "request_id": ""}
    is_api = scope["path"].startswith("/api/")
    body = json.dumps({"error": error}).encode() if is_api else f"{message}\n".encode()
    kind = b"application/json" if is_api else b"text/plain"
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
