"""Renders one still to a PNG file: `python -m sandbox.stills <file>`, with the still as JSON on its input."""

import json
import os
import sys
from pathlib import Path

from sandbox.clips import Still
from sandbox.pictures import pulled, still_graph

# A 4k picture must be there while its caller waits.
COMPRESSION = 2


def render(still: Still, path: Path) -> None:
    """Write a PNG of exactly the still's size."""
    frame = next(pulled(still_graph(still)))
    frame.to_image().save(path, format="PNG", compress_level=COMPRESSION)


if __name__ == "__main__":
    os.nice(5)
    render(Still(**json.load(sys.stdin)), Path(sys.argv[1]))
