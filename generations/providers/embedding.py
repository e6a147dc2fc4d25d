"""What every adapter of an embedding API speaks: texts and clips in, vectors and tags out.

An adapter translates, as base.py has it, and raises its ProviderErrors and nothing else. Nothing asked for here costs a
team anything or is lost by asking again, so NotSent, Busy and Unclear all mean "later".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from .base import Progress

Vector = tuple[float, ...]
TEXT_SECONDS = 30.0
# Of any other call: less than the lease of whoever asks lasts.
CALL_SECONDS = 40.0


@dataclass(frozen=True, slots=True)
class MachineTag:
    """A tag that a provider read off a clip. `kind` is shot_size, camera_movement, angle, or empty for any other."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipReport:
    """The provider's word on one request about a clip: its vector or its tags, where it has succeeded."""

    request_id: str
    progress: Progress
    vector: Vector = ()
    tags: tuple[MachineTag, ...] = ()
    failure_code: str = ""


class TextEmbedder(Protocol):
    """One account of one API that makes vectors of texts.

    OPTIONS are as in base.Provider. `model`, `dims` (0 where the API's document does not say) and `version` (an option,
    raised by the operator) are what its vectors belong to; `most_texts` is how many one call may have. `takes_model` is
    whether each call names the model, by the options `model` and `dims`, so that another may be asked for.
    """

    OPTIONS: ClassVar[tuple[str, ...]]
    model: str
    dims: int
    version: int
    most_texts: int
    takes_model: bool

    def embed_texts(self, texts: Sequence[str], *, total_seconds: float = TEXT_SECONDS) -> list[Vector]:
        """A vector for each text, in their order; Unclear where they are not all there or not of one size."""
        ...


class ClipReader(TextEmbedder, Protocol):
    """One that reads clips too: their vectors lie in the space of its texts. Each begin_ answers a request id."""

    def begin_embedding(self, video_url: str) -> str: ...

    def begin_tagging(self, video_url: str) -> str: ...

    def fetch(self, request_id: str) -> ClipReport:
        """Raises TaskMissing where the provider does not know it any more."""
        ...
