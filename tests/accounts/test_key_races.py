"""Keys under real concurrency: each act in a thread and a transaction of its own."""

from contextlib import suppress
from datetime import timedelta

from accounts import keys, teams
from accounts.actors import INSTALLATION, Actor
from accounts.key_settings import KeySettings
from accounts.keys import InvalidApiKey, KeyRevoked
from accounts.models import ApiKey, ApiSecret, AuditEntry
from accounts.refusals import TeamClosing
from tests.factories import make_key, make_team
from tests.races import race


def test_rotations_at_once_leave_exactly_one_current_secret(transactional_db):
    key, first = make_key()

    made = race(lambda _: keys.rotate(key, grace=timedelta(hours=1), by=INSTALLATION), range(10), threads=10)

    assert len({first, *made}) == 11
    assert {keys.authenticate(secret).pk for secret in (first, *made)} == {key.pk}
    current = [secret for secret in made if keys.authenticate(secret).secret.is_current]
    assert len(current) == 1
    assert ApiSecret.objects.filter(api_key=key, valid_until=None).count() == 1
    assert AuditEntry.objects.filter(action="key.rotated").count() == 10


def test_rotations_without_grace_at_once_leave_one_secret_that_works(transactional_db):
    key, first = make_key()

    made = race(lambda _: keys.rotate(key, grace=timedelta(0), by=INSTALLATION), range(8), threads=8)

    good = []
    for secret in (first, *made):
        with suppress(InvalidApiKey):
            good.append(keys.authenticate(secret).secret.is_current)
    assert good == [True]


def test_changes_of_different_settings_at_once_are_all_kept(transactional_db):
    key, _ = make_key()
    changes = [
        {"name": "robot"},
        {"monthly_budget_credits": 5},
        {"max_in_progress": 3},
        {"scopes": ("read",)},
        {"rate_plan": "free"},
    ]

    race(lambda each: keys.change_some(key, each, by=INSTALLATION), changes, threads=5)

    expected = KeySettings(
        name="robot", monthly_budget_credits=5, max_in_progress=3, scopes=("read",), rate_plan="free"
    )
    assert KeySettings.of(ApiKey.objects.get()) == expected
    assert AuditEntry.objects.filter(action="key.changed").count() == 5


def test_a_key_is_revoked_once_whatever_else_is_done_to_it(transactional_db):
    key, _ = make_key()

    def act(number: int) -> None:
        with suppress(KeyRevoked):
            if number % 2:
                keys.rotate(key, grace=timedelta(hours=1), by=INSTALLATION)
            else:
                keys.revoke(key, by=INSTALLATION)

    race(act, range(16), threads=16)

    assert AuditEntry.objects.filter(action="key.revoked").count() == 1
    rotated = AuditEntry.objects.filter(action="key.rotated").count()
    assert ApiSecret.objects.count() == 1 + rotated
    assert ApiSecret.objects.filter(valid_until=None).count() == 1


def test_a_team_that_is_being_closed_gets_no_new_key(transactional_db):
    team = make_team()
    by = Actor(user=team.members.get())

    def act(number: int) -> None:
        with suppress(TeamClosing):
            if number == 7:
                teams.close(team, by=by)
            else:
                keys.issue(team, KeySettings(name="late"), by=INSTALLATION)

    race(act, range(16), threads=16)

    assert not ApiKey.objects.filter(revoked_at=None).exists()
