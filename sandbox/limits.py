"""Requests a minute, in fixed windows."""

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
