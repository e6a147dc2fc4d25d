import json
from pathlib import Path

import pytest
from django.utils import translation

from generations.batches.checking import Checker, resolved_of, told, with_choices
from generations.catalog import MODELS
from generations.models import Asset, Batch, PriceList
from tests.api import ensure_prices
from tests.factories import make_team, make_user

HOSTILE = json.loads((Path(__file__).parents[2] / "vectors" / "hostile.json").read_text())["prompts"]


@pytest.fixture
def team(db):
    ensure_prices()
    return make_team()


@pytest.fixture
def check(team):
    return lambda **given: Checker(team.pk).row(1, given)


def test_a_good_row_has_the_price_that_it_would_have_alone(check):
    row = check(prompt="A gate", model="seedance-2.0", resolution="720p", duration="10", generate_audio="true")

    assert (row.quoted_credits, row.problem) == (86, None)


def test_words_become_the_values_of_a_request(team):
    given = {"model": "doubao-seedance-2.0", "prompt": "A gate", "duration": "7", "generate_audio": "TRUE"}
    links = {"image_urls": "https://a.example/1.png  https://a.example/2.png", "face_image_url": "https://a.example/f"}

    request = resolved_of(given | links).request

    assert (request.duration, request.generate_audio) == (7, True)
    assert request.image_urls == ("https://a.example/1.png", "https://a.example/2.png")
    assert request.face_image_url == "https://a.example/f"


def test_case_matters_in_no_choice(team):
    assert resolved_of({"model": "SEEDANCE 2.0 hd", "prompt": "A gate", "resolution": "4K"}).request.resolution == "4k"


@pytest.mark.parametrize(
    ("given", "field", "constraint", "words"),
    [
        ({}, "prompt", "required", "Describe what the clip should show."),
        ({"prompt": "x" * 2001}, "prompt", "max_length", "1 character too long: 2000 at most"),
        ({"prompt": "A\0gate"}, "prompt", "text", "a character that is not text"),
        ({"prompt": "A gate", "model": "sora"}, "model", "one_of", "There is no such model here."),
        ({"prompt": "A gate", "model": "a\0b"}, "model", "one_of", "There is no such model here."),
        ({"prompt": "A gate", "duration": "7"}, "duration", "one_of", "Duration must be one of: 5 s, 10 s."),
        ({"prompt": "A gate", "duration": "five"}, "duration", "type", "Duration must be one of: 5 s, 10 s."),
        ({"prompt": "A gate", "seed": "7"}, "seed", "not_offered", "no such choice: Seed"),
        ({"prompt": "A gate", "image_urls": "http://127.0.0.1/a"}, "image_urls", "public_url", "public http or https"),
        ({"prompt": "A gate", "": "8"}, "", "cells", "more cells than the table has columns"),
        (
            {
                "prompt": "A gate",
                "model": "doubao-seedance-2.0",
                "face_image_url": "https://a.example https://b.example",
            },
            "face_image_url",
            "max_items",
            "One link at most",
        ),
    ],
)
def test_a_bad_row_says_what_is_wrong_with_it(check, given, field, constraint, words):
    row = check(**given)

    assert row.quoted_credits is None
    assert (row.problem["field"], row.problem["constraint"]) == (field, constraint)
    assert words in told(row)
    json.dumps(row.problem)


def test_what_is_wrong_is_told_in_the_reader_s_language(check):
    row = check(prompt="A gate", duration="7")

    with translation.override("zh-hans"):
        assert told(row) != "Duration must be one of: 5 s, 10 s."
    assert told(row) == "Duration must be one of: 5 s, 10 s."


def test_a_model_without_a_price_makes_a_row_bad(check):
    PriceList.objects.filter(model="seedream-3.0").delete()

    row = check(prompt="A gate", model="seedream-3.0")

    assert (row.quoted_credits, told(row)) == (None, "There is no price for this model now.")


def test_an_upload_of_another_team_makes_a_row_bad(check):  # A2
    theirs = Asset.objects.create(team=make_team(), kind=Asset.Kind.UPLOAD, path="none", size_bytes=1, sha256="0" * 64)

    row = check(prompt="A gate", image_urls=f"upload:{theirs.id}")

    assert row.problem["constraint"] == "upload"


def test_uploads_are_looked_up_once_for_all_rows(team, django_assert_num_queries):
    def upload(of):
        return Asset.objects.create(team=of, kind=Asset.Kind.UPLOAD, path="none", size_bytes=1, sha256="0" * 64).id

    ids = [upload(team) for _ in range(10)] + [upload(make_team()) for _ in range(10)]
    checker = Checker(team.pk)
    checker.row(1, {"prompt": "A gate"})

    with django_assert_num_queries(1):
        rows = [
            checker.row(number, {"prompt": "A gate", "image_urls": f"upload:{id}"}) for number, id in enumerate(ids)
        ]

    assert [row.problem is None for row in rows] == [True] * 10 + [False] * 10


@pytest.mark.parametrize("prompt", HOSTILE)
def test_a_hostile_prompt_is_a_row_like_any_other(team, prompt):
    batch = Batch.objects.create(team=team, created_by=make_user(), name="x")
    row = Checker(team.pk).row(1, {"prompt": prompt})
    row.batch = batch

    row.save()

    assert (row.problem is None) != (row.quoted_credits is None)


def test_what_was_chosen_for_all_gives_way_to_what_a_row_says():
    rows = [{"prompt": "A"}, {"prompt": "B", "duration": "10"}, {"prompt": "C", "model": "Seedance 2.0", "seed": "1"}]
    choices = {"duration": "5", "resolution": "720p"}

    assert with_choices(rows, MODELS["seedance-2.0"], choices) == [
        {"prompt": "A", "duration": "5", "resolution": "720p", "model": "seedance-2.0"},
        {"prompt": "B", "duration": "10", "resolution": "720p", "model": "seedance-2.0"},
        {"prompt": "C", "duration": "5", "resolution": "720p", "model": "seedance-2.0", "seed": "1"},
    ]


@pytest.mark.parametrize("model", ["seedream-3.0", "no such model"])
def test_a_row_of_another_model_takes_none_of_it(model):
    rows = [{"prompt": "A", "model": model}]

    assert with_choices(rows, MODELS["seedance-2.0"], {"duration": "5"}) == rows


def test_a_thousand_rows_read_each_price_once(team, django_assert_num_queries):
    checker = Checker(team.pk)
    checker.row(1, {"prompt": "A gate"})

    with django_assert_num_queries(0):
        rows = [checker.row(number, {"prompt": f"A gate, {number}"}) for number in range(1000)]

    assert {row.quoted_credits for row in rows} == {15}
