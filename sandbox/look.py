"""Looks at one clip: `python -m sandbox.look <file>`, answering on its output with a Look as JSON.

A process of its own, as rendering has: a decoder that fails takes nothing else with it.
"""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

import av
from av.container import InputContainer
from PIL import Image

from sandbox.measure import PICTURES, WIDTH, measured
from sandbox.seen import Look

EVERY_SECONDS = 0.6
# A clip at 60 frames a second tells no more than one at 24.
FRAMES_DECODED = 120


def look(path: Path) -> Look:
    """Raises av.FFmpegError, or ValueError for a file without pictures."""
    with av.open(str(path)) as container:
        if not container.streams.video:
            raise ValueError("no pictures")
        return measured(_pictures(container), comment=container.metadata.get("comment", ""))


def _pictures(container: InputContainer) -> list[Image.Image]:
    """A few of the first seconds, small."""
    stream = container.streams.video[0]
    height = min(max(round(WIDTH * stream.height / stream.width), 16), 4 * WIDTH)
    found: list[Image.Image] = []
    for number, frame in enumerate(container.decode(stream)):
        if (frame.time or 0) >= EVERY_SECONDS * len(found):
            found.append(frame.reformat(width=WIDTH, height=height, format="rgb24").to_image())
        if len(found) == PICTURES or number == FRAMES_DECODED:
            break
    return found


if __name__ == "__main__":
    os.nice(5)
    json.dump(asdict(look(Path(sys.argv[1]))), sys.stdout)
