"""What the terminal shows: every line with the name of the process it comes from, coloured by process."""

import contextlib
import os
import sys

WIDTH = 8
COLOURS = {"filmgate": 32, "database": 34, "sandbox": 35, "web": 36, "worker": 33}


def say(line: str, *, name: str = "filmgate") -> None:
    """Print one line. A terminal that has gone away is no reason to leave processes behind."""
    prefix = f"{name:<{WIDTH}} |"
    if _in_colour():
        prefix = f"\033[{COLOURS.get(name, 0)}m{prefix}\033[0m"
    show(f"{prefix} {line}\n")


def show(text: str) -> None:
    with contextlib.suppress(OSError):
        sys.stdout.write(text)
        sys.stdout.flush()


def _in_colour() -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    return sys.stdout.isatty() or bool(os.environ.get("FORCE_COLOR"))
