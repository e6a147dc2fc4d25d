"""A key that is kept to some models."""

import pytest
from django.test import Client

from accounts import keys
from accounts.actors import INSTALLATION
from accounts.models import CreditEntry
from generations import catalog
from generations.models import Generation, IdempotencyKey
from tests.api import ensure_prices, failed, post
from tests.factories import make_key, make_team


@pytest.fixture
def team(db):
    ensure_prices()
    return make_team(granted=1000)


def program(team, *models: str) -> Client:
    _, secret = make_key(team=team, allowed_models=models)
    return Client(headers={"Authorization": f"Bearer {secret}"})


def nothing_was_made() -> bool:
    return not Generation.objects.exists() and not CreditEntry.objects.filter(kind="hold").exists()


def test_the_allowed_model_can_be_asked_for_and_priced(team):
    client = program(team, "seedance-1.0")

    assert post(client, "/estimates", {"prompt": "a", "model": "Seedance 1.0"}).status_code == 200
    assert post(client, "/generations", {"prompt": "a", "model": "seedance-1.0"}).status_code == 201


@pytest.mark.parametrize("path", ["/generations", "/estimates"])
@pytest.mark.parametrize("body", [{}, {"model": "Seedance-2.0"}])
def test_another_model_is_refused_and_the_allowed_ones_named(team, path, body):
    response = post(program(team, "seedance-1.0"), path, {"prompt": "a", **body})

    assert response.status_code == 403
    error = response.json()["error"]
    assert error["code"] == "FORBIDDEN"
    assert error["message"] == "This key may not use seedance 2.0. It may use: seedance 1.0."
    assert error["details"] == {"model": "seedance 2.0", "allowed_models": ["seedance 1.0"]}
    assert nothing_was_made()


def test_a_task_of_another_model_is_not_tried_again(team):
    task = failed(team)
    before = Generation.objects.count(), CreditEntry.objects.count()

    response = post(program(team, "seedance-1.0"), f"/tasks/{task.pk}/retry")

    assert response.status_code == 403
    assert (Generation.objects.count(), CreditEntry.objects.count()) == before


def test_only_the_allowed_models_are_listed(team):
    def listed(client: Client) -> list[str]:
        return [model["name"] for model in client.get("/api/v1/models").json()["data"]["models"]]

    assert listed(program(team, "seedance-1.0")) == ["seedance 1.0"]
    assert listed(program(team)) == [spec.name for spec in catalog.MODELS.values()]


@pytest.mark.parametrize("asked_for", ["a clip", "a retry"])
def test_a_repeat_is_answered_as_before_although_the_key_may_not_use_the_model_any_more(team, asked_for):
    key, secret = make_key(team=team)
    client = Client(headers={"Authorization": f"Bearer {secret}", "Idempotency-Key": "once"})
    ways = {"a clip": ("/generations", {"prompt": "a"}), "a retry": (f"/tasks/{failed(team).pk}/retry", None)}
    path, body = ways[asked_for]
    first = post(client, path, body)

    keys.change_some(key, {"allowed_models": ("seedance-1.0",)}, by=INSTALLATION)
    again = post(client, path, body)
    new = post(Client(headers={"Authorization": f"Bearer {secret}", "Idempotency-Key": "another"}), path, body)

    assert [answer.status_code for answer in (first, again, new)] == [201, 201, 403]
    assert first.json() == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert not IdempotencyKey.objects.filter(key="another").exists()
