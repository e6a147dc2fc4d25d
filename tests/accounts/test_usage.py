from datetime import UTC, date, datetime, timedelta
from itertools import count
from uuid import uuid4

import pytest

from accounts import credits, usage
from accounts.models import CreditEntry, EntryKind
from tests.factories import make_key, make_team

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
_sequence = count(1_000)


@pytest.fixture
def team(db):
    return make_team()


def spend(key, amount, *, at):
    """The entry of a charge, or with less than 0 of a refund, as it would have been posted then."""
    kind = EntryKind.CAPTURE if amount > 0 else EntryKind.REFUND
    figures = {"available_delta": 0, "held_delta": -amount, "spent_delta": amount}
    if kind == EntryKind.REFUND:
        figures = {"available_delta": -amount, "held_delta": 0, "spent_delta": amount}
    CreditEntry.objects.create(
        team=key.team,
        api_key=key,
        kind=kind,
        sequence=next(_sequence),
        hold_id=uuid4(),
        granted_delta=0,
        available_after=0,
        held_after=0,
        spent_after=100,
        granted_after=100,
        created_at=at,
        **figures,
    )


def daily_of(key, *, at=NOON):
    return usage.of_keys(key.team, [key], at=at)[key.pk]


def spent_on(key, *, at=NOON):
    """Of the days with spending alone, what was spent."""
    daily = daily_of(key, at=at)
    return {str(day): credits for day, credits in zip(daily.days, daily.credits, strict=True) if credits}


def test_there_are_thirty_days_and_today_is_the_last(team):
    key, _secret = make_key(team=team)

    daily = daily_of(key)

    assert (len(daily.days), daily.days[0], daily.days[-1]) == (30, date(2026, 10, 23), date(2026, 11, 21))
    assert (daily.credits, daily.total, daily.most) == ([0] * 30, 0, 0)


def test_what_is_spent_is_added_up_by_the_day(team):
    key, _secret = make_key(team=team)
    spend(key, 15, at=NOON)
    spend(key, 43, at=NOON - timedelta(hours=1))
    spend(key, 90, at=NOON - timedelta(days=29))
    spend(key, 1_000, at=NOON - timedelta(days=30))

    assert spent_on(key) == {"2026-10-23": 90, "2026-11-21": 58}
    assert (daily_of(key).total, daily_of(key).most) == (148, 90)


@pytest.mark.parametrize(
    ("zone", "day"), [("UTC", "2026-11-20"), ("Asia/Shanghai", "2026-11-21"), ("America/Los_Angeles", "2026-11-20")]
)
def test_days_are_those_of_the_teams_time_zone(team, zone, day):
    team.time_zone = zone
    team.save()
    key, _secret = make_key(team=team)
    spend(key, 15, at=datetime(2026, 11, 20, 20, tzinfo=UTC))

    assert spent_on(key) == {day: 15}


def test_days_of_twenty_three_and_twenty_five_hours_are_whole(team):
    team.time_zone = "Europe/Berlin"
    team.save()
    key, _secret = make_key(team=team)
    for hour in range(24 * 3):
        spend(key, 1, at=datetime(2026, 10, 23, 22, tzinfo=UTC) + timedelta(hours=hour))

    assert spent_on(key) == {"2026-10-24": 24, "2026-10-25": 25, "2026-10-26": 23}


def test_a_refund_is_taken_off_its_own_day(team):
    key, _secret = make_key(team=team)
    spend(key, 90, at=NOON - timedelta(days=3))
    spend(key, 40, at=NOON)
    spend(key, -90, at=NOON)

    assert spent_on(key) == {"2026-11-18": 90, "2026-11-21": -50}
    assert (daily_of(key).total, daily_of(key).most) == (40, 90)


def test_each_key_has_its_own_and_what_people_spend_is_nobodys(team):
    credits.grant(team, 1_000, note="for a test")
    ours, _secret = make_key(team=team)
    idle, _secret = make_key(team=team)
    for api_key_id, amount in [(ours.pk, 15), (None, 30)]:
        hold_id = uuid4()
        credits.hold(team.pk, amount + 5, hold_id=hold_id, api_key_id=api_key_id)
        credits.capture(hold_id, amount)
    held = uuid4()
    credits.hold(team.pk, 50, hold_id=held, api_key_id=ours.pk)

    daily = usage.of_keys(team, [ours, idle])

    assert {key_id: each.total for key_id, each in daily.items()} == {ours.pk: 15, idle.pk: 0}


def test_a_real_refund_counts_for_its_key(team):
    credits.grant(team, 1_000, note="for a test")
    key, _secret = make_key(team=team)
    hold_id = uuid4()
    credits.hold(team.pk, 90, hold_id=hold_id, api_key_id=key.pk)
    credits.capture(hold_id, 90)
    credits.refund(hold_id, 40, note="it was blurred")

    assert usage.of_keys(team, [key])[key.pk].total == 50


@pytest.mark.parametrize("number", [0, 1, 3])
def test_any_number_of_keys_is_one_query(team, django_assert_num_queries, number):
    keys = [make_key(team=team)[0] for _ in range(number)]

    with django_assert_num_queries(1 if number else 0):
        usage.of_keys(team, keys)
