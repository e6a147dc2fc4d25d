from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.core import mail
from django.utils import timezone

from accounts import jobs, keys, teams
from accounts.actors import INSTALLATION
from accounts.billing import allowances
from accounts.models import Allowance, CreditBalance
from accounts.upkeep import upkeep
from project.celery import app
from tests.factories import make_key, make_team
from tests.pipeline import assert_books_are_right

NOON = datetime(2030, 3, 15, 12, tzinfo=UTC)
REFUSAL = "mail.example.com: no mail for ana@example.com"
APRIL = datetime(2030, 4, 1, tzinfo=UTC)


def neglected():
    """A team that is to be topped up, told of its low balance and warned of a key, all on the first of April 2030."""
    team = make_team(granted=10)
    teams.change(team, by=INSTALLATION, low_balance_credits=5000)
    allowances.set_allowance(team, 1000, by=INSTALLATION, at=NOON)
    make_key(team=team, expires_at=APRIL + timedelta(days=2))
    return team


def subjects():
    return sorted(message.subject for message in mail.outbox)


SUBJECTS = ["Lumière is low on credits", "The API key a key of Lumière expires soon"]


def test_everything_due_is_done_and_once(db):
    team = neglected()

    upkeep(APRIL)
    upkeep(APRIL)

    assert CreditBalance.objects.get(team=team).available == 1000
    assert subjects() == SUBJECTS
    assert_books_are_right()


def test_a_step_that_fails_does_not_keep_the_others_from_theirs(db, monkeypatch, caplog):
    team = neglected()

    def down(*args):
        raise ConnectionRefusedError(REFUSAL)

    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", down)
        upkeep(APRIL)
    assert Allowance.objects.filter(team=team, period="2030-04").exists()
    assert [record.levelname for record in caplog.records].count("ERROR") == 2
    assert "ana@example.com" not in caplog.text

    upkeep(APRIL)
    assert subjects() == SUBJECTS


def test_secrets_that_ended_long_ago_are_forgotten(db):
    key, _secret = make_key()
    keys.rotate(key, grace=timedelta(0), by=INSTALLATION)

    upkeep(timezone.now() + timedelta(days=31))

    assert [secret.is_current for secret in key.secrets.all()] == [True]


def test_the_job_does_what_is_due_now(db):
    team = make_team(granted=10)
    teams.change(team, by=INSTALLATION, low_balance_credits=5000)

    jobs.upkeep()

    assert subjects() == SUBJECTS[:1]


def test_workers_know_the_job_and_beat_asks_for_it_every_minute():
    app.loader.import_default_modules()

    assert "upkeep" in app.tasks
    assert settings.CELERY_BEAT_SCHEDULE["upkeep"]["schedule"] == 60
