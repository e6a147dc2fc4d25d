"""What a foreign file is, found out by a child process that may do nothing else."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore

from .errors import ArchiveError

PROBE = Path(__file__).with_name("probe.py")
TOTAL_SECONDS = 30
_children = BoundedSemaphore(2)


SUFFIXES = {
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
}


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
        try:
            child = subprocess.run(  # noqa: S603 -- our own program, no arguments from outside
                [sys.executable, "-I", str(PROBE)],
                stdin=content,
                capture_output=True,
                env={},
                timeout=TOTAL_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ArchiveError("probe took too long") from error
    if child.returncode:
        raise ArchiveError(f"no good: {child.stderr[-200:].decode(errors='replace').strip()}")
    report, _, poster = child.stdout.partition(b"\n")
    return Clip(**json.loads(report), poster=poster)
