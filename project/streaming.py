"""Answers that are sent while they are made."""

from collections.abc import AsyncIterator, Generator, Iterator

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import translation
from django.utils.http import content_disposition_header

from project.connections import give_back_connection

Chunks = Generator[bytes, None, None]


def download(request: HttpRequest, chunks: Chunks, *, name: str, content_type: str) -> HttpResponseBase:
    """The chunks as a file called `name`. Each is made once the one before is sent, in the language of the request."""
    disposition = content_disposition_header(True, name) or "attachment"  # RFC 6266
    headers = {"Content-Type": content_type, "Content-Disposition": disposition}
    if request.method == "HEAD":
        return HttpResponse(headers=headers)
    chunks = _in_language(chunks, translation.get_language() or "en")
    # Under ASGI a plain iterator would be read to its end before the first byte is sent.
    return StreamingHttpResponse(_AsSent(chunks) if isinstance(request, ASGIRequest) else chunks, headers=headers)


async def as_read(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Each chunk made in a thread, once the one before is sent. Under ASGI Django would make all of them first.

    Between two of them no connection is held: whoever downloads slowly keeps none of the pool's.
    """
    while (chunk := await sync_to_async(_next)(chunks)) is not None:
        if chunk:
            yield chunk


class _AsSent:
    """Django closes it in the thread that reads the chunks, and so never in the middle of one."""

    def __init__(self, chunks: Chunks) -> None:
        self._chunks = chunks

    def close(self) -> None:
        self._chunks.close()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return as_read(self._chunks)


def _next(chunks: Iterator[bytes]) -> bytes | None:
    try:
        return next(chunks, None)
    finally:
        give_back_connection()


def _in_language(chunks: Chunks, language: str) -> Chunks:
    """The view has returned, and its language with it, before the first chunk is asked for."""
    try:
        while True:
            with translation.override(language):
                chunk = next(chunks, None)
            if chunk is None:
                return
            yield chunk
    finally:
        chunks.close()
