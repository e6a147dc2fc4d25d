"""What a few small pictures of a shot, in their order, have to be measured in: colour, motion, detail, horizon."""

from itertools import pairwise

from PIL import Image, ImageChops, ImageFilter, ImageStat

from sandbox import colours
from sandbox.motion import between
from sandbox.seen import Look

# So many pictures of a shot tell enough, of so many pixels across.
PICTURES = 6
WIDTH = 96


def measured(pictures: list[Image.Image], *, comment: str) -> Look:
    """Raises ValueError where there are none."""
    if not pictures:
        raise ValueError("no pictures")
    first, last = pictures[0].convert("L"), pictures[-1].convert("L")
    small = [picture.resize((24, 14)).tobytes() for picture in pictures]
    motion = between(first, last)
    return Look(
        comment=comment,
        colours=colours.of_pixels(
            pixel for each in small for pixel in zip(each[::3], each[1::3], each[2::3], strict=True)
        ),
        right=motion.right / first.width,
        down=motion.down / first.height,
        growth=motion.growth,
        detail=_detail(first),
        horizon=_horizon(first),
    )


def _detail(grey: Image.Image) -> float:
    """How much differs from its neighbourhood, from 0: much in a wide view, little where one thing fills it."""
    soft = grey.filter(ImageFilter.GaussianBlur(2))
    return float(ImageStat.Stat(ImageChops.difference(grey, soft)).mean[0])


def _horizon(grey: Image.Image) -> float:
    """Where the rows differ most from those below, from 0 at the top to 1."""
    rows = grey.resize((1, 24)).tobytes()
    steps = [abs(below - above) for above, below in pairwise(rows)]
    return (steps.index(max(steps)) + 1) / len(rows)
