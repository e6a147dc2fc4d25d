from uuid import uuid4

import pytest
from django.test import Client

from accounts import credits
from tests.factories import make_key, make_team


@pytest.fixture
def team(db):
    return make_team(granted=1000)


@pytest.fixture
def keyed(team):
    key, secret = make_key(team=team, name="Robot")
    return key, Client(headers={"X-API-Key": secret})


def test_credits_are_told_in_three_figures(team, keyed):
    spent, held = uuid4(), uuid4()
    credits.hold(team.pk, 43, hold_id=spent)
    credits.capture(spent, 43)
    credits.hold(team.pk, 15, hold_id=held)

    response = keyed[1].get("/api/v1/credits")

    assert response.json() == {"success": True, "data": {"available": 942, "held": 15, "spent": 43}}


def test_a_key_tells_of_itself_and_never_its_secret(keyed):
    key, client = keyed

    response = client.get("/api/v1/key")

    assert response.json() == {
        "success": True,
        "data": {
            "id": str(key.pk),
            "name": "Robot",
            "hint": key.hint,
            "scopes": ["create", "read"],
            "limits": {"creates_per_minute": 1000, "reads_per_minute": 1000},
            "budget": None,
            "resets_at": None,
            "expires_at": None,
        },
    }


def test_credits_take_one_query_beside_key_and_limit(keyed, django_assert_num_queries):
    keyed[1].get("/api/v1/credits")

    with django_assert_num_queries(3):
        keyed[1].get("/api/v1/credits")


@pytest.mark.parametrize("path", ["credits", "key"])
def test_other_methods_are_refused_in_json(keyed, path):
    response = keyed[1].post(f"/api/v1/{path}")

    assert response.status_code == 405
    assert response.headers["Allow"] == "GET"
    assert response.json()["error"]["code"] == "METHOD_NOT_ALLOWED"
