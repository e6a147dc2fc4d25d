from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few that are explained where they are chosen: what it is called, and what it means."""

    label: str
    text: str

    def __str__(self) -> str:
        return self.label
