import subprocess
import sys

import pytest

from sandbox import colours, tags, vectors
from sandbox.grams import grams, tokens
from sandbox.seen import Look
from tests.sandbox_process import ROOT

WHITE = [float(name in ("white", "bright")) for name in colours.NAMES]


def test_longer_runs_weigh_more_and_common_words_nothing():
    found = grams("The fox")

    assert "fox" in found
    assert found["fox"] > found["fo"] > found["o"]
    assert not {"the", "th"} & found.keys()
    assert grams("狐狸")["狐狸"] > grams("狐狸")["狐"]
    assert "的" not in grams("我的狐狸")


@pytest.mark.parametrize(("one", "other"), [("ＦＯＸ", "fox"), ("Straße", "STRASSE"), ("ﾃｽﾄ", "テスト")])
def test_case_and_width_make_no_difference(one, other):
    assert grams(one) == grams(other)


@pytest.mark.parametrize("text", ["", "!?", "🦊", "the of a", "\ud800", "x" * 100_000])
def test_every_text_has_a_vector(text):
    vector = vectors.of_text(text, dims=512, model="m")

    assert len(vector) == 512
    assert sum(part * part for part in vector) in (0, pytest.approx(1, abs=1e-3))


def test_another_process_makes_the_same_vector():
    script = "from sandbox import vectors; print(hash(tuple(vectors.of_text('雨 fox', dims=64, model='m'))))"
    run = [sys.executable, "-c", script]
    seeds = ("1", "2")

    told = {subprocess.run(run, cwd=ROOT, env={"PYTHONHASHSEED": seed}, capture_output=True).stdout for seed in seeds}

    assert len(told) == 1
    assert told != {b""}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("A red fox at night", {"red", "dark"}),
        ("红色的狐狸在雪夜", {"red", "white", "dark"}),
        ("blurred credits roll", set()),
        ("日落时的海", {"orange", "blue"}),
    ],
)
def test_words_of_colour_and_light_are_known_in_both_languages(text, named):
    assert {name for name, share in zip(colours.NAMES, colours.of_text(text), strict=True) if share} == named


@pytest.mark.parametrize(
    ("pixel", "name"),
    [((255, 0, 0), "red"), ((0, 0, 200), "blue"), ((10, 10, 30), "dark"), ((250, 250, 250), "white")],
)
def test_pixels_are_of_the_colours_that_words_name(pixel, name):
    shares = dict(zip(colours.NAMES, colours.of_pixels([pixel]), strict=True))

    assert shares[name] == 1


def test_a_clip_without_a_comment_is_near_its_colours():
    clip = vectors.of_clip("", WHITE, dims=512, model="m")
    texts = [vectors.of_text(text, dims=512, model="m") for text in ("white", "night")]

    near, far = (sum(a * b for a, b in zip(clip, text, strict=True)) for text in texts)

    assert near > 0.1 > abs(far)


@pytest.mark.parametrize(
    ("seen", "movement"),
    [
        ({}, "static"),
        ({"right": 0.1}, "pan_left"),
        ({"right": -0.1}, "pan_right"),
        ({"down": 0.1}, "tilt_up"),
        ({"down": -0.1}, "tilt_down"),
        ({"growth": 1.05}, "push_in"),
        ({"growth": 0.95}, "pull_out"),
    ],
)
def test_the_camera_goes_the_other_way_than_what_it_sees(seen, movement):
    assert tags.of_look(Look(comment="", colours=WHITE, **seen))["camera_movement"] == movement


@pytest.mark.parametrize(
    ("detail", "horizon", "size", "angle"),
    [(0.5, 0.1, "extreme_close_up", "high_angle"), (4, 0.5, "medium_shot", "eye_level"), (9, 0.9, None, "low_angle")],
)
def test_detail_tells_the_size_and_the_horizon_the_angle(detail, horizon, size, angle):
    told = tags.of_look(Look(comment="", colours=WHITE, detail=detail, horizon=horizon))

    assert (told["shot_size"], told["angle"]) == (size or "extreme_wide_shot", angle)


def test_tokens_are_about_what_a_model_counts():
    assert [tokens(text) for text in ("", "雨天", "fox", "lighthouse", "a fox, 雨")] == [0, 2, 1, 4, 3]
