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


def test_a_model_without_prices_says_so(client):
    Price.objects.all().delete()
    PriceList.objects.all().delete()

    assert client.get("/api/v1/models").json()["data"]["models"][0]["prices"] is None


def test_models_are_told_to_keys_alone(db):
    assert Client().get("/api/v1/models").status_code == 401


def test_other_methods_are_refused_in_json(client):
    assert client.post("/api/v1/models").json()["error"]["code"] == "METHOD_NOT_ALLOWED"
