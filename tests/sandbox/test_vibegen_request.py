import json

import pytest

from sandbox.vibegen_request import CREDITS, Refusal, Wanted, parse_body

SOUND = {"model": "seedance 2.0", "prompt": "x"}


def test_defaults_are_those_of_the_document():
    wanted = Wanted.from_body(SOUND)

    assert (wanted.duration, wanted.aspect_ratio, wanted.resolution) == (5, "16:9", "480p")
    assert (wanted.generate_audio, wanted.callback_url, wanted.image_urls) == (False, None, ())
    assert wanted.credits == 15


@pytest.mark.parametrize(
    ("body", "missing"),
    [({}, "model, prompt"), ({"model": "seedance 2.0"}, "prompt"), ({"prompt": "x", "model": ""}, "model")],
)
def test_missing_parameters_are_named_as_documented(body, missing):
    with pytest.raises(Refusal) as refused:
        Wanted.from_body(body)

    assert (refused.value.code, refused.value.message) == (
        "INVALID_PARAMETER",
        f"Missing required parameters: {missing}",
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": "seedance-2.0"},
        {"model": ["seedance 2.0"]},
        {"prompt": "x" * 2001},
        {"prompt": "  "},
        {"prompt": 5},
        {"duration": 6},
        {"duration": "5"},
        {"duration": True},
        {"aspect_ratio": "2:1"},
        {"resolution": "4k"},
        {"resolution": 480},
        {"generate_audio": "true"},
        {"generate_audio": 1},
        {"image_urls": "https://example.com/a.png"},
        {"image_urls": ["ftp://example.com/a.png"]},
        {"image_urls": ["http://[bad/a.png"]},
        {"callback_url": "example.com"},
        {"callback_url": 5},
    ],
)
def test_a_parameter_outside_its_documented_limits_is_refused_by_name(wrong):
    with pytest.raises(Refusal, match=next(iter(wrong))) as refused:
        Wanted.from_body(SOUND | wrong)

    assert refused.value.code == "INVALID_PARAMETER"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused(body):
    with pytest.raises(Refusal, match="Request body must be"):
        parse_body(body)


def test_two_thousand_characters_are_accepted():
    assert Wanted.from_body(SOUND | {"prompt": "长" * 2000}).prompt == "长" * 2000


@pytest.mark.parametrize(
    ("resolution", "ratio", "size"),
    [
        ("480p", "16:9", (854, 480)),
        ("720p", "16:9", (1280, 720)),
        ("1080p", "16:9", (1920, 1080)),
        ("480p", "9:16", (480, 854)),
        ("720p", "1:1", (720, 720)),
        ("480p", "21:9", (1120, 480)),
        ("720p", "9:21", (720, 1680)),
        ("1080p", "4:3", (1440, 1080)),
        ("480p", "3:4", (480, 640)),
        ("480p", "adaptive", (854, 480)),
        ("480p", "keep_ratio", (854, 480)),
    ],
)
def test_sizes_are_the_standard_ones(resolution, ratio, size):
    assert Wanted.from_body(SOUND | {"resolution": resolution, "aspect_ratio": ratio}).size == size


@pytest.mark.parametrize(("resolution", "duration"), CREDITS)
def test_sound_costs_more_at_every_size(resolution, duration):
    body = SOUND | {"resolution": resolution, "duration": duration}

    silent, heard = (Wanted.from_body(body | {"generate_audio": sound}).credits for sound in (False, True))

    assert silent < heard


def test_a_lone_surrogate_survives():
    body = parse_body(json.dumps(SOUND | {"prompt": "\ud800"}).encode())

    assert Wanted.from_body(body).prompt == "\ud800"
