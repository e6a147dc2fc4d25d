"""Files by content, in the media folder: `ab/<sha256>.mp4`. A name is there whole or not at all.

A file whose transaction was rolled back stays: the next try takes it over, and to delete what has no row would make
lost clips of a database that was restored from yesterday, or of a wrong DATABASE_URL.
"""

import contextlib
import hashlib
import itertools
import os
import tempfile
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection

# Longer than a draft is worked at after its last byte came.
DRAFT_SECONDS = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Bytes on disk that nobody can see yet."""

    file: Path
    sha256: str
    size_bytes: int

    def path(self, suffix: str) -> str:
        """What it will be called, relative to the media folder."""
        return f"{self.sha256[:2]}/{self.sha256}{suffix}"


@contextmanager
def draft(chunks: Iterable[bytes]) -> Iterator[Draft]:
    """Write and sync a draft, gone again at the end unless it was kept. Raises OSError, and what `chunks` raises."""
    folder = settings.MEDIA_FOLDER / "incoming"
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=folder)
    digest, size = hashlib.sha256(), 0
    try:
        with os.fdopen(descriptor, "wb") as file:
            for chunk in chunks:
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
            file.flush()
            os.fsync(file.fileno())
        yield Draft(file=Path(name), sha256=digest.hexdigest(), size_bytes=size)
    finally:
        Path(name).unlink(missing_ok=True)


def keep(draft: Draft, suffix: str) -> str:
    """Give a draft its name, and return it. In the transaction that writes the asset, which is what lock() is for."""
    path = draft.path(suffix)
    lock(path)
    place = settings.MEDIA_FOLDER / path
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        draft.file.chmod(0o644)
        draft.file.rename(place)
        _sync_folder(place.parent)
    return path


def forget_drafts(limit: int) -> None:
    """Remove up to so many drafts of workers that were killed while writing."""
    drafts = (settings.MEDIA_FOLDER / "incoming").glob("*")
    for draft in itertools.islice(filter(_is_stale, drafts), limit):
        draft.unlink(missing_ok=True)


def lock(path: str) -> None:
    """Until the transaction ends, nobody else keeps or unlinks this file."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [0x66696C65, zlib.crc32(path.encode()) - 2**31])


def unlink(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        (settings.MEDIA_FOLDER / path).unlink()


def _is_stale(draft: Path) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return time.time() - draft.stat().st_mtime > DRAFT_SECONDS
    return False


def _sync_folder(folder: Path) -> None:
    """Makes the new name itself durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
