import json

import pytest
from django.test import Client

from accounts.models import CreditBalance
from generations.models import Asset, Generation, Price, PriceList
from tests.api import DOCUMENTED_PRICES, post
from tests.factories import make_team

BODY = {
    "model": "seedance 2.0",
    "prompt": "一座未来城市,飞行汽车在日落时分穿梭",
    "duration": 5,
    "aspect_ratio": "16:9",
    "resolution": "720p",
}


CREATE_QUERIES = 11


def available(team) -> int:
    return CreditBalance.objects.get(team=team).available


def test_the_documented_request_has_the_documented_answer(client, team):
    response = post(client, "/generations", BODY)

    assert response.status_code == 201
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    answer = response.json()
    generation = Generation.objects.get(id=answer["data"]["id"])
    cost = answer["data"].pop("cost")
    assert answer == {
        "success": True,
        "data": {
            "id": str(generation.id),
            "status": "pending",
            "model": "seedance 2.0",
            "task_type": "text_to_video",
            "created_at": generation.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
    }
    assert cost["lines"][0]["conditions"] == {"resolution": "720p", "duration": 5, "generate_audio": False}
    assert {name: cost[name] for name in ("estimated", "held", "charged", "refunded")} == {
        "estimated": 30,
        "held": 30,
        "charged": 0,
        "refunded": 0,
    }


def test_a_create_belongs_to_team_and_key_and_holds_its_price(client, team):
    post(client, "/generations", BODY)

    generation = Generation.objects.get()
    assert (generation.team, generation.api_key.team) == (team, team)
    assert (generation.prompt, generation.state) == (BODY["prompt"], "queued")
    assert available(team) == 970


def test_a_prompt_alone_is_enough(client, team):
    response = post(client, "/generations", {"prompt": "A gate"})

    assert response.json()["data"]["model"] == "seedance 2.0"
    assert Generation.objects.get().params == {
        "resolution": "480p",
        "duration": 5,
        "aspect_ratio": "16:9",
        "generate_audio": False,
    }
    assert available(team) == 985


def test_an_image_makes_it_image_to_video(client):
    response = post(client, "/generations", {"prompt": "A gate", "image_urls": ["https://example.com/a.png"]})

    assert response.json()["data"]["task_type"] == "image_to_video"


@pytest.mark.parametrize("name", ["seedance 2.0", "Seedance-2.0", "SEEDANCE_20", "seedance2.0"])
def test_model_names_match_whatever_their_case_and_signs(client, name):
    assert post(client, "/generations", {**BODY, "model": name}).json()["data"]["model"] == "seedance 2.0"


@pytest.mark.parametrize("sound", [False, True])
@pytest.mark.parametrize(("resolution", "duration"), DOCUMENTED_PRICES)
def test_the_documented_prices_are_held(client, resolution, duration, sound):
    response = post(
        client,
        "/generations",
        {"prompt": "a", "resolution": resolution, "duration": duration, "generate_audio": sound},
    )

    assert response.json()["data"]["cost"]["held"] == DOCUMENTED_PRICES[resolution, duration][sound]


@pytest.mark.parametrize(
    ("change", "field", "constraint"),
    [
        ({"prompt": None}, "prompt", "required"),
        ({"prompt": ""}, "prompt", "required"),
        ({"prompt": " \n"}, "prompt", "required"),
        ({"prompt": 5}, "prompt", "type"),
        ({"duration": "5"}, "duration", "type"),
        ({"duration": 5.5}, "duration", "type"),
        ({"duration": True}, "duration", "type"),
        ({"duration": 7}, "duration", "one_of"),
        ({"duration": 2**63}, "duration", "type"),
        ({"resolution": "4k"}, "resolution", "one_of"),
        ({"aspect_ratio": "2:1"}, "aspect_ratio", "one_of"),
        ({"generate_audio": "true"}, "generate_audio", "type"),
        ({"generate_audio": 1}, "generate_audio", "type"),
        ({"model": "seedance 9"}, "model", "one_of"),
        ({"image_urls": "https://example.com/a.png"}, "image_urls", "type"),
        ({"image_urls": ["https://127.0.0.1/a.png"]}, "image_urls", "public_url"),
        ({"image_urls": ["file:///etc/passwd"]}, "image_urls", "public_url"),
        ({"image_urls": ["https://example.com/a.png"] * 10}, "image_urls", "max_items"),
        ({"image_urls": ["upload:01890000-0000-7000-8000-000000000000"]}, "image_urls", "upload"),
        ({"callback_url": "http://169.254.169.254/"}, "callback_url", "public_url"),
        ({"metadata": {"a": 1}}, "metadata", "type"),
        ({"metadata": {str(n): "" for n in range(17)}}, "metadata", "max_items"),
        ({"seed": 1}, "seed", "not_offered"),
    ],
)
def test_what_can_not_be_made_is_refused_and_named(client, team, change, field, constraint):
    response = post(client, "/generations", {**BODY, **change})

    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (400, "INVALID_PARAMETER")
    assert (error["details"]["field"], error["details"]["constraint"]) == (field, constraint)
    assert set(error["details"]) == {"field", "constraint", "limit", "value"}
    assert (Generation.objects.count(), available(team)) == (0, 1000)


def test_a_missing_prompt_is_said_in_the_documented_words(client):
    response = post(client, "/generations", {"model": "seedance 2.0"})

    assert response.json()["error"]["message"] == "Missing required parameters: prompt"


# A10
@pytest.mark.parametrize(
    "name",
    ["team_id", "workspace_id", "id", "status", "state", "price", "held_credits", "provider_task_id", "is_admin"],
)
def test_a_field_that_is_not_the_askers_is_refused_by_name(client, team, name):
    response = post(client, "/generations", {**BODY, name: "1"})

    assert response.status_code == 400
    assert response.json()["error"]["message"] == f"Unknown parameters: {name}"
    assert (Generation.objects.count(), available(team)) == (0, 1000)


# A2
def test_another_teams_upload_is_no_image_of_ours(client, team):
    fields = {"kind": "upload", "path": "x", "content_type": "image/png", "size_bytes": 1, "sha256": "0" * 64}
    own = Asset.objects.create(team=team, **fields)
    foreign = Asset.objects.create(team=make_team(), **fields)

    taken = post(client, "/generations", {**BODY, "image_urls": [f"upload:{own.id}"]})
    refused = post(client, "/generations", {**BODY, "image_urls": [f"upload:{foreign.id}"]})

    assert (taken.status_code, refused.status_code) == (201, 400)
    assert (Generation.objects.count(), available(team)) == (1, 970)


# M10
@pytest.mark.parametrize(
    ("prompt", "status"),
    [
        ("字" * 2000, 201),
        ("😀" * 2000, 201),
        ("e\u0301" * 1000, 201),
        ("a\u202egpj.exe", 201),
        ("a" * 2001, 400),
        ("😀" * 2001, 400),
        ("\u0301" * 100_000, 400),
        ("a\0b", 400),
    ],
)
def test_prompts_are_measured_in_code_points_and_kept_as_typed(client, prompt, status):
    response = post(client, "/generations", {"prompt": prompt})

    assert response.status_code == status
    assert list(Generation.objects.values_list("prompt", flat=True)) == ([prompt] if status == 201 else [])


def test_too_few_credits_are_refused_in_the_documented_words(client, team):
    dear = {"prompt": "a", "resolution": "1080p", "duration": 10, "generate_audio": True}
    for _ in range(5):
        post(client, "/generations", dear)

    response = post(client, "/generations", dear)

    error = response.json()["error"]
    assert response.status_code == 402
    assert error["code"] == "INSUFFICIENT_CREDITS"
    assert error["message"] == "Insufficient credits. Required: 180, Available: 100"
    assert error["details"] == {
        "limit_source": "team_balance",
        "required": 180,
        "available": 100,
        "resets_at": None,
    }
    assert (Generation.objects.count(), available(team)) == (5, 100)


def test_without_a_price_nothing_is_made(client, team):
    Price.objects.all().delete()
    PriceList.objects.all().delete()

    response = post(client, "/generations", BODY)

    assert (response.status_code, response.json()["error"]["code"]) == (503, "SERVICE_UNAVAILABLE")
    assert Generation.objects.count() == 0


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_body_that_is_not_said_to_be_json_is_415(client, content_type):
    response = client.post("/api/v1/generations", json.dumps(BODY), content_type=content_type)

    assert (response.status_code, response.json()["error"]["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_other_methods_are_refused_in_json(client):
    response = client.get("/api/v1/generations")

    assert (response.status_code, response.headers["Allow"]) == (405, "POST")
    assert response.json()["error"]["code"] == "METHOD_NOT_ALLOWED"


def test_without_a_key_nothing_is_made(team):
    response = post(Client(), "/generations", BODY)

    assert response.status_code == 401
    assert (Generation.objects.count(), available(team)) == (0, 1000)


def test_a_create_takes_as_many_queries_whatever_came_before(client, team, django_assert_num_queries):
    post(client, "/generations", BODY)

    with django_assert_num_queries(CREATE_QUERIES):
        post(client, "/generations", BODY)
    for _ in range(3):
        post(client, "/generations", BODY)
    with django_assert_num_queries(CREATE_QUERIES):
        post(client, "/generations", BODY)
