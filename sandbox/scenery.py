"""What a clip shows: layers drawn once from its prompt, which drift over one another while it plays."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from sandbox.chance import chance_of
from sandbox.outlines import OUTLINES, Outline
from sandbox.palette import Colour, Palette, mix, palette_of, restyled

SCENES = {
    "city": ("city", "street", "tower", "neon", "城", "街", "楼"),
    "sea": ("sea", "ocean", "wave", "boat", "water", "lake", "lighthouse", "海", "湖", "船", "水"),
    "forest": ("forest", "tree", "pine", "fox", "bird", "森林", "树", "狐", "鸟"),
    "peaks": ("mountain", "peak", "snow", "cliff", "山", "雪"),
    "hills": ("flower", "daisies", "field", "meadow", "desert", "dune", "花", "田", "草", "沙漠"),
}
# How many layers of land, how high the farthest stands and how high the nearest, in heights of the picture.
HORIZONS = {
    "city": (3, 0.58, 0.30),
    "sea": (5, 0.44, 0.13),
    "forest": (4, 0.56, 0.24),
    "peaks": (4, 0.62, 0.22),
    "hills": (4, 0.52, 0.22),
}


@dataclass(frozen=True, slots=True)
class Layer:
    """A picture with transparency and where it lies, as expressions of `t` in seconds."""

    image: Image.Image
    x: str
    y: str


@dataclass(frozen=True, slots=True)
class Scenery:
    palette: Palette
    layers: tuple[Layer, ...]


def scenery(prompt: str, *, width: int, height: int, seconds: int, take: str = "", style: str = "") -> Scenery:
    """Other takes of a prompt have other shapes and colours; a style changes the colours alone."""
    chance = chance_of(prompt + take)
    palette = restyled(palette_of(prompt, chance), style)
    kind = _kind(prompt, chance)
    stage = _Stage(width, height, seconds, palette, chance)
    return Scenery(palette, (*stage.sky(), *stage.land(kind)))


def _kind(prompt: str, chance: Random) -> str:
    words = prompt.lower()
    named = (kind for kind, hints in SCENES.items() if any(hint in words for hint in hints))
    by_chance = chance.choice(list(SCENES))
    return next(named, by_chance)


@dataclass(frozen=True, slots=True)
class _Stage:
    width: int
    height: int
    seconds: int
    palette: Palette
    chance: Random

    def sky(self) -> Iterator[Layer]:
        yield self._stars() if self.palette.night else self._clouds()
        yield self._light()

    def land(self, kind: str) -> Iterator[Layer]:
        count, farthest, nearest = HORIZONS[kind]
        for place in range(count):
            nearness = place / (count - 1)
            tall = int(self.height * (farthest + (nearest - farthest) * nearness))
            yield self._ridge(kind, tall=tall, nearness=nearness)

    def _ridge(self, kind: str, *, tall: int, nearness: float) -> Layer:
        speed = self.width * (0.008 + 0.035 * nearness**1.5)
        image_width = self._even(self.width + speed * self.seconds + 8)
        outline = OUTLINES[kind](self.chance)
        top = mix(self.palette.far, self.palette.near, nearness**0.8)
        foot = mix(top, self.palette.sky[2], 0.35 * (1 - nearness))
        image = _filled(outline, size=(image_width, self._even(tall)), top=top, foot=foot)
        if kind == "city" and nearness > 0:
            self._light_windows(image)
        bob = f"+{self.height * 0.008:.1f}*sin(t*1.1+{nearness * 5:.2f})" if kind == "sea" else ""
        # The near waves come the other way.
        turned = kind == "sea" and nearness > 0.6
        x = f"{self.width - image_width}+{speed:.2f}*t" if turned else f"-{speed:.2f}*t"
        return Layer(image, x=x, y=f"H-h+{self.height * 0.01:.0f}{bob}")

    def _light_windows(self, image: Image.Image) -> None:
        step = max(self.height // 54, 6)
        draw, alpha = ImageDraw.Draw(image), image.getchannel("A")
        lit = (*mix(self.palette.light, (255, 214, 140), 0.6), 255)
        for x in range(step, image.width - step, step):
            for y in range(step, image.height, step):
                inside = all(alpha.getpixel((x + dx, y - step // 2)) == 255 for dx in (-step // 2, step // 2))
                if inside and self.chance.random() < 0.16:
                    draw.rectangle((x, y, x + step // 4, y + step // 3), fill=lit)

    def _light(self) -> Layer:
        """The sun or the moon in its glow, crossing the sky slowly."""
        across = self._even(min(self.width, self.height) * 0.9)
        disc = min(self.width, self.height) * self.chance.uniform(0.09, 0.14)
        glow = Image.radial_gradient("L").point(lambda far: max(0, 110 - far) ** 2 // 110)
        core = Image.new("L", (across, across))
        box = (across / 2 - disc, across / 2 - disc, across / 2 + disc, across / 2 + disc)
        ImageDraw.Draw(core).ellipse(box, fill=250)
        core = core.filter(ImageFilter.GaussianBlur(disc / 50 + 0.6))
        image = Image.new("RGBA", (across, across), self.palette.light)
        image.putalpha(ImageChops.lighter(glow.resize(core.size), core))
        x, y = self.chance.uniform(0.2, 0.8) * self.width, self.chance.uniform(0.2, 0.38) * self.height
        way = self.chance.choice((-1, 1)) * self.width * 0.012
        return Layer(image, x=f"{x:.0f}-w/2+{way:.2f}*t", y=f"{y:.0f}-h/2-{self.height * 0.01:.2f}*t")

    def _clouds(self) -> Layer:
        size = (self._even(self.width * 1.4), self._even(self.height * 0.5))
        small = Image.new("L", (size[0] // 4, size[1] // 4))
        draw = ImageDraw.Draw(small)
        for _ in range(self.chance.randint(4, 8)):
            x, y = self.chance.uniform(0, small.width), self.chance.uniform(0.1, 0.85) * small.height
            wide = self.chance.uniform(0.1, 0.22) * self.width / 4
            for _ in range(6):
                left, high = x + self.chance.uniform(-wide, wide), wide * self.chance.uniform(0.05, 0.13)
                box = (left - wide / 2, y - high, left + wide / 2, y + high)
                draw.ellipse(box, fill=self.chance.randint(50, 120))
        soft = small.filter(ImageFilter.GaussianBlur(small.height / 28))
        image = Image.new("RGBA", size, mix(self.palette.light, (255, 255, 255), 0.5))
        image.putalpha(soft.resize(size, Image.Resampling.BICUBIC))
        return Layer(image, x=f"-{self.width * 0.02:.2f}*t-{self.width * 0.1:.0f}", y="0")

    def _stars(self) -> Layer:
        size = (self._even(self.width * 1.1), self._even(self.height * 0.6))
        alpha = Image.new("L", size)
        draw = ImageDraw.Draw(alpha)
        for _ in range(140):
            x, y = self.chance.uniform(0, size[0]), size[1] * self.chance.random() ** 1.4
            reach = self.height / 720 * self.chance.choice((0.7, 0.9, 1.3, 1.8))
            draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=self.chance.randint(90, 235))
        image = Image.new("RGBA", size, (255, 255, 255))
        image.putalpha(alpha)
        return Layer(image, x=f"-{self.width * 0.006:.2f}*t", y="0")

    @staticmethod
    def _even(length: float) -> int:
        return 2 * math.ceil(length / 2)


def _filled(outline: Outline, *, size: tuple[int, int], top: Colour, foot: Colour) -> Image.Image:
    """The shape under an outline, shaded from top to foot; drawn twice as large for a smooth edge."""
    width, height = size[0] * 2, size[1] * 2
    mask = Image.new("L", (width, height))
    edge = [(x * width, height * (1 - level)) for x, level in outline]
    ImageDraw.Draw(mask).polygon([(0, height), *edge, (width, height)], fill=255)
    shade = Image.linear_gradient("L").resize(size, Image.Resampling.BICUBIC)
    image = Image.composite(Image.new("RGB", size, foot), Image.new("RGB", size, top), shade).convert("RGBA")
    image.putalpha(mask.resize(size, Image.Resampling.BOX))
    return image
