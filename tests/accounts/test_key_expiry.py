from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.utils import timezone

from accounts import key_expiry, keys, teams
from accounts.actors import INSTALLATION
from accounts.key_settings import KeySettings
from accounts.models import ApiKey, Role, Team
from tests.factories import make_key, make_member, make_team, make_user
from tests.races import race

IN_30_DAYS = timezone.now() + timedelta(days=30)


def expiring(at=IN_30_DAYS, *, owner="", name="render farm"):
    key, _ = make_key(team=make_team(name="Lumière", owner=make_user(email=owner)), name=name, expires_at=at)
    return key


def test_a_week_before_the_team_is_told_once(db):
    key = expiring()
    week_before = IN_30_DAYS - timedelta(days=7)

    key_expiry.tell_due(week_before - timedelta(seconds=1))
    assert mail.outbox == []

    for days in (0, 1, 6):
        key_expiry.tell_due(week_before + timedelta(days=days))
    assert len(mail.outbox) == 1
    assert ApiKey.objects.get(pk=key.pk).expiry_told_at == week_before


def test_the_mail_names_the_key_the_moment_and_the_place_to_change_it(db, settings):
    moment = datetime(2030, 4, 1, 6, 30, tzinfo=UTC)
    key = expiring(moment, owner="ana@example.com")
    Team.objects.update(time_zone="Asia/Shanghai")
    make_member(team=key.team, role=Role.MEMBER)
    make_member(team=key.team, role=Role.ADMIN, user=make_user(email="ben@example.com"))

    key_expiry.tell_due(moment - timedelta(days=1))

    assert [message.to[0] for message in mail.outbox] == ["ana@example.com", "ben@example.com"]
    message = mail.outbox[0]
    assert message.subject == "The API key render farm of Lumière expires soon"
    assert "2030-04-01 14:30 (Asia/Shanghai)" in message.body
    assert f"{settings.PUBLIC_URL}/keys/{key.pk}/" in message.body


def test_another_date_is_warned_of_anew(db):
    key = expiring()
    key_expiry.tell_due(IN_30_DAYS - timedelta(days=1))

    later = KeySettings(name=key.name, expires_at=IN_30_DAYS + timedelta(days=30))
    keys.change(ApiKey.objects.get(pk=key.pk), later, by=INSTALLATION)
    key_expiry.tell_due(IN_30_DAYS)
    assert len(mail.outbox) == 1

    key_expiry.tell_due(IN_30_DAYS + timedelta(days=29))
    assert len(mail.outbox) == 2


def test_what_no_longer_works_is_not_warned_of(db):
    revoked, of_closed = expiring(), expiring()
    expiring(None)
    keys.revoke(revoked, by=INSTALLATION)
    teams.close(of_closed.team, by=INSTALLATION)
    key_expiry.tell_due(IN_30_DAYS - timedelta(days=1))
    assert mail.outbox == []

    expiring()
    key_expiry.tell_due(IN_30_DAYS)  # it has expired

    assert mail.outbox == []


def test_when_no_mail_can_be_sent_the_next_round_tells(db, monkeypatch):
    key = expiring()

    def down(*args):
        raise ConnectionRefusedError

    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", down)
        with pytest.raises(ConnectionRefusedError):
            key_expiry.tell_due(IN_30_DAYS - timedelta(days=1))
    assert ApiKey.objects.get(pk=key.pk).expiry_told_at is None

    key_expiry.tell_due(IN_30_DAYS - timedelta(days=1))
    assert len(mail.outbox) == 1


def test_ten_rounds_at_once_warn_of_each_key_once(transactional_db):
    for _ in range(5):
        expiring()

    race(lambda _: key_expiry.tell_due(IN_30_DAYS - timedelta(days=1)), range(10), threads=10)

    assert len(mail.outbox) == 5


def test_a_key_made_for_three_days_is_not_warned_of(db):
    expiring(timezone.now() + timedelta(days=3))

    key_expiry.tell_due()

    assert mail.outbox == []
