"""The broker in a folder, `filesystem://`: messages are files, and whatever happens to the folder costs messages only.

Kombu's own transport of that name ends a worker that reads a half-written message, and keeps its routes in files:
once the folder is emptied, every message is dropped in silence. Here each process knows the routes that it declares.
"""

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from queue import Empty
from typing import Any
from uuid import uuid4

from kombu.transport import virtual
from kombu.utils.json import dumps, loads


class Channel(virtual.Channel):
    """Takes the folder from the transport option `folder`. No fanout, so no remote control of workers."""

    def _put(self, queue: str, message: dict[str, Any], **kwargs: Any) -> None:
        """A message is there whole or not at all. Raises OSError, but not where the folder was emptied meanwhile."""
        name = f"{time.time_ns()}-{uuid4()}.{queue}.msg"
        self._folder.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            draft = self._folder / f".{name}"
            draft.write_text(dumps(message))
            draft.rename(self._folder / name)

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:
        """The oldest message that can be read. Raises Empty."""
        for path in self._waiting(queue):
            with suppress(OSError, ValueError):
                content = path.read_bytes()
                path.unlink()  # several may have read it: whoever unlinks it has it
                message: dict[str, Any] = loads(content.decode())
                return message
        raise Empty

    def _size(self, queue: str) -> int:
        return sum(1 for _ in self._waiting(queue))

    def _purge(self, queue: str) -> int:
        waiting = list(self._waiting(queue))
        for path in waiting:
            path.unlink(missing_ok=True)
        return len(waiting)

    @property
    def _folder(self) -> Path:
        options: dict[str, Any] = self.connection.client.transport_options  # type: ignore[union-attr, assignment]
        return Path(options["folder"])

    def _waiting(self, queue: str) -> Iterator[Path]:
        """Oldest first."""
        with suppress(FileNotFoundError):
            for path in sorted(self._folder.iterdir()):
                if path.name.endswith(f".{queue}.msg") and not path.name.startswith("."):
                    yield path


class Transport(virtual.Transport):
    """The routes are the process's, over all its connections."""

    Channel = Channel
    global_state = virtual.BrokerState()
    driver_type = driver_name = "filesystem"

    def __init__(self, client: Any, **kwargs: Any) -> None:
        super().__init__(client, **kwargs)
        self.state = self.global_state
