import pytest

from generations import wording
from generations.catalog import MODELS
from generations.pricing import Alternative


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("duration", 5, "5 s"),
        ("duration", -1, "Automatic"),
        ("fps", 60, "60 fps"),
        ("count", 1, "1 image"),
        ("count", 4, "4 images"),
        ("resolution", "720p", "720p"),
        ("resolution", "1024x1024", "1024 × 1024"),
        ("quality", "high", "High"),
        ("watermark", True, "Yes"),
        ("enable_web_search", False, "No"),
        ("force_asset_upload", True, "Yes"),
        ("style", "oil_painting", "Oil painting"),
        ("style", "as Monet would", "as Monet would"),
        ("generate_audio", False, "Silent"),
        ("aspect_ratio", "keep_ratio", "Keep ratio"),
        ("aspect_ratio", "9:21", "9:21"),
        ("seed", 7, "7"),
    ],
)
def test_a_choice_has_words(name, value, words):
    assert wording.choice(name, value) == words


@pytest.mark.parametrize("spec", MODELS.values(), ids=MODELS)
def test_no_choice_of_any_model_is_shown_as_a_program_writes_it(spec):
    for field in spec.fields:
        for value in (*field.choices, *field.suggestions):
            assert wording.choice(field.name, value) not in ("true", "false", "-1")
            assert "_" not in wording.choice(field.name, value)


@pytest.mark.parametrize("spec", MODELS.values(), ids=MODELS)
def test_every_task_type_has_a_name(spec):
    assert all("_" not in wording.task_type(name) for name in spec.task_types)


@pytest.mark.parametrize(
    ("conditions", "unit", "quantity", "words"),
    [
        ({"resolution": "480p", "duration": 5, "generate_audio": True}, "clip", 1, "480p · 5 s · with sound"),
        ({"resolution": "4k", "fps": 60}, "second", 30, "4k · 60 fps · 30 s"),
        (
            {"resolution": "1024x1024", "quality": "standard"},
            "image",
            4,
            "1024 × 1024 · standard quality · 4 images",
        ),
    ],
)
def test_a_line_says_what_is_paid_for(conditions, unit, quantity, words):
    assert wording.line(conditions, unit, quantity) == words


def test_where_the_model_decides_the_length_a_line_says_what_is_the_most():
    assert wording.line({"resolution": "720p"}, "second", 15, is_most=True) == "720p · up to 15 s"


def test_a_cheaper_quality_is_named_as_one():
    cheaper = [Alternative(changes={"quality": "standard"}, total_credits=3)]

    assert wording.cheaper(cheaper, {"quality": "high"}) == "Standard quality would cost 3."
