from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client

from accounts import credits, keys
from accounts.actors import INSTALLATION
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


def test_a_key_tells_of_itself_and_never_its_secret(team):
    settings = {
        "name": "Robot",
        "allowed_networks": ("127.0.0.0/8",),
        "rate_plan": "free",
        "max_in_progress": 4,
        "monthly_budget_credits": 100,
        "expires_at": datetime(2031, 1, 1, tzinfo=UTC),
    }
    key, secret = make_key(team=team, **settings)
    credits.hold(team.pk, 30, hold_id=uuid4(), api_key_id=key.pk)

    response = Client(headers={"X-API-Key": secret}).get("/api/v1/key")

    told = response.json()["data"]
    resets_at = told["resets_at"]
    assert told == {
        "id": str(key.pk),
        "hint": secret[-4:],
        "name": "Robot",
        "scopes": ["generate", "read"],
        "allowed_models": [],
        "allowed_networks": ["127.0.0.0/8"],
        "rate_plan": "free",
        "rate_limit": None,
        "rate_seconds": None,
        "max_in_progress": 4,
        "monthly_budget_credits": 100,
        "lifetime_budget_credits": None,
        "limits": {"creates": {"limit": 10, "seconds": 3600}, "reads": {"limit": 1000, "seconds": 60}},
        "budget": {
            "monthly": {"limit": 100, "used": 30, "left": 70, "resets_at": resets_at},
            "lifetime": {"limit": None, "used": 30, "left": None, "resets_at": None},
        },
        "resets_at": resets_at,
        "expires_at": "2031-01-01T00:00:00Z",
        "secret": {"hint": secret[-4:], "valid_until": None},
    }
    assert resets_at.endswith("-01T00:00:00Z")
    assert secret[9:39] not in response.content.decode()


def test_an_old_secret_is_told_that_it_is_one(team):
    key, old = make_key(team=team)
    new = keys.rotate(key, grace=timedelta(hours=1), by=INSTALLATION)

    told = [Client(headers={"X-API-Key": each}).get("/api/v1/key").json()["data"] for each in (old, new)]

    assert [each["hint"] for each in told] == [old[-4:], new[-4:]]
    assert [each["secret"]["valid_until"] is None for each in told] == [False, True]
    assert told[0]["id"] == told[1]["id"]


def test_a_key_without_limits_says_so(team):
    _, secret = make_key(team=team, rate_plan="enterprise")

    told = Client(headers={"X-API-Key": secret}).get("/api/v1/key").json()["data"]

    assert (told["limits"]["creates"]["limit"], told["limits"]["reads"]["limit"]) == (None, None)
    assert told["budget"]["monthly"]["limit"] is None


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
