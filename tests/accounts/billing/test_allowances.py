from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from accounts import credits, teams
from accounts.actors import INSTALLATION, Actor
from accounts.billing import allowances
from accounts.models import Allowance, AuditAction, AuditEntry, CreditEntry, Team
from tests.factories import make_team, make_user
from tests.pipeline import assert_books_are_right, figures
from tests.races import race

NOON = datetime(2030, 3, 15, 12, tzinfo=UTC)
APRIL = datetime(2030, 4, 1, tzinfo=UTC)


def entitled(monthly=1000, *, granted=0, time_zone="UTC", since=NOON):
    team = make_team(granted=granted)
    Team.objects.filter(pk=team.pk).update(time_zone=time_zone)
    allowances.set_allowance(team, monthly, by=INSTALLATION, at=since)
    return team


def paid(team):
    rows = CreditEntry.objects.filter(team=team, allowance__isnull=False).order_by("sequence")
    return list(rows.values_list("allowance__period", "granted_delta"))


def test_a_team_is_topped_up_on_the_first_once(db):
    team = entitled(1000, granted=300)

    for moment in (NOON, APRIL - timedelta(seconds=1), APRIL, APRIL, APRIL + timedelta(days=29)):
        allowances.pay_due(moment)

    assert paid(team) == [("2030-04", 700)]
    assert Allowance.objects.get(team=team, period="2030-04").credits == 700
    assert figures(team) == (1000, 0, 0)
    assert_books_are_right()


def test_a_team_that_has_enough_gets_nothing_and_keeps_what_it_has(db):
    team = entitled(1000, granted=1500)

    allowances.pay_due(APRIL)
    credits.withdraw(team, 1500, note="gone after the first")
    allowances.pay_due(APRIL + timedelta(hours=1))

    assert paid(team) == []
    assert Allowance.objects.get(team=team, period="2030-04").credits == 0


def test_each_month_brings_the_difference(db):
    team = entitled(1000)
    allowances.pay_due(APRIL)
    hold_id = uuid4()
    credits.hold(team.pk, 400, hold_id=hold_id)
    credits.capture(hold_id, 400)

    allowances.pay_due(datetime(2030, 5, 1, tzinfo=UTC))

    assert paid(team) == [("2030-04", 1000), ("2030-05", 400)]
    assert_books_are_right()


def test_a_job_that_is_months_late_pays_the_current_month_alone(db):
    team = entitled(1000)

    allowances.pay_due(datetime(2030, 7, 20, tzinfo=UTC))

    assert paid(team) == [("2030-07", 1000)]


@pytest.mark.parametrize(
    ("time_zone", "first"),
    [
        ("Asia/Shanghai", datetime(2030, 3, 31, 16, tzinfo=UTC)),
        ("America/Los_Angeles", datetime(2030, 4, 1, 7, tzinfo=UTC)),  # summer time since 10 March
        ("Europe/Berlin", datetime(2030, 3, 31, 22, tzinfo=UTC)),  # summer time since that very day
        ("Asia/Kolkata", datetime(2030, 3, 31, 18, 30, tzinfo=UTC)),
        ("Pacific/Kiritimati", datetime(2030, 3, 31, 10, tzinfo=UTC)),
        ("UTC", APRIL),
    ],
)
def test_the_first_is_the_teams_own(db, time_zone, first):
    team = entitled(1000, time_zone=time_zone)

    allowances.pay_due(first - timedelta(seconds=1))
    assert paid(team) == []

    allowances.pay_due(first)
    assert paid(team) == [("2030-04", 1000)]


def test_winter_time_begins_on_a_first_and_pays_once(db):
    team = entitled(1000, time_zone="America/Los_Angeles", since=datetime(2026, 10, 15, tzinfo=UTC))
    midnight = datetime(2026, 11, 1, 7, tzinfo=UTC)  # the hour from 1 to 2 comes twice that night

    for hours in range(-2, 6):
        allowances.pay_due(midnight + timedelta(hours=hours))

    assert paid(team) == [("2026-11", 1000)]


def test_moving_back_across_a_month_end_pays_no_earlier_month(db):
    first_in_shanghai = datetime(2030, 3, 31, 17, tzinfo=UTC)
    team = entitled(1000, time_zone="Asia/Shanghai")
    allowances.pay_due(first_in_shanghai)
    credits.withdraw(team, 1000, note="gone")
    Allowance.objects.exclude(period="2030-04").delete()
    Team.objects.filter(pk=team.pk).update(time_zone="America/Los_Angeles")

    allowances.pay_due(first_in_shanghai)
    allowances.pay_due(APRIL + timedelta(days=1))

    assert paid(team) == [("2030-04", 1000)]


