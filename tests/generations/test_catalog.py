import pytest

from generations import catalog
from generations.catalog import MODELS, OFFERS
from generations.intake import GenerationRequest, InvalidParameter


def resolve(**given) -> catalog.Resolved:
    return catalog.resolve(GenerationRequest(**{"prompt": "A gate", **given}))


@pytest.mark.parametrize(
    "name",
    [
        "",
        "seedance 2.0",
        "seedance-2.0",
        "Seedance 2.0",
        "SEEDANCE-2-0",
        "seedance_2.0",
        "seedance20",
        " seedance  2.0",
    ],
)
def test_a_model_is_found_by_its_name_however_it_is_written(name):
    assert resolve(model=name).spec.slug == "seedance-2.0"


@pytest.mark.parametrize("name", ["seedance", "seedance 2.01", "sora", "seedance/2.0", "х"])
def test_an_unknown_model_is_refused_with_what_there_is(name):
    with pytest.raises(InvalidParameter) as caught:
        resolve(model=name)

    assert caught.value.field == "model"
    assert caught.value.limit == [spec.name for spec in MODELS.values()]


def test_every_choice_that_was_left_open_is_made():
    params = resolve().params

    assert params == {"resolution": "480p", "duration": 5, "aspect_ratio": "16:9", "generate_audio": False}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("duration", 4),
        ("duration", 15),
        ("duration", 0),
        ("duration", -1),
        ("resolution", "4k"),
        ("resolution", "720P"),
        ("resolution", ""),
        ("aspect_ratio", "2:1"),
        ("fps", 24),
        ("seed", 1),
        ("count", 2),
        ("style", "noir"),
        ("watermark", False),
        ("face_image_url", "https://example.com/a.png"),
        ("video_urls", ("https://example.com/a.mp4",)),
        ("image_urls", ("https://example.com/a.png",) * 10),
        ("prompt", "x" * 2001),
    ],
)
def test_what_the_model_does_not_offer_is_refused_by_name(field, value):
    with pytest.raises(InvalidParameter) as caught:
        resolve(**{field: value})

    assert caught.value.field == field


@pytest.mark.parametrize("prompt", ["x" * 2000, "景" * 2000, "🎬" * 2000, "e\u0301" * 1000, "\u202eabc"])
def test_a_prompt_is_measured_in_code_points_and_kept_as_typed(prompt):  # M10
    assert resolve(prompt=prompt).request.prompt == prompt


def test_a_missing_prompt_is_said_as_documented():
    with pytest.raises(InvalidParameter, match="Missing required parameters: prompt"):
        resolve(prompt="")


@pytest.mark.parametrize("prompt", ["   ", "\n\t"])
def test_a_blank_prompt_is_none(prompt):
    with pytest.raises(InvalidParameter, match="The prompt is blank"):
        resolve(prompt=prompt)


@pytest.mark.parametrize("name", ["image_urls", "first_frame_url", "last_frame_url", "face_image_url"])
def test_an_image_can_say_it_all_where_the_model_says_so(name):
    link = "https://example.com/a.png"
    given = {name: (link,) if name == "image_urls" else link, "prompt": ""}

    assert resolve(model="doubao seedance 2.0", **given).request.prompt == ""
    with pytest.raises(InvalidParameter, match="prompt"):
        resolve(model="doubao seedance 2.0", prompt="", audio_urls=("https://example.com/a.mp3",))


@pytest.mark.parametrize("name", ["video_urls", "audio_urls"])
def test_three_clips_and_sounds_are_as_many_as_it_takes(name):
    links = tuple(f"https://example.com/{number}" for number in range(4))

    assert resolve(model="doubao seedance 2.0", **{name: links[:3]}).params[name] == list(links[:3])
    with pytest.raises(InvalidParameter) as caught:
        resolve(model="doubao seedance 2.0", **{name: links})
    assert (caught.value.field, caught.value.constraint, caught.value.limit) == (name, "max_items", 3)


def test_what_is_left_open_is_not_among_the_params():
    assert resolve(model="seedream 4.5").params == {"resolution": "1024x1024", "quality": "standard", "count": 1}


@pytest.mark.parametrize(
    ("given", "task_type"),
    [
        ({}, "text_to_video"),
        ({"image_urls": ("https://example.com/a.png",)}, "image_to_video"),
        ({"model": "seedream-4.0"}, "text_to_image"),
    ],
)
def test_what_comes_out_is_a_matter_of_the_model_and_what_it_starts_from(given, task_type):
    assert resolve(**given).task_type == task_type


@pytest.mark.parametrize(("resolution", "providers"), [("720p", {"vibegen", "see2ai"}), ("1080p", {"vibegen"})])
def test_a_model_may_have_several_makers_and_not_all_make_everything(resolution, providers):
    assert {offer.provider for offer in resolve(resolution=resolution).offers} == providers


def test_every_offer_is_of_a_model_there_is_and_every_model_has_one():
    assert {offer.model for offer in OFFERS} == set(MODELS)


def test_every_limit_of_an_offer_is_of_choices_that_its_model_has():
    for offer in OFFERS:
        for name, allowed in offer.limits.items():
            assert set(allowed) <= set(MODELS[offer.model].field(name).choices)


def test_an_offer_can_be_narrower_than_its_model():
    offer = catalog.Offer(model="m", provider="p", provider_model="x", limits={"resolution": ("480p", "720p")})

    assert offer.can_make(GenerationRequest(prompt="a", resolution="720p"))
    assert not offer.can_make(GenerationRequest(prompt="a", resolution="1080p"))


@pytest.mark.parametrize(("value", "word"), [(True, "true"), (False, "false"), (5, "5"), ("16:9", "16:9")])
def test_values_are_written_as_a_program_would(value, word):
    assert catalog.json_word(value) == word
