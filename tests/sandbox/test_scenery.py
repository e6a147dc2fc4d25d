import pytest

from sandbox.chance import chance_of
from sandbox.outlines import OUTLINES
from sandbox.scenery import scenery

SIZE = {"width": 320, "height": 180, "seconds": 5}


def drawn(prompt, **told):
    scene = scenery(prompt, **SIZE, **told)
    return scene.palette, [(layer.x, layer.y, layer.image.tobytes()) for layer in scene.layers]


def test_the_same_prompt_looks_the_same():
    assert drawn("A girl holds a fox") == drawn("A girl holds a fox")


def test_other_prompts_have_other_colours_and_shapes():
    prompts = ["a fox", "a city", "海上的船", "moon over the lake", "tea", "\ud800"]

    scenes = [drawn(prompt) for prompt in prompts]

    assert len({palette for palette, _ in scenes}) == len(prompts)
    assert len({str(layers) for _, layers in scenes}) == len(prompts)


def test_other_takes_of_a_prompt_have_other_shapes():
    takes = [str(drawn("A girl holds a fox", take=take)[1]) for take in ("", " 1", " 2")]

    assert len(set(takes)) == 3


@pytest.mark.parametrize("style", ["oil_painting", "watercolor", "cyberpunk", "ukiyo_e", "\ud800"])
def test_a_style_changes_the_colours_and_not_where_things_are(style):
    plain, styled, again = (drawn("A girl holds a fox", style=word) for word in ("", style, style))

    assert styled[0] != plain[0]
    assert [(x, y) for x, y, _ in styled[1]] == [(x, y) for x, y, _ in plain[1]]
    assert styled == again


def test_a_night_has_a_dark_sky():
    night, day = scenery("stars", **SIZE).palette, scenery("a meadow", **SIZE).palette

    assert sum(night.sky[0]) < sum(day.sky[0])
    assert (night.night, day.night) == (True, False)


@pytest.mark.parametrize("kind", OUTLINES)
def test_outlines_stay_inside_the_picture_and_reach_across_it(kind):
    outline = OUTLINES[kind](chance_of("anything"))

    assert all(0 <= height <= 1 for _, height in outline)
    assert outline[0][0] == 0
    assert outline[-1][0] >= 0.98


def test_land_covers_the_width_at_both_ends_of_its_drift():
    for layer in scenery("mountains", **SIZE).layers[2:]:
        assert layer.image.width >= SIZE["width"]
        assert layer.image.width % 2 == layer.image.height % 2 == 0
