"""One way to send a file: conditional, in one range if so asked, and inert in a browser."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import BinaryIO

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header, parse_etags, quote_etag

from project.connections import give_back_connection

CHUNK_BYTES = 256 * 1024
_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})")


def respond(
    request: HttpRequest, path: Path, *, content_type: str, etag: str, name: str, max_age_seconds: int
) -> HttpResponseBase:
    """The file, by RFC 9110: 200, 206 for one range, 304 for a copy the asker has, 416 for a range outside the file.

    `etag` is unquoted and strong; `name` is what the file is saved as. With ?download=1 it is an attachment. Raises
    FileNotFoundError.
    """
    file = path.open("rb")
    size = path.stat().st_size
    tag = quote_etag(etag)
    if _matches(request.headers.get("If-None-Match", ""), tag):
        file.close()
        response: HttpResponseBase = HttpResponse(status=304)
    else:
        response = _body(request, file, size, tag)
        response.headers["Content-Type"] = content_type
        disposition = content_disposition_header("download" in request.GET, name)
        response.headers["Content-Disposition"] = disposition or "inline"
    response.headers["ETag"] = tag
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    fresh = f"max-age={max_age_seconds}" if max_age_seconds > 0 else "no-cache"
    response.headers["Cache-Control"] = f"private, {fresh}"
    return response


def _matches(header: str, tag: str) -> bool:
    tags = [each.removeprefix("W/") for each in parse_etags(header)]
    return "*" in tags or tag in tags


def _body(request: HttpRequest, file: BinaryIO, size: int, tag: str) -> HttpResponseBase:
    span = _span(request, size, tag)
    start, end = span or (0, size)
    if span and start >= end:
        file.close()
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    headers = {"Content-Length": str(end - start)}
    if span:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    if request.method == "HEAD":
        file.close()
        return HttpResponse(headers=headers)
    stream = _AsyncStretch if isinstance(request, ASGIRequest) else _SyncStretch
    return StreamingHttpResponse(stream(file, start, end - start), status=206 if span else 200, headers=headers)


def _span(request: HttpRequest, size: int, tag: str) -> tuple[int, int] | None:
    """The half-open range asked for, empty where it lies outside the file; None for the whole file.

    More than one range, or a header that is not one, is answered with the whole file, as RFC 9110 14.2 allows.
    """
    found = _RANGE.fullmatch(request.headers.get("Range", "").replace(" ", ""))
    if request.method != "GET" or found is None or found[0] == "bytes=-":
        return None
    if request.headers.get("If-Range", tag) != tag:
        return None
    first, last = found.groups()
    if not first:
        return max(0, size - int(last)), size
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last) + 1, size) if last else size


class _Stretch:
    """`length` bytes of a file from `start`, read as they are sent."""

    def __init__(self, file: BinaryIO, start: int, length: int) -> None:
        file.seek(start)
        self.file = file
        self.left = length

    def close(self) -> None:
        self.file.close()

    def next_chunk(self) -> bytes:
        chunk = self.file.read(min(CHUNK_BYTES, self.left))
        self.left -= len(chunk)
        return chunk


class _SyncStretch(_Stretch):
    def __iter__(self) -> Iterator[bytes]:
        return iter(self.next_chunk, b"")


class _AsyncStretch(_Stretch):
    """Under ASGI a plain iterator would be read to its end before the first byte is sent."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            # Django would keep the request's to the last byte, and a slow reader needs none.
            await sync_to_async(give_back_connection)()
            while chunk := await asyncio.to_thread(self.next_chunk):
                yield chunk
        finally:
            self.close()
