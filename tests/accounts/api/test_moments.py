import json

import pytest
from django.test import Client

from tests.api import ensure_prices
from tests.factories import make_key, make_team

# PostgreSQL takes none of the first two, and Python none in UTC of the third.
FAR = "2040-01-01T00:00:00+16:32"
FARTHER = "2040-01-01T00:00:00-23:59"
BEYOND = "9999-12-31T23:59:59-12:00"
FILTERED = [
    f"/{name}?{bound}=" for name in ("tasks", "webhook_deliveries") for bound in ("created_after", "created_before")
]


@pytest.fixture
def client(db):
    ensure_prices()
    _, secret = make_key(team=make_team(), scopes=("manage", "read"))
    return Client(headers={"Authorization": f"Bearer {secret}"})


def made_key(client: Client, expires_at: str):
    body = {"name": "robot", "scopes": ["read"], "expires_at": expires_at}
    return client.post("/api/v1/keys", json.dumps(body), "application/json")


@pytest.mark.parametrize("query", FILTERED)
@pytest.mark.parametrize("moment", [FAR, FARTHER])
def test_a_moment_of_any_offset_bounds_a_list(client, query, moment):
    assert client.get(f"/api/v1{query}{moment.replace('+', '%2B')}").status_code == 200


@pytest.mark.parametrize("query", FILTERED)
def test_a_moment_beyond_the_calendar_is_refused_by_name(client, query):
    response = client.get(f"/api/v1{query}{BEYOND}")

    assert response.status_code == 400
    assert response.json()["error"]["details"]["field"] in query


@pytest.mark.parametrize(("moment", "in_utc"), [(FAR, "2039-12-31T07:28:00Z"), (FARTHER, "2040-01-01T23:59:00Z")])
def test_a_moment_of_any_offset_ends_a_key(client, moment, in_utc):
    assert made_key(client, moment).json()["data"]["expires_at"] == in_utc


def test_a_key_does_not_end_beyond_the_calendar(client):
    response = made_key(client, BEYOND)

    assert (response.status_code, response.json()["error"]["details"]["field"]) == (400, "expires_at")