def test_a_new_allowance_begins_with_the_next_first(db):
    team = make_team()
    operator = make_user()

    allowances.set_allowance(team, 1000, by=Actor(user=operator), at=NOON)
    allowances.pay_due(NOON)

    assert paid(team) == []
    assert team.monthly_allowance_credits == 1000
    log = AuditEntry.objects.get(team=team, action=AuditAction.TEAM_CHANGED)
    assert (log.user, log.detail) == (operator, {"monthly_allowance_credits": [None, 1000]})


def test_setting_it_again_changes_nothing(db):
    team = entitled(1000)
    logged = AuditEntry.objects.count()

    allowances.set_allowance(team, 1000, by=INSTALLATION, at=NOON)

    assert AuditEntry.objects.count() == logged
    assert Allowance.objects.count() == 1


def test_a_change_before_a_late_job_does_not_cost_the_month(db):
    team = entitled(1000)

    allowances.set_allowance(team, 2000, by=INSTALLATION, at=APRIL)
    allowances.pay_due(APRIL)

    assert paid(team) == [("2030-04", 2000)]


def test_an_allowance_that_ends_pays_no_more_and_one_that_begins_anew_waits_again(db):
    team = entitled(1000)
    allowances.set_allowance(team, None, by=INSTALLATION, at=NOON)
    allowances.pay_due(APRIL)
    assert paid(team) == []

    allowances.set_allowance(team, 500, by=INSTALLATION, at=APRIL + timedelta(days=3))
    allowances.pay_due(APRIL + timedelta(days=4))
    assert paid(team) == []

    allowances.pay_due(datetime(2030, 5, 1, tzinfo=UTC))
    assert paid(team) == [("2030-05", 500)]


@pytest.mark.parametrize("wrong", [0, -1, 2**63])
def test_an_allowance_is_a_figure_above_0(db, wrong):  # L12
    team = make_team()

    with pytest.raises(ValueError, match="above 0"):
        allowances.set_allowance(team, wrong, by=INSTALLATION)

    assert Team.objects.get(pk=team.pk).monthly_allowance_credits is None


def test_a_team_that_is_being_closed_gets_none(db):
    team = entitled(1000)
    teams.close(team, by=INSTALLATION)

    allowances.pay_due(APRIL)

    assert paid(team) == []


def test_a_crash_after_the_grant_undoes_it_and_the_next_job_pays(db, monkeypatch):
    team = entitled(1000)
    with monkeypatch.context() as patch:
        patch.setattr(Allowance, "save", lambda *args, **kwargs: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            allowances.pay_due(APRIL)
    assert paid(team) == []

    allowances.pay_due(APRIL)

    assert paid(team) == [("2030-04", 1000)]


def test_the_job_twenty_times_at_once_pays_each_team_once(transactional_db):
    entitled_teams = [entitled(1000) for _ in range(10)]

    race(lambda _: allowances.pay_due(APRIL), range(20), threads=20)

    assert [paid(team) for team in entitled_teams] == [[("2030-04", 1000)]] * 10
    assert_books_are_right()


def test_a_job_with_nothing_to_do_asks_little(db, django_assert_num_queries):
    for _ in range(3):
        entitled(1000)

    with django_assert_num_queries(2):  # the zones, and who is due in the one
        allowances.pay_due(NOON)


def test_an_allowance_that_is_paid_is_in_the_audit_log(db):
    team, rich = entitled(1000, granted=300), entitled(1000, granted=1000)

    for _ in range(2):
        allowances.pay_due(APRIL)

    entry = AuditEntry.objects.get(action=AuditAction.ALLOWANCE_PAID)
    assert (entry.team, entry.user, entry.subject, entry.detail) == (team, None, "2030-04", {"credits": 700})
    assert rich.audit_entries.filter(action=AuditAction.ALLOWANCE_PAID).count() == 0
    (posted,) = team.credit_entries.filter(allowance__isnull=False)
    assert (posted.reason, posted.granted_delta) == ("Allowance of 2030-04", 700)
    assert_books_are_right()


def test_a_team_that_can_take_no_more_keeps_no_other_from_theirs(db, caplog):
    full = entitled(2**63 - 1, granted=2**63 - 1)
    hold_id = uuid4()
    credits.hold(full.pk, 1000, hold_id=hold_id)
    credits.capture(hold_id, 1000)
    others = [entitled(10) for _ in range(3)]

    allowances.pay_due(APRIL)

    assert [paid(team) for team in others] == [[("2030-04", 10)]] * 3
    assert paid(full) == []
    assert str(full.pk) in caplog.text
