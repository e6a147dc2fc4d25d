import pytest
from django.test import Client

from accounts import budgets
from accounts.api.answers import iso
from accounts.models import ApiKey, CreditEntry, Team
from generations.models import Generation
from tests.api import DOCUMENTED_PRICES, client_of, post
from tests.factories import make_key, make_team

PROMPT = "A gate, and light"


def test_an_estimate_is_the_quote_and_holds_nothing(client):
    response = post(client, "/estimates", {"prompt": PROMPT, "resolution": "720p", "generate_audio": True})

    conditions = {"resolution": "720p", "duration": 5, "generate_audio": True}
    line = {"conditions": conditions, "unit": "clip", "quantity": 1, "unit_credits": 43, "credits": 43}
    assert response.json() == {
        "success": True,
        "data": {
            "model": "seedance 2.0",
            "task_type": "text_to_video",
            "params": {"aspect_ratio": "16:9", **conditions},
            "lines": [line],
            "total": 43,
            "price_version": 1,
            "available": 1000,
            "missing": 0,
            "limit_source": "team_balance",
            "resets_at": None,
            "warnings": [],
        },
    }
    assert (Generation.objects.count(), CreditEntry.objects.filter(kind="hold").count()) == (0, 0)


def test_an_estimate_warns_of_what_is_legal_and_seldom_wanted_and_the_create_stops_for_nothing(client):
    given = {"prompt": "A fox", "model": "doubao seedance 2.0", "duration": -1}

    estimate, made = post(client, "/estimates", given), post(client, "/generations", given)

    warnings = estimate.json()["data"]["warnings"]
    assert [(each["code"], each["field"]) for each in warnings] == [
        ("short_prompt", "prompt"),
        ("automatic_duration", "duration"),
    ]
    assert all(each["message"].endswith(".") for each in warnings)
    assert made.status_code == 201


def test_an_estimate_tells_how_many_credits_are_missing(team):
    poor = client_of(make_team(granted=10))

    estimate = post(poor, "/estimates", {"prompt": "a"}).json()["data"]

    assert (estimate["total"], estimate["available"], estimate["missing"]) == (15, 10, 5)


@pytest.mark.parametrize("owner", ["key", "team"])
def test_an_estimate_agrees_with_the_hold_about_a_budget(db, owner):
    team = make_team(granted=1000)
    key, secret = make_key(team=team)
    rows = ApiKey.objects.filter(pk=key.pk) if owner == "key" else Team.objects.filter(pk=team.pk)
    rows.update(monthly_budget_credits=5)
    program = Client(headers={"Authorization": f"Bearer {secret}"})

    estimate = post(program, "/estimates", {"prompt": "a"}).json()["data"]
    refused = post(program, "/generations", {"prompt": "a"})

    assert (estimate["available"], estimate["missing"]) == (5, 10)
    assert refused.status_code == 402
    agreed = {name: estimate[name] for name in ("available", "limit_source", "resets_at")}
    assert refused.json()["error"]["details"] == {"required": 15, **agreed}
    assert (agreed["limit_source"], agreed["resets_at"]) == (f"{owner}_budget", iso(budgets.resets_at(team)))


@pytest.mark.parametrize("sound", [False, True])
@pytest.mark.parametrize(("resolution", "duration"), DOCUMENTED_PRICES)
def test_estimates_are_the_documented_prices(client, resolution, duration, sound):
    body = {"prompt": "a", "resolution": resolution, "duration": duration, "generate_audio": sound}

    assert post(client, "/estimates", body).json()["data"]["total"] == DOCUMENTED_PRICES[resolution, duration][sound]


def test_what_could_not_be_made_is_not_priced(client):
    assert post(client, "/estimates", {"prompt": "a", "duration": 7}).status_code == 400


def test_other_methods_are_refused_in_json(client):
    response = client.get("/api/v1/estimates")

    assert (response.status_code, response.json()["error"]["code"]) == (405, "METHOD_NOT_ALLOWED")
