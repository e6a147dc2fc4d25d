from typing import Any

from django.test import Client

from generations.models import Price, PriceList
from tests.api import DOCUMENTED_PRICES


def test_a_model_tells_what_it_takes_and_costs(client):
    data = client.get("/api/v1/models").json()["data"]

    model = data["models"][0]
    assert data["default"] == model["name"] == "seedance 2.0"
    assert model["task_types"] == ["text_to_video", "image_to_video"]
    assert (model["max_prompt_characters"], model["max_images"]) == (2000, 9)
    fields = {field["name"]: (field["default"], field["choices"]) for field in model["fields"]}
    assert fields["duration"] == (5, [5, 10])
    assert fields["resolution"] == ("480p", ["480p", "720p", "1080p"])
    assert fields["generate_audio"] == (False, [True, False])
    rules = {
        (rule["conditions"]["resolution"], rule["conditions"]["duration"], rule["conditions"]["generate_audio"]): rule
        for rule in model["prices"]["rules"]
    }
    assert {name: rule["credits"] for name, rule in rules.items()} == {
        (*name, sound): credits[sound] for name, credits in DOCUMENTED_PRICES.items() for sound in (False, True)
    }


def model(client, name: str) -> dict[str, Any]:
    listed = client.get("/api/v1/models").json()["data"]["models"]
    return next(each for each in listed if each["name"] == name)


def test_a_model_tells_what_it_takes_besides_a_prompt(client):
    told = model(client, "doubao seedance 2.0")

    inputs = {each["name"]: (each["media"], each["maximum"]) for each in told["inputs"]}
    assert (told["kind"], told["prompt_optional"]) == ("video", True)
    assert inputs == {
        "image_urls": ("image", 9),
        "face_image_url": ("image", 1),
        "first_frame_url": ("image", 1),
        "last_frame_url": ("image", 1),
        "video_urls": ("video", 3),
        "audio_urls": ("audio", 3),
    }
    assert next(each for each in told["fields"] if each["name"] == "duration")["choices"] == [*range(4, 16), -1]


def test_a_model_of_images_says_so_and_tells_of_fields_without_choices(client):
    told = model(client, "seedream 4.0")

    fields = {each["name"]: each for each in told["fields"]}
    assert (told["kind"], told["task_types"], told["inputs"]) == ("image", ["text_to_image"], [])
    assert (fields["seed"]["default"], fields["seed"]["choices"]) == (None, [])
    assert (fields["seed"]["minimum"], fields["seed"]["maximum"]) == (0, 2**31 - 1)
    assert fields["style"]["max_characters"] == 40
    assert fields["style"]["suggestions"] == ["oil_painting", "watercolor", "cyberpunk"]
    assert {rule["unit"] for rule in told["prices"]["rules"]} == {"image"}


def test_a_model_without_prices_says_so(client):
    Price.objects.all().delete()
    PriceList.objects.all().delete()

    assert client.get("/api/v1/models").json()["data"]["models"][0]["prices"] is None


def test_models_are_told_to_keys_alone(db):
    assert Client().get("/api/v1/models").status_code == 401


def test_other_methods_are_refused_in_json(client):
    assert client.post("/api/v1/models").json()["error"]["code"] == "METHOD_NOT_ALLOWED"
