"""The form of each model: which controls it has, what is kept from one to the next, and the words of refusals."""

import pytest
from django.http import QueryDict
from django.utils import translation

from generations.catalog import MODELS, ModelSpec, json_word
from generations.forms import INPUTS, TABS, CreateForm, fit, is_reshaped, refusal
from generations.forms.describing import makes
from generations.forms.tabs import models_of
from generations.intake import GenerationRequest, InvalidParameter

DOUBAO, SEEDANCE, HD, IMAGES = "doubao-seedance-2.0", "seedance-2.0", "seedance-2.0-hd", "seedream-4.0"
LINK = "https://example.com/{}.png"


def posted(**given) -> QueryDict:
    """What a browser sends; lists are sent as several of one name."""
    form = QueryDict(mutable=True)
    for name, value in {"form_key": "k", "task_type": "text_to_video", "prompt": "A gate", **given}.items():
        form.setlist(name, value if isinstance(value, list) else [value])
    return form


def shown(model: str, tab: str, **touched) -> QueryDict:
    """The form of a model as it was rendered, with these changes to it."""
    form = CreateForm(initial={"model": model, "task_type": tab})
    untouched = {field.name: form[field.name].value() for field in form.spec.fields}
    return posted(**{"task_type": tab, "model": model, "shown_model": model, **untouched, **touched})


def every_form() -> list[tuple[str, ModelSpec]]:
    return [(tab, spec) for spec in MODELS.values() for tab in spec.task_types]


@pytest.mark.parametrize(("tab", "spec"), every_form(), ids=[f"{spec.slug}-{tab}" for tab, spec in every_form()])
def test_an_untouched_form_asks_for_the_defaults(tab, spec):
    start = {spec.inputs[0].name: LINK} if tab == "image_to_video" else {}

    form = CreateForm(shown(spec.slug, tab, **start))

    assert form.errors == {}
    request = form.resolved.request
    assert {field.name: getattr(request, field.name) for field in spec.fields} == {
        field.name: field.default for field in spec.fields
    }
    assert (request.model, form.resolved.task_type) == (spec.name, tab)


@pytest.mark.parametrize(("tab", "spec"), every_form(), ids=[f"{spec.slug}-{tab}" for tab, spec in every_form()])
def test_a_form_offers_what_the_model_can_do_and_nothing_else(tab, spec):
    form = CreateForm(initial={"model": spec.slug, "task_type": tab})

    offered = {bound.name for bound in (*form.plain_fields, *form.advanced_fields)}
    assert offered == {field.name for field in spec.fields}
    assert form.inputs == (spec.inputs if tab == "image_to_video" else ())
    for field in spec.fields:
        values = [value for value, _words in getattr(form.fields[field.name].widget, "choices", [])]
        assert values == [json_word(value) for value in field.choices]


def test_each_tab_offers_the_models_that_can_do_it():
    offered = {
        tab: [value for value, _label in CreateForm(initial={"tab": tab})["model"].field.widget.choices] for tab in TABS
    }

    assert offered == {tab: [slug for slug, spec in MODELS.items() if tab in spec.task_types] for tab in TABS}


@pytest.mark.parametrize(
    ("model", "name", "kind"),
    [
        (SEEDANCE, "duration", "radioselect"),
        (SEEDANCE, "aspect_ratio", "radioselect"),
        (DOUBAO, "duration", "select"),
        (HD, "duration", "select"),
        (HD, "fps", "radioselect"),
        (IMAGES, "count", "radioselect"),
        (IMAGES, "seed", "number"),
        (IMAGES, "style", "text"),
    ],
)
def test_few_choices_are_chips_many_a_list_and_what_is_free_is_typed(model, name, kind):
    assert CreateForm(initial={"model": model})[name].widget_type == kind


