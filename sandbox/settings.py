"""How the sandbox behaves: from the environment when it starts, and by control call while it runs."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(slots=True)
class Settings:
    """Lengths in seconds; `requests_a_minute` is for each key and kind of call, `requests_a_second` for each key; 0 is
    for no limit.

    A task fails after `timeout_seconds`; a create that waits for the end gives up after `polling_seconds`.
    """

    seconds: float = 6
    timeout_seconds: float = 600
    polling_seconds: float = 300
    link_seconds: float = 24 * 3600
    requests_a_minute: int = 0
    requests_a_second: int = 0

    @classmethod
    def from_environment(cls) -> "Settings":
        return cls(seconds=float(os.environ.get("SANDBOX_SECONDS", "6")))

    def change(self, changes: dict[str, object]) -> None:
        """Raises ValueError for an unknown name or a value that is not a number from 0 up."""
        for name, value in changes.items():
            if name not in self.__slots__:
                raise ValueError(f"Unknown setting: {name}")
            if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
                raise ValueError(f"{name} must be a number from 0 up")
        for name, value in changes.items():
            setattr(self, name, value)


def data_folder() -> Path | None:
    """Where clips are kept from run to run; None for a folder that ends with the process."""
    folder = os.environ.get("SANDBOX_DATA")
    return Path(folder) if folder else None


def public_url() -> str | None:
    """The address in links; None for the one that the caller used."""
    return os.environ.get("SANDBOX_URL", "").rstrip("/") or None
