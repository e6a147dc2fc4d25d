import string
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import keys
from accounts.actors import INSTALLATION
from accounts.models import ApiKey, ApiSecret, RateWindow
from tests.accounts.test_key_secrets import malformed_keys
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

        keys.revoke(key, by=INSTALLATION)

        response = ask(Authorization=f"Bearer {secret}")
        assert (response.status_code, refusal(response)) == (401, INVALID)


def test_a_key_that_has_ended_is_refused_like_an_unknown_one(db):  # A7
    old_key, replaced = make_key()
    keys.rotate(old_key, grace=timedelta(0), by=INSTALLATION)
    _, expired = make_key(expires_at=timezone.now() + timedelta(hours=1))
    ApiKey.objects.exclude(expires_at=None).update(expires_at=timezone.now())

    for secret in (replaced, expired):
        response = ask(Authorization=f"Bearer {secret}")
        assert (response.status_code, refusal(response)) == (401, INVALID)


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


def test_a_thousand_malformed_keys_ask_nothing_of_the_database(db, django_assert_num_queries):  # A4
    malformed = [secret for secret in malformed_keys(number=1_000) if secret.isascii() and secret.isprintable()]

    with django_assert_num_queries(0):
        answers = {ask(Authorization=f"Bearer {secret}").status_code for secret in malformed}

    assert len(malformed) > 800
    assert answers == {401}


# A16
@pytest.mark.parametrize("name", ["api_key", "key", "access_token", "X-API-Key", "q"])
def test_a_key_in_the_address_is_refused_even_beside_a_good_one(name, db):
    _key, secret = make_key()

    response = Client().get(f"/api/v1/credits?{name}={secret}", headers={"Authorization": f"Bearer {secret}"})

    assert response.status_code == 400
    assert refusal(response)["code"] == "INVALID_PARAMETER"
    assert "Revoke this key" in response.json()["error"]["message"]
    assert secret not in response.content.decode()


def test_use_of_a_key_is_noted_once_a_minute_with_its_address(db):
    _, secret = make_key()

    ask(Authorization=f"Bearer {secret}")
    first = ApiSecret.objects.get()
    Client(REMOTE_ADDR="203.0.113.9").get("/api/v1/credits", headers={"X-API-Key": secret})

    assert first.last_used_at is not None
    assert first.last_used_ip == "127.0.0.1"
    assert ApiSecret.objects.get().last_used_at == first.last_used_at


def test_a_key_of_a_closing_team_is_refused(db):
    team = make_team()
    _, secret = make_key(team=team)
    type(team).objects.filter(pk=team.pk).update(closing_at="2026-01-01T00:00:00Z")

    assert ask(Authorization=f"Bearer {secret}").status_code == 401


# A7
@pytest.mark.parametrize(
    ("ip", "status"),
    [
        ("10.3.2.1", 200),
        ("::ffff:10.3.2.1", 200),
        ("2001:db8::7", 200),
        ("11.0.0.1", 403),
        ("2001:db9::7", 403),
        ("", 403),
    ],
)
def test_a_key_may_be_kept_to_addresses(db, ip, status):
    key, secret = make_key(allowed_networks=("10.0.0.0/8", "2001:db8::/32"))

    response = Client(REMOTE_ADDR=ip).get("/api/v1/credits", headers={"Authorization": f"Bearer {secret}"})

    assert response.status_code == status
    assert RateWindow.objects.filter(api_key=key).exists() == (status == 200)
    assert ApiSecret.objects.filter(last_used_at=None).exists() == (status == 403)


def test_a_refused_address_is_told_which_it_is_and_no_limits(db):
    _, secret = make_key(allowed_networks=("10.0.0.0/8",))

    response = ask(Authorization=f"Bearer {secret}")

    assert refusal(response) == {
        "code": "FORBIDDEN",
        "message": "This key may not be used from this address.",
        "details": {"address": "127.0.0.1"},
    }
    assert "X-RateLimit-Limit" not in response.headers


def test_a_forwarded_address_counts_for_nothing_without_a_trusted_proxy(db):  # A11
    _, secret = make_key(allowed_networks=("10.0.0.0/8",))

    response = ask(Authorization=f"Bearer {secret}", **{"X-Forwarded-For": "10.1.1.1"})

    assert response.status_code == 403


def guess() -> str:
    """Well formed, and nobody's."""
    key, secret = make_key()
    ApiKey.objects.filter(pk=key.pk).delete()
    return secret


def test_guessing_from_one_address_is_slowed_down(db):  # A11
    guesses = [guess() for _ in range(21)]

    answers = [ask(Authorization=f"Bearer {secret}") for secret in guesses]

    assert [answer.status_code for answer in answers] == [401] * 20 + [429]
    assert refusal(answers[-1])["code"] == "RATE_LIMIT_EXCEEDED"
    assert answers[-1].headers["Retry-After"] == "60"
    assert answers[-1].headers["X-RateLimit-RetryAfter"] == "60"


def test_who_guesses_keeps_nobody_else_out(db):  # A11
    key, secret = make_key()
    for wrong in [guess() for _ in range(21)]:
        ask(Authorization=f"Bearer {wrong}", **{"X-Forwarded-For": "203.0.113.1"})

    elsewhere = Client(REMOTE_ADDR="203.0.113.9").get("/api/v1/credits", headers={"X-API-Key": guess()})
    keys.revoke(key, by=INSTALLATION)

    assert ask(Authorization=f"Bearer {guess()}").status_code == 429
    assert ask(Authorization="Bearer nonsense").status_code == 401
    assert ask(Authorization=f"Bearer {secret}").status_code == 401
    assert ask(Authorization=f"Bearer {make_key()[1]}").status_code == 200
    assert elsewhere.status_code == 401
