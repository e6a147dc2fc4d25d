"""What an archive says of what is in it, as JSON and as a table, written while the archive is made.

Both are kept on disk until they are sent, so that prompts of thousands of clips take no memory.
"""

import codecs
import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from tempfile import TemporaryFile
from typing import IO, Any, Self

from accounts.csv_export import guarded
from generations.models import Collection, Generation

CHUNK_BYTES = 256 * 1024
COLUMNS = (
    "position",
    "id",
    "file",
    "size_bytes",
    "sha256",
    "is_missing",
    "status",
    "prompt",
    "model",
    "params",
    "tags",
    "created_at",
    "completed_at",
)


@dataclass(slots=True, kw_only=True)
class File:
    """`is_missing`: it was gone, or part of it, when it was its turn."""

    name: str
    size_bytes: int
    sha256: str
    is_missing: bool = False


@dataclass(slots=True, kw_only=True)
class Entry:
    """One generation. Of one that was deleted while the archive was made, position and id are all that is left."""

    position: int
    id: str
    status: str = "deleted"
    prompt: str = ""
    model: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    created_at: str = ""
    completed_at: str = ""
    files: list[File] = field(default_factory=list)

    @classmethod
    def of(cls, position: int, generation: Generation) -> "Entry":
        """With its tags prefetched. Its files are added as they are sent."""
        return cls(
            position=position,
            id=str(generation.id),
            status=str(generation.status),
            prompt=generation.prompt,
            model=generation.model,
            params=generation.params,
            tags=[tag.name for tag in generation.tags.all() if tag.rejected_at is None],
            created_at=generation.created_at.isoformat(),
            completed_at=generation.completed_at.isoformat() if generation.completed_at else "",
        )


class Manifest:
    """Use it as a context: its files on disk are gone at the end."""

    def __init__(self, as_json: IO[bytes], as_csv: IO[bytes], head: dict[str, str]) -> None:
        self._json, self._csv = as_json, as_csv
        self._json.write(json.dumps(head, ensure_ascii=False)[:-1].encode() + b', "items": [')
        self._separator = b"\n"
        self._rows = csv.DictWriter(codecs.getwriter("utf-8-sig")(as_csv), COLUMNS, restval="")
        self._rows.writeheader()

    @classmethod
    @contextmanager
    def of(cls, collection: Collection, *, notice: str) -> Iterator[Self]:
        """`notice` is what whoever has the archive should know about what is in it."""
        head = {"collection": collection.name, "description": collection.description, "notice": notice}
        with TemporaryFile() as as_json, TemporaryFile() as as_csv:
            yield cls(as_json, as_csv, head)

    def add(self, entry: Entry) -> None:
        self._json.write(self._separator + json.dumps(asdict(entry), ensure_ascii=False).encode())
        self._separator = b",\n"
        for row in _rows(entry):
            self._rows.writerow({name: guarded(cell) for name, cell in row.items()})

    def as_json(self) -> Iterator[bytes]:
        self._json.write(b"\n]}\n")
        yield from _whole(self._json)

    def as_csv(self) -> Iterator[bytes]:
        yield from _whole(self._csv)


def _rows(entry: Entry) -> list[dict[str, str | int]]:
    """One for each file; one without a file for what has none."""
    of_entry: dict[str, str | int] = {
        "position": entry.position,
        "id": entry.id,
        "status": entry.status,
        "prompt": entry.prompt,
        "model": entry.model,
        "params": json.dumps(entry.params, ensure_ascii=False) if entry.params else "",
        "tags": ", ".join(entry.tags),
        "created_at": entry.created_at,
        "completed_at": entry.completed_at,
    }
    return [of_entry | _columns(file) for file in entry.files] or [of_entry]


def _columns(file: File) -> dict[str, str | int]:
    is_missing = "yes" if file.is_missing else ""
    return {"file": file.name, "size_bytes": file.size_bytes, "sha256": file.sha256, "is_missing": is_missing}


def _whole(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    return iter(lambda: file.read(CHUNK_BYTES), b"")