def test_what_is_left_empty_is_left_open_and_what_is_typed_is_asked_for():
    left = CreateForm(shown(IMAGES, "text_to_image", seed=" ", style=" "))
    typed = CreateForm(shown(IMAGES, "text_to_image", seed=" 7 ", style=" woodcut ", count="3"))

    assert (left.is_valid(), typed.is_valid()) == (True, True)
    assert (left.resolved.request.seed, left.resolved.request.style) == (None, None)
    asked = typed.resolved.request
    assert (asked.seed, asked.style, asked.count) == (7, "woodcut", 3)


def test_every_input_reaches_the_request():
    given = {
        "image_urls": [LINK.format(number) for number in range(9)],
        "face_image_url": [LINK.format("face")],
        "first_frame_url": [LINK.format("first")],
        "last_frame_url": [LINK.format("last")],
        "video_urls": ["https://example.com/a.mp4"] * 3,
        "audio_urls": ["https://example.com/a.mp3"] * 3,
    }

    form = CreateForm(shown(DOUBAO, "image_to_video", prompt="", **given))

    assert form.errors == {}
    request = form.resolved.request
    for name, links in given.items():
        assert getattr(request, name) == (tuple(links) if name.endswith("s") else links[0])


@pytest.mark.parametrize("name", ["image_urls", "face_image_url", "first_frame_url", "last_frame_url"])
def test_one_image_of_any_kind_is_enough_to_start_from(name):
    assert CreateForm(shown(DOUBAO, "image_to_video", **{name: LINK})).is_valid()


@pytest.mark.parametrize("name", ["video_urls", "audio_urls"])
def test_clips_or_sounds_are_enough_to_start_from_as_for_the_api(name):
    assert CreateForm(shown(DOUBAO, "image_to_video", **{name: [LINK]})).is_valid()
    assert list(CreateForm(shown(DOUBAO, "image_to_video", prompt="", **{name: [LINK]})).errors) == ["prompt"]


def test_image_to_video_needs_something_to_start_from():
    form = CreateForm(shown(DOUBAO, "image_to_video", prompt=""))

    assert form.errors == {"image_urls": ["Add at least one image, by link or by upload."]}


def test_text_to_video_takes_no_inputs_along():
    form = CreateForm(shown(DOUBAO, "text_to_video", image_urls=LINK))

    assert form.is_valid()
    assert form.resolved.request.input_urls == ()


def test_everything_that_is_wrong_is_said_at_once_each_beside_its_field():
    wrong = {"prompt": "x" * 301, "seed": "many", "style": "y" * 41, "resolution": "8k"}

    form = CreateForm(shown(IMAGES, "text_to_image", **wrong))

    assert form.errors == {
        "prompt": ["The prompt is 1 character too long: 300 at most."],
        "seed": ["Seed must be a whole number from 0 to 2147483647."],
        "style": ["Style may have at most 40 characters."],
        "resolution": ["Resolution must be one of: 1024 × 1024, 2048 × 2048, 4k."],
    }


def test_a_model_that_is_not_there_is_refused_and_no_other_made_in_its_place():
    form = CreateForm(posted(model="sora"))

    assert form.errors == {"model": ["There is no such model here. Choose another."]}


@pytest.mark.parametrize("seconds", ["7", "4", "15", "-1"])
def test_a_length_the_new_model_does_not_make_becomes_its_default_and_is_told(seconds):
    form = shown(DOUBAO, "text_to_video", duration=seconds, aspect_ratio="16:9")
    form["model"] = SEEDANCE

    fitted = fit(form)

    assert is_reshaped(form)
    assert fitted.initial["duration"] == "5"
    assert fitted.initial["resolution"] == "720p"
    assert fitted.changes == "Seedance 2.0 makes 5 or 10 s: duration is now 5 s."


def test_what_fits_stays_as_it_was_and_nothing_is_said():
    form = shown(
        SEEDANCE, "text_to_video", duration="10", resolution="720p", aspect_ratio="9:16", generate_audio="true"
    )
    form["model"] = DOUBAO

    fitted = fit(form)

    kept = {
        name: fitted.initial[name] for name in ("duration", "resolution", "aspect_ratio", "generate_audio", "prompt")
    }
    assert kept == {
        "duration": "10",
        "resolution": "720p",
        "aspect_ratio": "9:16",
        "generate_audio": "true",
        "prompt": "A gate",
    }
    assert fitted.changes == ""


