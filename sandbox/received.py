"""The latest create bodies as they arrived, refused ones too, so that a test can see every parameter."""

from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

REQUESTS_KEPT = 1000


@dataclass(frozen=True, slots=True)
class Received:
    """`json` is the whole body, before anything was checked or left out."""

    vendor: str
    path: str
    json: dict[str, Any]


class ReceivedBook:
    """Keeps the latest 1,000."""

    def __init__(self) -> None:
        self._received: deque[Received] = deque(maxlen=REQUESTS_KEPT)

    def keep(self, received: Received) -> None:
        self._received.append(received)

    def listed(self, prompt: str | None = None) -> list[dict[str, Any]]:
        """Newest last; of exactly that prompt, where one is given."""
        found = (one for one in self._received if prompt is None or one.json.get("prompt") == prompt)
        return [asdict(one) for one in found]
