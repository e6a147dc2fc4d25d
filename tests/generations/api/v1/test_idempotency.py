import pytest

from accounts.models import CreditBalance, CreditEntry
from generations import lifecycle
from generations.models import Generation, IdempotencyKey, State
from tests.api import client_of, post
from tests.factories import make_team

BODY = {"prompt": "A gate", "duration": 5}


def test_the_same_key_and_body_answer_the_first_task_again(client, team):
    first = post(client, "/generations", BODY, Idempotency_Key="order-1")

    again = post(client, "/generations", BODY, Idempotency_Key="order-1")

    assert (again.status_code, again.content) == (201, first.content)
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (Generation.objects.count(), CreditEntry.objects.filter(kind="hold").count()) == (1, 1)


def test_the_first_answer_stays_the_same_when_the_task_has_moved_on(client):
    first = post(client, "/generations", BODY, Idempotency_Key="order-1")
    lifecycle.advance(Generation.objects.get(), State.CANCELLED)

    assert post(client, "/generations", BODY, Idempotency_Key="order-1").content == first.content


def test_spacing_and_order_make_no_other_body(client):
    post(client, "/generations", BODY, Idempotency_Key="order-1")

    again = client.post(
        "/api/v1/generations",
        '{ "duration": 5,\n"prompt": "\\u0041 gate" }',
        content_type="application/json",
        headers={"Idempotency-Key": "order-1"},
    )

    assert again.headers["Idempotent-Replayed"] == "true"


def test_the_same_key_with_another_body_is_422(client, team):
    post(client, "/generations", BODY, Idempotency_Key="order-1")

    response = post(client, "/generations", {**BODY, "duration": 10}, Idempotency_Key="order-1")

    assert (response.status_code, response.json()["error"]["code"]) == (422, "IDEMPOTENCY_MISMATCH")
    assert (Generation.objects.count(), CreditBalance.objects.get(team=team).held) == (1, 15)


def test_another_program_of_the_team_shares_its_keys(client, team):
    first = post(client, "/generations", BODY, Idempotency_Key="order-1")

    assert post(client_of(team), "/generations", BODY, Idempotency_Key="order-1").content == first.content


# A14
def test_another_team_with_the_same_key_gets_a_task_of_its_own(client, stranger):
    first = post(client, "/generations", BODY, Idempotency_Key="order-1")

    second = post(stranger, "/generations", BODY, Idempotency_Key="order-1")

    assert second.json()["data"]["id"] != first.json()["data"]["id"]
    assert Generation.objects.count() == 2


def test_a_refused_create_does_not_use_the_key_up(db, team):
    client = client_of(make_team(granted=10))
    refused = post(client, "/generations", BODY, Idempotency_Key="order-1")

    assert (refused.status_code, IdempotencyKey.objects.count()) == (402, 0)


@pytest.mark.parametrize("key", ["", "a b", "ä", "a" * 256, "\x7f"])
def test_a_key_must_be_visible_ascii_of_255_at_most(client, key):
    response = post(client, "/generations", BODY, Idempotency_Key=key)

    assert response.status_code == 400
    assert response.json()["error"]["details"]["field"] == "Idempotency-Key"
    assert Generation.objects.count() == 0


def test_a_key_of_255_is_taken(client):
    assert post(client, "/generations", BODY, Idempotency_Key="~" * 255).status_code == 201