def test_what_was_chosen_and_is_no_longer_there_is_named_and_defaults_are_not():
    form = shown(DOUBAO, "text_to_video", aspect_ratio="9:16", watermark="true", generate_audio="true")
    form["model"] = HD

    assert fit(form).changes == "Dropped: Aspect ratio, Watermark."


def test_images_that_the_new_model_has_no_room_for_are_counted():
    images = [LINK.format(number) for number in range(4)]
    form = shown(DOUBAO, "image_to_video", image_urls=images, last_frame_url=LINK)
    form["model"] = HD

    fitted = fit(form)

    assert (fitted.initial["image_urls"], fitted.initial["last_frame_url"]) == (images[:1], [])
    assert fitted.changes == "Dropped: Image (3), Last frame."


def test_another_tab_keeps_the_model_where_it_can_and_takes_the_first_that_can_where_not():
    form = shown(DOUBAO, "text_to_video", resolution="480p")

    form["tab"] = "image_to_video"
    same = fit(form)
    form["tab"] = "text_to_image"
    other = fit(form)

    assert (same.initial["model"], same.changes) == (DOUBAO, "")
    assert other.initial["model"] == models_of("text_to_image")[0].slug
    assert other.changes == "The model is now Seedream 3.0. Resolution is now 1024 × 1024."


def test_a_prompt_too_long_for_the_new_model_stays_and_is_told():
    form = shown(SEEDANCE, "text_to_video", prompt="x\r\n" * 200)
    form["model"] = HD

    fitted = fit(form)

    assert fitted.initial["prompt"] == "x\r\n" * 200
    assert "The prompt is 100 characters too long: 300 at most." in fitted.changes


def test_the_words_under_the_model_say_what_it_makes():
    assert {slug: makes(MODELS[slug]) for slug in (SEEDANCE, DOUBAO, HD, IMAGES)} == {
        SEEDANCE: "Makes clips of 5 or 10 s, up to 1080p, silent or with sound.",
        DOUBAO: "Makes clips of 4–15 s, up to 720p, silent or with sound.",
        HD: "Makes clips of 5–30 s, up to 4k.",
        IMAGES: "Makes 1–4 images at once, up to 4k.",
    }


@pytest.mark.parametrize("spec", MODELS.values(), ids=MODELS)
def test_every_refusal_has_words_of_its_own(spec):
    texts = {"prompt", *(field.name for field in spec.fields)}
    constraints = {
        **dict.fromkeys(texts, ("text",)),
        "model": ("one_of", "not_offered"),
    }
    for field in spec.fields:
        kind = "one_of" if field.choices else "max_length" if field.max_characters else "range"
        constraints[field.name] = ("text", "not_offered", kind, *(() if field.max_characters else ("type",)))
    for each in spec.inputs:
        constraints[each.name] = ("max_items", "public_url", "max_length", "text", "not_offered", "required")
        constraints[each.name] += ("upload",) if each.media == "image" else ()
    constraints["prompt"] = ("text", "required", "max_length")

    silent = [
        (name, constraint)
        for name, all_of_them in constraints.items()
        for constraint in all_of_them
        if refusal(InvalidParameter(name, constraint, "of the API", limit=5, value=6), spec) == "of the API"
    ]

    assert silent == []


def test_what_another_model_takes_is_named_where_this_one_does_not():
    spec = MODELS[SEEDANCE]

    words = [refusal(InvalidParameter(name, "not_offered", "", limit=1), spec) for name in ("fps", "face_image_url")]

    assert words == [
        "This model has no such choice: Frames per second.",
        "This model takes no such input: Image with a face.",
    ]


def test_labels_come_in_the_readers_language():
    with translation.override("zh-hans"):
        label = CreateForm(initial={"model": SEEDANCE})["resolution"].label

    assert label == "分辨率"


def test_every_input_is_one_a_request_has():
    assert set(INPUTS) <= set(GenerationRequest.__dataclass_fields__)
