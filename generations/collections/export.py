"""A collection as a ZIP, made while it is sent: every file as it is, then the manifest of all of them.

Whatever its size, a chunk of one file is in memory, and no connection to the database is held while it is sent.
"""

import mimetypes
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO
from uuid import UUID

from django.conf import settings
from django.utils.text import slugify
from zipstream import ZipStream

from generations.models import Asset, Collection, Generation
from project.streaming import Chunks

from . import contents
from .manifest import CHUNK_BYTES, Entry, File, Manifest

BATCH = 100
NAME_CHARACTERS = 40
CONTENT_TYPE = "application/zip"


def archive(collection: Collection) -> Chunks:
    """Its bytes, chunk by chunk. Closed before its end it leaves nothing behind.

    Its order is that of the moment it begins; each file is read when it is its turn.
    """
    whole, zip = contents.whole(collection), ZipStream()
    with Manifest.of(collection, notice=whole.notice) as manifest:
        for start in range(0, len(whole.ids), BATCH):
            ids = whole.ids[start : start + BATCH]
            found = _read(collection.team_id, ids)
            for position, id in enumerate(ids, start=start + 1):
                if generation := found.get(id):
                    entry = Entry.of(position, generation)
                    yield from _add(zip, generation, entry)
                else:
                    entry = Entry(position=position, id=str(id))
                manifest.add(entry)
        for name, content in (("manifest.json", manifest.as_json()), ("manifest.csv", manifest.as_csv())):
            zip.add(content, name)
            yield from zip.file()
        yield from zip.footer()


def name_of(collection: Collection) -> str:
    return f"filmgate-{_slug(collection.name) or 'collection'}.zip"


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
