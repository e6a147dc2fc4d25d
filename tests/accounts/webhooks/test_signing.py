import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from accounts.models import WebhookSecret
from accounts.webhooks import signing
from tests.factories import make_delivery, make_endpoint, make_team
from tests.races import race

VECTORS = json.loads((Path(__file__).parent / "vectors" / "webhooks.json").read_text())
BODY = '{"prompt":"雏菊"}'.encode()


@pytest.fixture
def team(db):
    return make_team()


def signed(delivery, at: datetime | None = None) -> dict[str, str]:
    """The headers of a webhook that is sent at that moment; their timestamp is one the library takes now."""
    return headers_now(signing.valid_for(delivery, at or timezone.now()))


def headers_now(valid: list[str]) -> dict[str, str]:
    return signing.headers(valid, message_id="msg_1", timestamp=int(time.time()), body=BODY)


def is_accepted(secret: str, headers: dict[str, str]) -> bool:
    try:
        Webhook(secret).verify(BODY, headers)
    except WebhookVerificationError:
        return False
    return True


@pytest.mark.parametrize("row", VECTORS, ids=lambda row: row["name"])
def test_the_signature_is_the_published_one_and_the_reference_library_has_it_too(row):
    body = row["payload"].encode()

    signature = signing.sign(row["secret"], message_id=row["id"], timestamp=row["timestamp"], body=body)

    at = datetime.fromtimestamp(row["timestamp"], UTC)
    assert signature == row["signature"]
    assert Webhook(row["secret"]).sign(row["id"], at, row["payload"]) == signature


@pytest.mark.parametrize("row", VECTORS, ids=lambda row: row["name"])
def test_the_three_headers_are_those_of_the_specification(row):
    headers = signing.headers(
        [row["secret"]], message_id=row["id"], timestamp=row["timestamp"], body=row["payload"].encode()
    )

    assert headers == {
        "webhook-id": row["id"],
        "webhook-timestamp": str(row["timestamp"]),
        "webhook-signature": row["signature"],
    }


def test_the_reference_library_accepts_our_headers(team):
    secret = signing.current(signing.secrets_of(team))

    assert Webhook(secret).verify(BODY, headers_now([secret])) == {"prompt": "雏菊"}


def test_a_new_secret_is_256_bits_and_never_the_same():
    made = {signing.new_secret() for _ in range(100)}

    assert len(made) == 100
    assert {len(secret) for secret in made} == {len("whsec_") + 44}


def test_a_secret_stays_the_same_and_is_the_teams_own(team):
    other = make_team()

    assert signing.current(signing.secrets_of(team)) == signing.current(signing.secrets_of(team))
    assert signing.current(signing.secrets_of(team)) != signing.current(signing.secrets_of(other))


def test_a_secret_does_not_lie_open_in_the_database(team):
    endpoint = make_endpoint(team=team)
    rows = [signing.secrets_of(team), endpoint]

    for row in rows:
        kept = bytes(type(row).objects.get().secret)
        assert signing.current(row).removeprefix("whsec_").encode() not in kept


def test_an_endpoint_signs_with_its_own_secret_and_a_callback_url_with_the_teams(team):
    one, other = make_endpoint(team=team), make_endpoint(team=team)

    secrets = [
        signing.valid_for(make_delivery(team=team, endpoint=each), timezone.now()) for each in (one, other, None)
    ]

    assert secrets == [[signing.current(one)], [signing.current(other)], [signing.current(signing.secrets_of(team))]]


@pytest.mark.parametrize("of_endpoint", [True, False])
def test_for_the_grace_old_and_new_receivers_both_verify_and_then_the_new_alone(team, of_endpoint):  # C10
    endpoint = make_endpoint(team=team) if of_endpoint else None
    row = endpoint or signing.secrets_of(team)
    old, until = signing.current(row), timezone.now() + timedelta(hours=24)

    new = signing.replace(row, until=until)
    row.save()
    delivery = make_delivery(team=team, endpoint=endpoint)

    just_before, at_the_end = (signed(delivery, at) for at in (until - timedelta(microseconds=1), until))
    assert len(just_before["webhook-signature"].split(" ")) == 2
    assert [is_accepted(secret, just_before) for secret in (new, old)] == [True, True]
    assert len(at_the_end["webhook-signature"].split(" ")) == 1
    assert [is_accepted(secret, at_the_end) for secret in (new, old)] == [True, False]
    assert signing.current(row) == new != old


def test_of_two_rotations_the_last_two_secrets_sign(team):  # C10
    endpoint = make_endpoint(team=team)
    first = signing.current(endpoint)
    second = signing.replace(endpoint, until=timezone.now() + timedelta(days=1))
    third = signing.replace(endpoint, until=timezone.now() + timedelta(hours=1))
    endpoint.save()

    headers = signed(make_delivery(team=team, endpoint=endpoint))

    assert [is_accepted(secret, headers) for secret in (third, second, first)] == [True, True, False]


def test_without_a_grace_the_old_secret_is_refused_at_once(team):
    endpoint = make_endpoint(team=team)
    old, new = signing.current(endpoint), signing.replace(endpoint, until=timezone.now())

    headers = signed(make_delivery(team=team, endpoint=endpoint))

    assert [is_accepted(secret, headers) for secret in (new, old)] == [True, False]


@pytest.mark.django_db(transaction=True)
def test_eight_first_askers_are_given_one_secret():
    team = make_team()

    secrets = race(lambda _number: signing.current(signing.secrets_of(team)), range(8), threads=8)

    assert len(set(secrets)) == 1
    assert WebhookSecret.objects.count() == 1
