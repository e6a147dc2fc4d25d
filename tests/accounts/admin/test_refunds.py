from uuid import uuid4

import pytest
from django.urls import reverse

from accounts import budgets, credits
from accounts.models import AuditEntry, CreditEntry
from tests.factories import make_key, make_team, make_user
from tests.pages import browser_of, text_of
from tests.pipeline import assert_books_are_right, figures
from tests.races import race


def url_of(team):
    return reverse("admin:accounts_team_refund", args=[team.pk])


def charge(team, amount, **asker):
    hold_id = uuid4()
    credits.hold(team.pk, amount, hold_id=hold_id, **asker)
    credits.capture(hold_id, amount)
    return hold_id


def filled_in(hold_id, **given):
    return {"form_key": str(uuid4()), "hold_id": str(hold_id), "credits": "30", "note": "it was black", **given}


@pytest.fixture
def team(db):
    return make_team(granted=100)


def test_a_refund_gives_a_charge_back_and_its_budgets_too(admin_client, admin_user, team):
    key, _ = make_key(team=team)
    hold_id = charge(team, 40, api_key_id=key.pk)
    form = filled_in(hold_id)

    shown = text_of(admin_client.post(url_of(team), form))
    assert str(hold_id) in shown
    assert 'name="refunded_before" value="0"' in shown
    assert figures(team) == (60, 0, 40)
    response = admin_client.post(url_of(team), form | {"refunded_before": "0", "confirmed": "1"})

    assert response.status_code == 302
    assert figures(team) == (90, 0, 10)
    assert budgets.of_key(key).monthly.used == 10
    entry = CreditEntry.objects.get(kind="refund")
    assert (entry.note, entry.actor) == ("it was black", admin_user)
    log = AuditEntry.objects.get(subject_id=hold_id)
    assert (log.team, log.user, log.subject) == (team, admin_user, "it was black")
    assert log.detail == {"credits": 30, "available": 90}
    assert_books_are_right()


def test_one_form_refunds_once(admin_client, team):
    form = filled_in(charge(team, 90), refunded_before="0", confirmed="1")

    answers = [admin_client.post(url_of(team), form).status_code for _ in range(3)]

    assert answers == [302] * 3
    assert figures(team) == (40, 0, 60)


def test_one_form_sent_ten_times_at_once_refunds_once(transactional_db):
    team = make_team(granted=400)
    operator = make_user()
    operator.is_staff = operator.is_superuser = True
    operator.save()
    form = filled_in(charge(team, 400), refunded_before="0", confirmed="1")
    browsers = [browser_of(operator) for _ in range(10)]

    answers = race(lambda browser: browser.post(url_of(team), form).status_code, browsers, threads=10)

    assert answers == [302] * 10
    assert figures(team) == (30, 0, 370)


@pytest.mark.parametrize(
    "wrong", [{"credits": "41"}, {"credits": "0"}, {"credits": "-1"}, {"note": ""}, {"hold_id": "x"}]
)
def test_what_makes_no_sense_is_refused(admin_client, team, wrong):  # L12
    hold_id = charge(team, 40)

    response = admin_client.post(url_of(team), filled_in(hold_id) | wrong | {"confirmed": "1"})

    assert response.status_code == 200
    assert figures(team) == (60, 0, 40)


def test_the_charge_of_another_team_is_not_there(admin_client, team):  # A2
    other = make_team(granted=100)
    hold_id = charge(other, 40)

    response = admin_client.post(url_of(team), filled_in(hold_id, confirmed="1"))

    assert "has no such generation" in text_of(response)
    assert figures(other) == (60, 0, 40)


def test_what_was_given_back_already_cannot_be_refunded(admin_client, team):
    hold_id = uuid4()
    credits.hold(team.pk, 40, hold_id=hold_id)
    credits.release(hold_id)

    response = admin_client.post(url_of(team), filled_in(hold_id, confirmed="1"))

    assert response.status_code == 200
    assert figures(team) == (100, 0, 0)
