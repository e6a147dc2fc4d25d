"""What was seen in a clip: of its own module, so that the process that looks needs nothing of the one that asks."""

from dataclasses import dataclass

from sandbox.colours import Colours


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is to be seen: `comment` is the prompt in the file, empty where there is none.

    What is seen moved by `right` and `down`, shares of the picture, within three seconds, or grew to `growth`.
    `detail` is from 0, `horizon` from 0 at the top to 1.
    """

    comment: str
    colours: Colours
    right: float = 0
    down: float = 0
    growth: float = 1
    detail: float = 0
    horizon: float = 0.5
