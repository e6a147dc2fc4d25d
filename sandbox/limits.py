"""Requests a minute, in fixed windows, and in the second that is just over."""

from collections import defaultdict, deque

WINDOW_SECONDS = 60
WINDOWS_KEPT = 10_000


class Windows:
    """Counts for each name from its first request on; the oldest name is forgotten beyond 10,000."""

    def __init__(self) -> None:
        self._windows: dict[str, tuple[float, int]] = {}

    def retry_after(self, name: str, *, limit: int, now: float) -> float:
        """Counts a request; seconds until the window ends when it is one too many, else 0."""
        begun, count = self._windows.get(name, (now, 0))
        if now >= begun + WINDOW_SECONDS:
            begun, count = now, 0
        self._windows[name] = (begun, count + 1)
        if len(self._windows) > WINDOWS_KEPT:
            del self._windows[next(iter(self._windows))]
        return begun + WINDOW_SECONDS - now if count >= limit else 0

    def standing(self, name: str, *, now: float) -> tuple[int, float]:
        """How many were counted in the window that runs, and when it ends, in seconds since the epoch."""
        begun, count = self._windows.get(name, (now, 0))
        return (0, now + WINDOW_SECONDS) if now >= begun + WINDOW_SECONDS else (count, begun + WINDOW_SECONDS)


class Paces:
    """When each name came within the second that ends with its latest time."""

    def __init__(self) -> None:
        self._latest: defaultdict[str, deque[float]] = defaultdict(deque)

    def count(self, name: str, *, now: float) -> int:
        """Counts a request; how many came within this second, with it."""
        times = self._latest[name]
        times.append(now)
        while times[0] <= now - 1:
            times.popleft()
        if len(self._latest) > WINDOWS_KEPT:
            del self._latest[next(iter(self._latest))]
        return len(times)
