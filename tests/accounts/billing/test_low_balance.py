import json
from uuid import uuid4

import pytest
from django.core import mail
from standardwebhooks import Webhook

from accounts import credits, teams
from accounts.actors import INSTALLATION
from accounts.billing import low_balance
from accounts.models import Role, Team, WebhookDelivery, WebhookEvent
from accounts.webhooks import signing
from tests.factories import make_endpoint, make_member, make_team, make_user
from tests.races import race
from tests.receiver import Receiver
from tests.webhooks import deliver


def watched(*, granted=1000, threshold=500, **settings):
    owner = make_user(email=settings.pop("owner", ""), language="en")
    team = make_team(name="Lumière", owner=owner, granted=granted)
    return teams.change(team, by=INSTALLATION, low_balance_credits=threshold, **settings)


def told(team):
    return Team.objects.get(pk=team.pk).low_balance_told_at is not None


def test_a_team_is_told_when_it_falls_below_and_once(db):
    team = watched()
    make_endpoint(team=team, events=["credits.low"])
    low_balance.tell_due()
    credits.withdraw(team, 500, note="to the threshold")
    low_balance.tell_due()
    assert mail.outbox == []

    credits.withdraw(team, 1, note="below")
    low_balance.tell_due()
    low_balance.tell_due()
    credits.withdraw(team, 100, note="further below")
    low_balance.tell_due()

    assert len(mail.outbox) == 1
    assert told(team)
    assert (WebhookEvent.objects.count(), WebhookDelivery.objects.count()) == (1, 1)


def test_where_no_endpoint_chose_it_there_is_mail_alone(db):
    team = watched(granted=1)
    make_endpoint(team=team, events=["task.completed"])
    make_endpoint(team=make_team(), events=["credits.low"])

    low_balance.tell_due()

    assert told(team)
    assert (len(mail.outbox), WebhookEvent.objects.count()) == (1, 0)


def test_it_is_told_again_when_it_falls_again(db):
    team = watched(granted=499)
    make_endpoint(team=team, events=["credits.low"])
    low_balance.tell_due()
    credits.grant(team, 1, note="back at the threshold")
    low_balance.tell_due()
    assert not told(team)

    credits.withdraw(team, 1, note="and below")
    low_balance.tell_due()

    assert len(mail.outbox) == 2
    assert WebhookEvent.objects.filter(type="credits.low").count() == 2


@pytest.mark.parametrize("threshold", [None, 100])
def test_a_threshold_that_is_lowered_or_ended_forgets(db, threshold):
    team = watched(granted=300)
    low_balance.tell_due()
    Team.objects.filter(pk=team.pk).update(low_balance_credits=threshold)

    low_balance.tell_due()

    assert not told(team)
    assert len(mail.outbox) == 1


def test_owners_and_admins_are_told_each_in_their_language(db, settings):
    team = watched(granted=1234, threshold=5000, owner="ana@example.com")
    make_member(team=team, role=Role.ADMIN, user=make_user(email="li@example.com", language="zh-hans"))
    for role in (Role.MEMBER, Role.VIEWER):
        make_member(team=team, role=role)
    gone = make_member(team=team, role=Role.ADMIN)
    gone.is_active = False
    gone.save()

    low_balance.tell_due()

    assert {message.to[0] for message in mail.outbox} == {"ana@example.com", "li@example.com"}
    english = next(message for message in mail.outbox if message.to == ["ana@example.com"])
    assert english.subject == "Lumière is low on credits"
    for words in ("Available: 1,234", "Alert below: 5,000", f"{settings.PUBLIC_URL}/credits/buy/"):
        assert words in english.body


def test_a_hostile_name_stays_text_on_one_line(db):
    team = watched(granted=1)
    Team.objects.filter(pk=team.pk).update(name="a\nBcc: x@evil.example <b>&amp; https://evil.example")

    low_balance.tell_due()

    (message,) = mail.outbox
    assert "\n" not in message.subject
    assert "https://evil" not in message.subject + message.body
    assert "<b>&amp;" in message.body


def test_the_event_reaches_the_endpoint_that_chose_it_signed(transactional_db, settings):
    settings.ALLOW_PRIVATE_HOSTS = ("127.0.0.1",)
    with Receiver() as receiver:
        team = watched(granted=300)
        endpoint = make_endpoint(team=team, url=receiver.url("/alerts"), events=["credits.low"])
        low_balance.tell_due()
        deliver()

    (request,) = receiver.requests
    body = Webhook(signing.current(endpoint)).verify(request.body, dict(request.headers))
    assert json.loads(request.body) == body
    assert body.pop("created_at").endswith("+00:00")
    assert body == {"event": "credits.low", "team_id": str(team.pk), "available": 300, "threshold": 500}


def test_when_no_mail_can_be_sent_the_event_stands_and_the_next_round_mails(db, monkeypatch):
    team = watched(granted=1)
    make_endpoint(team=team, events=["credits.low"])
    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", _down)
        with pytest.raises(OSError, match="down"):
            low_balance.tell_due()
    assert told(team)
    assert WebhookDelivery.objects.count() == 1

    low_balance.tell_due()
    low_balance.tell_due()

    assert (len(mail.outbox), WebhookDelivery.objects.count()) == (1, 1)


def test_mails_that_were_due_are_not_sent_once_all_is_right_again(db, monkeypatch):
    team = watched(granted=1)
    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", _down)
        with pytest.raises(OSError, match="down"):
            low_balance.tell_due()
    credits.grant(team, 1000, note="enough")

    low_balance.tell_due()

    assert mail.outbox == []


def test_a_hold_and_its_release_tell_nobody_and_what_is_spent_tells_once(db):
    team = watched(granted=600)
    make_endpoint(team=team, events=["credits.low"])
    for _ in range(3):
        hold_id = uuid4()
        credits.hold(team.pk, 200, hold_id=hold_id)
        low_balance.tell_due()
        credits.release(hold_id)
        low_balance.tell_due()
    assert not told(team)

    hold_id = uuid4()
    credits.hold(team.pk, 200, hold_id=hold_id)
    credits.capture(hold_id, 200)
    for _ in range(3):
        low_balance.tell_due()
        hold_id = uuid4()
        credits.hold(team.pk, 100, hold_id=hold_id)
        low_balance.tell_due()
        credits.release(hold_id)

    assert (len(mail.outbox), WebhookEvent.objects.count()) == (1, 1)


def _down(*args):
    raise ConnectionRefusedError("down")


def test_a_team_that_is_being_closed_is_not_told(db):
    team = watched(granted=1)
    teams.close(team, by=INSTALLATION)

    low_balance.tell_due()

    assert mail.outbox == []


def test_ten_rounds_at_once_tell_each_team_once(transactional_db):
    watched_teams = [watched(granted=1) for _ in range(5)]
    for team in watched_teams:
        make_endpoint(team=team, events=["credits.low"])

    race(lambda _: low_balance.tell_due(), range(10), threads=10)

    assert len(mail.outbox) == WebhookEvent.objects.count() == 5
    assert all(told(team) for team in watched_teams)


def test_a_round_with_nobody_to_tell_asks_little(db, django_assert_num_queries):
    for _ in range(3):
        watched()

    with django_assert_num_queries(3):  # who is above again, who is below, and whose mails are due
        low_balance.tell_due()
