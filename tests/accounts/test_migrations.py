"""Back to what was released before and forth again: nobody's secret ends by it, and nothing sent is forgotten."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from accounts import keys
from accounts.actors import INSTALLATION
from accounts.key_settings import KeySettings
from accounts.models import ApiKey, Team, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from accounts.webhooks import signing
from project.secrets_at_rest import encrypt
from tests.factories import make_key, make_team

RELEASED = [("accounts", "0002_entries_are_append_only")]
BEFORE_ENDPOINTS = [("accounts", "0013_people_stay")]
ENDED_AT = datetime(2026, 1, 1, tzinfo=UTC)


def migrate(targets):
    executor = MigrationExecutor(connection)
    executor.migrate(targets)
    return MigrationExecutor(connection).loader.project_state(targets).apps


@pytest.fixture
def at_the_end(transactional_db):
    """The database as it is for other tests, whatever happened."""
    latest = [each for each in MigrationExecutor(connection).loader.graph.leaf_nodes() if each[0] == "accounts"]
    try:
        yield latest
    finally:
        migrate(latest)
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE accounts_creditentry DISABLE TRIGGER creditentry_is_never_truncated")
            cursor.execute("ALTER TABLE accounts_auditentry DISABLE TRIGGER auditentry_is_never_truncated")


def timeouts():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout'), current_setting('lock_timeout')")
        return cursor.fetchone()


def test_keys_survive_the_way_back_and_forth(at_the_end):
    team = make_team()
    plain, plain_secret = make_key(team=team)
    rotated, old_secret = make_key(team=team)
    new_secret = keys.rotate(rotated, grace=timedelta(hours=1), by=INSTALLATION)
    ended, _ = keys.issue(team, KeySettings(name="ended"), by=INSTALLATION)
    ended.secrets.all().delete()
    hints = {secret.api_key_id: secret.hint for secret in rotated.secrets.filter(valid_until=None)}
    before = timeouts()

    old = migrate(RELEASED).get_model("accounts", "ApiKey")
    rows = {row.pk: row for row in old.objects.all()}
    assert rows[rotated.pk].hint == hints[rotated.pk]
    assert rows[ended.pk].digest == str(ended.pk)
    assert len({row.digest for row in rows.values()}) == 3
    assert not old._meta.get_field("digest").null

    migrate(at_the_end)
    assert keys.authenticate(plain_secret).pk == plain.pk
    assert keys.authenticate(new_secret).pk == rotated.pk
    with pytest.raises(keys.InvalidApiKey):
        keys.authenticate(old_secret)  # one secret a key is all that was known then
    assert ApiKey.objects.count() == 3
    assert timeouts() == before


def test_an_index_that_was_left_invalid_is_made_anew(at_the_end):
    migrate([("accounts", "0007_budgets")])
    with connection.cursor() as cursor:
        cursor.execute("CREATE INDEX creditentry_by_time ON accounts_creditentry (team_id)")

    migrate(at_the_end)

    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'creditentry_by_time'")
        assert "created_at" in cursor.fetchone()[0]


def test_a_url_for_alerts_becomes_an_endpoint_with_the_secret_that_alerts_were_signed_with(at_the_end):
    old = migrate(BEFORE_ENDPOINTS)
    old_team = old.get_model("accounts", "Team")
    secret, url = signing.new_secret(), "https://hooks.example.com/alerts?token=1"
    told = old_team.objects.create(name="told", alert_url=url)
    told_first = old_team.objects.create(name="never told yet", alert_url=url)
    old_team.objects.create(name="no address")
    old_team.objects.create(name="closing", alert_url=url, closing_at=ENDED_AT)
    old.get_model("accounts", "WebhookSecret").objects.create(team_id=told.pk, secret=encrypt(secret))

    migrate(at_the_end)

    made = {endpoint.team.name: endpoint for endpoint in WebhookEndpoint.objects.select_related("team")}
    assert made.keys() == {"told", "never told yet"}
    for endpoint in made.values():
        assert (endpoint.url, endpoint.events, endpoint.is_paused) == (url, ["credits.low"], False)
    assert signing.current(made["told"]) == secret == signing.current(signing.secrets_of(made["told"].team))
    assert signing.current(made["never told yet"]).startswith("whsec_")
    assert signing.current(made["never told yet"]) != secret
    assert Team.objects.get(pk=told_first.pk).is_open


def test_what_was_sent_before_endpoints_gets_its_team_its_lane_and_its_address(at_the_end):
    old = migrate(BEFORE_ENDPOINTS)
    team = old.get_model("accounts", "Team").objects.create(name="Lumière")
    event = old.get_model("accounts", "WebhookEvent").objects.create(
        team_id=team.pk, type="task.failed", subject_id=uuid4(), body="{}"
    )
    delivery_model = old.get_model("accounts", "WebhookDelivery")
    url = {"event_id": event.pk, "url": "https://a.example/in", "host": "a.example"}
    ended = delivery_model.objects.create(**url, state="delivered", next_at=None, ended_at=ENDED_AT, attempt_count=1)
    old.get_model("accounts", "WebhookAttempt").objects.create(
        delivery_id=ended.pk, number=1, started_at=ENDED_AT, duration_ms=7, status_code=200
    )
    event = old.get_model("accounts", "WebhookEvent").objects.create(
        team_id=team.pk, type="credits.low", subject_id=uuid4(), body="{}"
    )
    pending = delivery_model.objects.create(**url | {"event_id": event.pk}, next_at=ENDED_AT + timedelta(days=1))

    migrate(at_the_end)

    rows = {row.pk: row for row in WebhookDelivery.objects.all()}
    assert {row.team_id for row in rows.values()} == {team.pk}
    assert {row.lane for row in rows.values()} == {f"{team.pk} a.example"}
    assert {row.endpoint for row in rows.values()} == {None}
    assert (rows[ended.pk].updated_at, rows[ended.pk].state) == (ENDED_AT, "delivered")
    assert (rows[pending.pk].updated_at, rows[pending.pk].state) == (rows[pending.pk].created_at, "pending")
    attempt = WebhookAttempt.objects.get()
    assert (attempt.url, attempt.request_headers, attempt.duration_ms) == ("https://a.example/in", {}, 7)
