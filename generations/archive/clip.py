"""What a foreign file is, found out by a child process that may do nothing else."""

import json
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore

from .errors import ArchiveError
from .prober import Prober

SUFFIXES = {
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
}
_prober = Prober()
_children = BoundedSemaphore(2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A whole clip, or a whole image, which has no duration; `poster` is WebP. Sizes are as it is shown, upright."""

    duration_seconds: float | None
    width: int
    height: int
    has_audio: bool
    content_type: str
    poster: bytes

    @property
    def suffix(self) -> str:
        return SUFFIXES[self.content_type]

    @property
    def is_image(self) -> bool:
        return self.content_type.startswith("image/")


def look(file: Path) -> Clip:
    """What is in the file; raises ArchiveError where it is neither a whole clip nor a whole image."""
    with _children, file.open("rb") as content:
        line, _, poster = _prober.ask(content).partition(b"\n")
    if not line:
        raise ArchiveError("no good: looking into it took too much")
    report = json.loads(line)
    if "error" in report:
        raise ArchiveError(f"no good: {report['error']}")
    return Clip(**report, poster=poster)
