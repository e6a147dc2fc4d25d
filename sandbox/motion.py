"""How a camera seems to move between two small pictures: the shift or the growth that makes them most alike."""

from dataclasses import dataclass

from PIL import Image, ImageChops, ImageStat

ACROSS, DOWN = 12, 5
GROWTHS = (0.92, 0.95, 0.98, 1.02, 1.05, 1.08)
# A movement must make the two so much more alike than none does, as a share of their difference.
GAIN = 0.09
# Below this difference, of 255, nothing moves at all.
STILL = 0.6


@dataclass(frozen=True, slots=True)
class Motion:
    """What is seen moved by `right` and `down`, in pixels of the small picture, or grew to `growth` of its size."""

    right: int = 0
    down: int = 0
    growth: float = 1.0


def between(before: Image.Image, after: Image.Image) -> Motion:
    """Both grey and of one size. The camera goes the other way than what it sees."""
    unmoved = _difference(before, after, Motion())
    if unmoved < STILL:
        return Motion()
    shifts = [Motion(right, down) for right in range(-ACROSS, ACROSS + 1) for down in range(-DOWN, DOWN + 1)]
    found = min([*shifts, *(Motion(growth=growth) for growth in GROWTHS)], key=lambda each: _seen(before, after, each))
    return found if _difference(before, after, found) < unmoved * (1 - GAIN) else Motion()


def _seen(before: Image.Image, after: Image.Image, motion: Motion) -> tuple[float, float]:
    """The difference, and of equal ones the smaller movement first."""
    far = abs(motion.right) + abs(motion.down) + 100 * abs(motion.growth - 1)
    return round(_difference(before, after, motion), 3), far


def _difference(before: Image.Image, after: Image.Image, motion: Motion) -> float:
    """The mean over the part that both show."""
    width, height = before.size
    if motion.growth != 1:
        before, after = _grown(before, after, motion.growth)
        return float(ImageStat.Stat(ImageChops.difference(before, after)).mean[0])
    right, down = motion.right, motion.down
    was = before.crop((max(-right, 0), max(-down, 0), width - max(right, 0), height - max(down, 0)))
    now = after.crop((max(right, 0), max(down, 0), width + min(right, 0), height + min(down, 0)))
    return float(ImageStat.Stat(ImageChops.difference(was, now)).mean[0])


def _grown(before: Image.Image, after: Image.Image, growth: float) -> tuple[Image.Image, Image.Image]:
    """The two as they would be alike had the first grown so: of the larger one its middle is looked at."""
    if growth < 1:
        after, before = _grown(after, before, 1 / growth)
        return before, after
    width, height = before.size
    across, down = width / growth, height / growth
    box = ((width - across) / 2, (height - down) / 2, (width + across) / 2, (height + down) / 2)
    return before.resize(before.size, Image.Resampling.BILINEAR, box=box), after
