import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from accounts.models import WebhookSecret
from accounts.webhooks import signing
from tests.factories import make_team
from tests.races import race

VECTORS = json.loads((Path(__file__).parent / "vectors" / "webhooks.json").read_text())


@pytest.mark.parametrize("row", VECTORS, ids=lambda row: row["name"])
def test_the_signature_is_the_published_one(row):
    signature = signing.sign(
        row["secret"], message_id=row["id"], timestamp=row["timestamp"], body=row["payload"].encode()
    )

    assert signature == row["signature"]


@pytest.mark.django_db
def test_the_reference_library_accepts_our_headers(team):
    secret, body = signing.secret_for(team), '{"prompt": "雏菊"}'.encode()
    now = int(datetime.now(UTC).timestamp())

    headers = signing.headers(secret, message_id="msg_1", timestamp=now, body=body)

    assert Webhook(secret).verify(body, headers) == {"prompt": "雏菊"}


def test_a_secret_stays_the_same_and_is_the_teams_own(team):
    other = make_team()

    assert signing.secret_for(team) == signing.secret_for(team)
    assert signing.secret_for(team) != signing.secret_for(other)


def test_a_secret_does_not_lie_open_in_the_database(team):
    secret = signing.secret_for(team).removeprefix("whsec_")

    kept = bytes(WebhookSecret.objects.get(team=team).secret)
    assert secret.encode() not in kept


@pytest.mark.django_db(transaction=True)
def test_eight_first_askers_are_given_one_secret(team):
    secrets = race(lambda _number: signing.secret_for(team), range(8), threads=8)

    assert len(set(secrets)) == 1
    assert WebhookSecret.objects.count() == 1
