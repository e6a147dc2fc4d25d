"""A collection as a ZIP, made while it is sent: every file as it is, then the manifest of all of them.

Whatever its size, a chunk of one file is in memory, and no connection to the database is held while it is sent.
"""

import mimetypes
from collections.abc import AsyncIterator, Generator, Iterator, Sequence
from pathlib import Path
from typing import IO
from uuid import UUID

from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from zipstream import ZipStream

from generations.models import Asset, Collection, Generation
from project.streaming import as_read

from . import contents
from .manifest import CHUNK_BYTES, Entry, File, Manifest

BATCH = 100
NAME_CHARACTERS = 40
CONTENT_TYPE = "application/zip"


def respond(request: HttpRequest, collection: Collection) -> HttpResponseBase:
    """The archive as a download. Its order is that of the moment it begins; each file is read when it is its turn."""
    name = f"filmgate-{_slug(collection.name) or 'collection'}.zip"
    disposition = content_disposition_header(True, name) or "attachment"  # RFC 6266
    headers = {"Content-Type": CONTENT_TYPE, "Content-Disposition": disposition}
    if request.method == "HEAD":
        return HttpResponse(headers=headers)
    chunks = archive(collection)
    # Under ASGI a plain iterator would be read to its end before the first byte is sent.
    content = _AsSent(chunks) if isinstance(request, ASGIRequest) else chunks
    return StreamingHttpResponse(content, headers=headers)


def archive(collection: Collection) -> Generator[bytes, None, None]:
    """Its bytes, chunk by chunk. Closed before its end it leaves nothing behind."""
    ids = contents.all_ids(collection)
    zip = ZipStream()
    with Manifest.of(collection) as manifest:
        for start in range(0, len(ids), BATCH):
            found = _read(collection.team_id, ids[start : start + BATCH])
            for position, id in enumerate(ids[start : start + BATCH], start=start + 1):
                entry = Entry(position=position, id=str(id))
                if generation := found.get(id):
                    yield from _add(zip, generation, entry)
                manifest.add(entry)
        for name, content in (("manifest.json", manifest.as_json()), ("manifest.csv", manifest.as_csv())):
            zip.add(content, name)
            yield from zip.file()
        yield from zip.footer()


def file_name(position: int, generation: Generation, asset: Asset) -> str:
    """Safe on every system: its place, the first words of its prompt, its id, and a suffix that fits."""
    suffix = mimetypes.guess_extension(asset.content_type, strict=False) or ""
    number = f"-{asset.position + 1}" if generation.makes_images else ""
    parts = [f"{position:04}", _slug(generation.prompt), f"{generation.id}{number}{suffix}"]
    return "-".join(filter(None, parts))


def _slug(text: str) -> str:
    """At most NAME_CHARACTERS of letters, digits, hyphens and underscores, of any script."""
    return slugify(text[:200], allow_unicode=True)[:NAME_CHARACTERS].strip("-_")


def _read(team_id: UUID, ids: Sequence[UUID]) -> dict[UUID, Generation]:
    """What is still there of them. By then the team may have deleted some."""
    visible = Generation.objects.for_team(team_id).filter(id__in=ids)
    return {each.id: each for each in visible.prefetch_related("assets", "tags")}


def _add(zip: ZipStream, generation: Generation, entry: Entry) -> Iterator[bytes]:
    _describe(entry, generation)
    outputs = [asset for asset in generation.assets.all() if asset.kind == Asset.Kind.OUTPUT]
    for asset in sorted(outputs, key=lambda each: each.position):
        file = File(name=file_name(entry.position, generation, asset), size_bytes=asset.size_bytes, sha256=asset.sha256)
        entry.files.append(file)
        yield from _add_file(zip, asset, file)


def _add_file(zip: ZipStream, asset: Asset, file: File) -> Iterator[bytes]:
    """What can't be read, or to its end, is noted, and the archive goes on."""
    try:
        opened = (settings.MEDIA_FOLDER / Path(asset.path)).open("rb") if _is_kept(asset) else None
    except OSError:
        opened = None
    if opened is None:
        file.is_missing = True
        return
    with opened:
        zip.add(_content(opened, file), file.name, size=file.size_bytes)
        yield from zip.file()


def _describe(entry: Entry, generation: Generation) -> None:
    entry.status = str(generation.status)
    entry.prompt, entry.model, entry.params = generation.prompt, generation.model, generation.params
    entry.tags = [tag.name for tag in generation.tags.all() if tag.rejected_at is None]
    entry.created_at = generation.created_at.isoformat()
    entry.completed_at = generation.completed_at.isoformat() if generation.completed_at else ""


def _is_kept(asset: Asset) -> bool:
    return asset.deleted_at is None and asset.path != ""


def _content(opened: IO[bytes], file: File) -> Iterator[bytes]:
    left = file.size_bytes
    while left > 0:
        try:
            chunk = opened.read(min(CHUNK_BYTES, left))
        except OSError:
            chunk = b""
        if not chunk:
            file.is_missing = True
            return
        left -= len(chunk)
        yield chunk


class _AsSent:
    """Django closes it in the thread that reads the chunks, and so never in the middle of one."""

    def __init__(self, chunks: Generator[bytes, None, None]) -> None:
        self._chunks = chunks

    def close(self) -> None:
        self._chunks.close()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return as_read(self._chunks)
