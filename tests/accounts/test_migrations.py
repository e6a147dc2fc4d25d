"""Back to what was released before and forth again, with keys there: nobody's secret ends by it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from accounts import keys
from accounts.actors import INSTALLATION
from accounts.key_settings import KeySettings
from accounts.models import ApiKey
from tests.factories import make_key, make_team

RELEASED = [("accounts", "0002_entries_are_append_only")]


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
