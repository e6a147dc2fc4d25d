import string

import pytest
from django.test import Client

from accounts import keys
from accounts.models import ApiKey
from tests.factories import make_key, make_team

INVALID = {"code": "INVALID_API_KEY", "message": "Invalid or missing API key", "details": {}}


def ask(**headers: str):
    return Client().get("/api/v1/credits", headers=headers)


def refusal(response) -> dict:
    error = response.json()["error"]
    assert error.pop("request_id") == response.headers["X-Request-Id"]
    return error


def test_a_key_is_taken_as_bearer_or_in_its_own_header(db):
    _, secret = make_key()

    assert ask(Authorization=f"Bearer {secret}").status_code == 200
    assert ask(Authorization=f"bearer {secret}").status_code == 200
    assert ask(**{"X-API-Key": secret}).status_code == 200


def test_without_a_key_the_documented_401_is_answered(db):
    response = ask()

    assert response.status_code == 401
    assert refusal(response) == INVALID
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_an_unknown_key_is_refused_like_a_missing_one(db):
    _, secret = make_key()
    ApiKey.objects.all().delete()

    response = ask(Authorization=f"Bearer {secret}")

    assert (response.status_code, refusal(response)) == (401, INVALID)


def test_a_wrong_bearer_key_is_not_excused_by_a_good_one_beside_it(db):
    _, secret = make_key()

    assert ask(Authorization="Bearer sk-video-no", **{"X-API-Key": secret}).status_code == 401


# A6
def test_a_revoked_key_ends_at_once(db):
    for _ in range(5):
        key, secret = make_key()
        assert ask(Authorization=f"Bearer {secret}").status_code == 200

        keys.revoke(key)

        assert ask(Authorization=f"Bearer {secret}").status_code == 401


# A4
@pytest.mark.parametrize(
    "malformed",
    [
        "",
        "sk-video-",
        "sk-video-" + "0" * 36,
        "sk-image-0123456789ABCDEFGHIJKLMNOPQRST096KMA",
        "sk-video-0123456789ABCDEFGHIJKLMNOPQRST096KMAA",
        "sk-video-0123456789ABCDEFGHIJKLMNOPQRST096KM",
        "sk-video-0123456789ABCDEFGHIJKLMNOPQRST096KMa",
        "sk-video-0123456789ÄBCDEFGHIJKLMNOPQRST096KMA",
        "' OR 1=1--",
        "null",
        string.printable,
    ],
)
def test_a_malformed_key_is_refused_without_a_query(malformed, db, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = ask(Authorization=f"Bearer {malformed}".strip())

    assert (response.status_code, refusal(response)) == (401, INVALID)


# A16
@pytest.mark.parametrize("name", ["api_key", "key", "access_token", "X-API-Key", "q"])
def test_a_key_in_the_address_is_refused_even_beside_a_good_one(name, db):
    _key, secret = make_key()

    response = Client().get(f"/api/v1/credits?{name}={secret}", headers={"Authorization": f"Bearer {secret}"})

    assert response.status_code == 400
    assert refusal(response)["code"] == "INVALID_PARAMETER"
    assert "Revoke this key" in response.json()["error"]["message"]
    assert secret not in response.content.decode()


def test_use_of_a_key_is_noted_once_a_minute(db):
    key, secret = make_key()

    ask(Authorization=f"Bearer {secret}")
    key.refresh_from_db()
    first = key.last_used_at
    ask(Authorization=f"Bearer {secret}")
    key.refresh_from_db()

    assert first is not None
    assert key.last_used_at == first


def test_a_key_of_a_closed_team_is_refused(db):
    team = make_team()
    _, secret = make_key(team=team)
    type(team).objects.filter(pk=team.pk).update(closed_at="2026-01-01T00:00:00Z")

    assert ask(Authorization=f"Bearer {secret}").status_code == 401
