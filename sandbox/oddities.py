"""Answers that are not what any document has, by name: what a proxy, a slip or an enemy may send in place of one."""

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from sandbox.web import Receive, Reply, Response, Send, start

WELCOME_PAGE = b"<!doctype html><html><head><title>Welcome</title></head><body><p>It works!</p></body></html>"
HUGE_BYTES = 100_000_000
CHUNK = bytes(64 * 1024)
DEPTH = 100_000
UNPACKED_BYTES = 1 << 30
MEMBER_BYTES = 1 << 24
_ID = re.compile(rb'"(id|task_id)": "[^"]*"')


@dataclass(frozen=True, slots=True)
class Flood:
    """So many bytes, without saying how many."""

    length: int

    async def send(self, receive: Receive, send: Send) -> None:
        await send(start(200, {"content-type": "application/json"}))
        for _ in range(self.length // len(CHUNK)):
            await send({"type": "http.response.body", "body": CHUNK, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def _with_id(value: bytes) -> Callable[[Response], Response]:
    return lambda answer: replace(answer, body=_ID.sub(lambda found: b'"' + found[1] + b'": ' + value, answer.body))


def _with_body(body: bytes) -> Callable[[Response], Response]:
    return lambda answer: replace(answer, body=body)


def _packed(answer: Response) -> Response:
    """A gigabyte in about one megabyte: a file of gzip may have many members, and these are all alike."""
    packer = zlib.compressobj(wbits=31)
    member = packer.compress(bytes(MEMBER_BYTES)) + packer.flush()
    body = member * (UNPACKED_BYTES // MEMBER_BYTES)
    return replace(answer, body=body, headers=answer.headers | {"content-encoding": "gzip"})


ODDITIES: dict[str, Callable[[Response], Reply]] = {
    "html": lambda answer: Response(200, WELCOME_PAGE, "text/html"),
    "empty": _with_body(b""),
    "truncated": lambda answer: replace(answer, body=answer.body[: len(answer.body) // 2]),
    "utf16": lambda answer: replace(answer, body=answer.body.decode().encode("utf-16")),
    "latin1": lambda answer: replace(answer, body=b'{"caf\xe9": 1, ' + answer.body[1:]),
    "huge": lambda answer: Flood(HUGE_BYTES),
    "deep": _with_body(b"[" * DEPTH + b"]" * DEPTH),
    "null": _with_body(b"null"),
    "list": lambda answer: replace(answer, body=b"[" + answer.body + b"]"),
    "text": _with_body(b'"accepted"'),
    "nan": _with_body(b'{"success": true, "data": NaN}'),
    "id_null": _with_id(b"null"),
    "id_number": _with_id(b"7"),
    "id_empty": _with_id(b'""'),
    "id_long": _with_id(b'"' + b"x" * 10_000 + b'"'),
    "packed": _packed,
}
