"""The whole of indexing: which indexes there are, what belongs into them, and the work on it."""

from generations.submitting.rounds import guarded
from project.due import Crew

from . import backoff, clips, filling, prompts, spaces, tending

CREWS: tuple[Crew, ...] = (backoff.crew, tending.crew, *clips.crews, prompts.crew)


def index() -> None:
    """Until nothing is due. While one call is at one crew's work, the next one passes on to the other crews."""
    guarded(spaces.ensure)
    guarded(filling.take_due)
    for crew in CREWS:
        guarded(crew.run)
