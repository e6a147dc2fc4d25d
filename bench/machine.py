"""What the figures were measured on, and how they are printed."""

import os
import platform
import statistics
from collections.abc import Sequence
from pathlib import Path


def describe() -> None:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    print(f"{os.cpu_count()} cores, {model}, {memory:.0f} GiB, Python {platform.python_version()}, {platform.system()}")


def row(name: str, value: object) -> None:
    print(f"{name:<68} {value}", flush=True)


def milliseconds(samples: Sequence[float]) -> str:
    """p50 and p95 of durations in seconds."""
    return f"p50 {statistics.median(samples) * 1000:.1f} ms, p95 {p95(samples) * 1000:.1f} ms"


def p95(samples: Sequence[float]) -> float:
    return sorted(samples)[int(len(samples) * 0.95)]
