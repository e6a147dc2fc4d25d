"""What an archive says of what is in it, as JSON and as a table, written while the archive is made.

Both are kept on disk until they are sent, so that prompts of thousands of clips take no memory.
"""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from tempfile import TemporaryFile
from typing import IO, Any, Self

from accounts.csv_export import BYTE_ORDER_MARK, guarded
from generations.models import Collection

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


class Manifest:
    """Use it as a context: its files on disk are gone at the end."""

    def __init__(self, as_json: IO[bytes], as_csv: IO[bytes], collection: Collection) -> None:
        self._json, self._csv = as_json, as_csv
        head = {"collection": collection.name, "description": collection.description}
        self._json.write(json.dumps(head, ensure_ascii=False)[:-1].encode() + b', "items": [')
        self._csv.write(f"{BYTE_ORDER_MARK}{_line(COLUMNS)}".encode())
        self._separator = b"\n"

    @classmethod
    @contextmanager
    def of(cls, collection: Collection) -> Iterator[Self]:
        with TemporaryFile() as as_json, TemporaryFile() as as_csv:
            yield cls(as_json, as_csv, collection)

    def add(self, entry: Entry) -> None:
        self._json.write(self._separator + json.dumps(asdict(entry), ensure_ascii=False).encode())
        self._separator = b",\n"
        files: Sequence[File | None] = entry.files or [None]
        for file in files:
            self._csv.write(_line(_cells(entry, file)).encode())

    def as_json(self) -> Iterator[bytes]:
        self._json.write(b"\n]}\n")
        yield from _whole(self._json)

    def as_csv(self) -> Iterator[bytes]:
        yield from _whole(self._csv)


def _cells(entry: Entry, file: File | None) -> list[str | int]:
    """One row for each file; one without a file for what has none."""
    params = json.dumps(entry.params, ensure_ascii=False) if entry.params else ""
    of_file = [file.name, file.size_bytes, file.sha256, "yes" if file.is_missing else ""] if file else [""] * 4
    of_generation = [entry.status, entry.prompt, entry.model, params, ", ".join(entry.tags)]
    return [entry.position, entry.id, *of_file, *of_generation, entry.created_at, entry.completed_at]


def _line(cells: Sequence[str | int]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow([guarded(cell) for cell in cells])
    return line.getvalue()


def _whole(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    return iter(lambda: file.read(CHUNK_BYTES), b"")
