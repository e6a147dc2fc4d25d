"""Each soft warning: where it is said, and just beside it where it is not."""

from dataclasses import replace

import pytest
from django.utils import translation

from generations import catalog
from generations.catalog.advice import advice
from generations.intake import GenerationRequest

LINK = "https://example.com/a.png"
DOUBAO, HD = "doubao-seedance-2.0", "seedance-2.0-hd"
LONG = "A gate, and light behind it"


def said(*, variations: int = 1, **given) -> list[tuple[str, str]]:
    resolved = catalog.resolve(GenerationRequest.from_mapping({"prompt": LONG, **given}))
    return [(each.code, each.field) for each in advice(resolved, variations=variations)]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"prompt": "123456789"}, ("short_prompt", "prompt")),
        ({"prompt": " 一盏灯笼 "}, ("short_prompt", "prompt")),
        ({"model": DOUBAO, "last_frame_url": LINK}, ("last_frame_without_first", "last_frame_url")),
        (
            {"model": DOUBAO, "first_frame_url": LINK, "image_urls": [LINK]},
            ("first_frame_with_references", "image_urls"),
        ),
        ({"image_urls": [LINK], "aspect_ratio": "16:9"}, ("fixed_aspect_ratio", "aspect_ratio")),
        (
            {"model": DOUBAO, "first_frame_url": LINK, "aspect_ratio": "1:1"},
            ("fixed_aspect_ratio", "aspect_ratio"),
        ),
        (
            {"model": DOUBAO, "audio_urls": ["https://example.com/a.mp3"], "generate_audio": False},
            ("sounds_without_sound", "generate_audio"),
        ),
        ({"model": DOUBAO, "duration": -1}, ("automatic_duration", "duration")),
        ({"model": HD, "resolution": "4k", "fps": 60, "duration": 30}, ("dearest", "resolution")),
    ],
    ids=str,
)
def test_a_poor_choice_is_named(given, expected):
    assert said(**given) == [expected]


@pytest.mark.parametrize(
    "given",
    [
        {"prompt": "1234567890"},
        {"prompt": "一盏灯笼飘"},
        {"model": DOUBAO, "prompt": "", "first_frame_url": LINK},
        {"model": DOUBAO, "last_frame_url": LINK, "first_frame_url": LINK},
        {"model": DOUBAO, "image_urls": [LINK], "aspect_ratio": "1:1"},
        {"image_urls": [LINK], "aspect_ratio": "adaptive"},
        {"image_urls": [LINK], "aspect_ratio": "keep_ratio"},
        {"model": HD, "image_urls": [LINK]},
        {"model": DOUBAO, "audio_urls": ["https://example.com/a.mp3"]},
        {"model": DOUBAO, "duration": 15},
        {"model": HD, "resolution": "4k", "fps": 60, "duration": 29},
        {"model": HD, "resolution": "4k", "fps": 30, "duration": 30},
        {"model": HD, "resolution": "1080p", "fps": 60, "duration": 30},
        {"model": "seedream-4.0", "seed": 7, "count": 4},
    ],
    ids=str,
)
def test_nothing_is_said_of_what_is_fine(given):
    assert said(**given) == []


def test_one_seed_for_several_is_named():
    resolved = catalog.resolve(GenerationRequest(prompt=LONG))
    seeded = replace(resolved, request=replace(resolved.request, seed=7))

    assert [each.code for each in advice(seeded, variations=2)] == ["seed_with_variations"]
    assert advice(seeded, variations=1) == ()
    assert advice(resolved, variations=4) == ()


def test_all_that_there_is_to_say_is_said_at_once():
    given = {"prompt": "a", "last_frame_url": LINK, "duration": -1, "aspect_ratio": "1:1"}

    codes = [code for code, _field in said(model=DOUBAO, **given)]

    assert codes == ["short_prompt", "last_frame_without_first", "fixed_aspect_ratio", "automatic_duration"]


def test_the_words_have_their_figures():
    with translation.override("en"):
        resolved = catalog.resolve(GenerationRequest(prompt=LONG, model=DOUBAO, duration=-1))
        (only,) = advice(resolved)

    assert "15 s" in only.message
