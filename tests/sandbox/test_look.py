"""What is measured in pictures that were drawn to be measured."""

import io

import av
import httpx
import pytest
from PIL import Image, ImageDraw

from sandbox.measure import measured
from sandbox.motion import Motion, between


def scene(right: int = 0, down: int = 0, growth: float = 1.0) -> Image.Image:
    """Blocks on grey, moved by so many pixels, or grown about the middle."""
    image = Image.new("RGB", (96, 54), (120, 120, 120))
    draw = ImageDraw.Draw(image)
    for number in range(14):
        x, y = 48 + (7 * number * number % 90 - 44) * growth + right, 27 + (5 * number % 47 - 22) * growth + down
        draw.rectangle((x, y, x + 6 * growth, y + 5 * growth), fill=(30 + 15 * number, 200 - 12 * number, 60))
    return image


@pytest.mark.parametrize(("right", "down"), [(4, 0), (-5, 0), (0, 3), (0, -2), (3, 2)])
def test_a_shift_is_measured_to_the_pixel(right, down):
    assert between(scene().convert("L"), scene(right, down).convert("L")) == Motion(right, down)


@pytest.mark.parametrize(("growth", "grown"), [(1.08, True), (0.92, False)])
def test_growing_is_told_from_shrinking(growth, grown):
    found = between(scene().convert("L"), scene(growth=growth).convert("L"))

    assert (found.growth > 1, found.growth != 1) == (grown, True)


def test_what_stands_still_does_not_move():
    assert between(scene().convert("L"), scene().convert("L")) == Motion()


def test_a_look_tells_shares_of_the_picture():
    look = measured([scene(), scene(6)], comment="雨")

    assert (look.comment, look.right, look.down, look.growth) == ("雨", 6 / 96, 0, 1)
    assert look.detail > 0


def test_a_horizon_is_where_the_rows_differ_most():
    image = Image.new("RGB", (96, 54), (200, 200, 255))
    ImageDraw.Draw(image).rectangle((0, 40, 96, 54), fill=(20, 60, 20))

    assert measured([image], comment="").horizon == pytest.approx(40 / 54, abs=0.05)


def test_without_pictures_there_is_nothing_to_see():
    with pytest.raises(ValueError, match="no pictures"):
        measured([], comment="")


@pytest.mark.parametrize("prompt", ["月光下的狐狸,雨" * 250, "A\0 fox"], ids=["2,000 characters", "with NUL"])
def test_the_prompt_is_in_the_file_whole(api, make, prompt):
    url = api.get(f"/tasks/{make(prompt=prompt)}").json()["data"]["video_url"]

    with av.open(io.BytesIO(httpx.get(url, timeout=60).content)) as container:
        comment = container.metadata["comment"]

    assert comment == prompt.replace("\0", " ")
