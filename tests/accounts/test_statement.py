from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from django.db import connection

from accounts import credits, statement
from accounts.models import EntryKind, Team
from accounts.statement import Filters, Standing
from tests.factories import make_key, make_member, make_team

NOVEMBER = Filters(since=date(2026, 11, 1), until=date(2026, 11, 30))


def team_in(zone: str) -> Team:
    team = make_team()
    Team.objects.filter(pk=team.pk).update(time_zone=zone)
    team.refresh_from_db()
    return team


@pytest.fixture
def team(db):
    return make_team()


def post(team: Team, amount: int, at: datetime) -> None:
    """A grant or withdrawal as if it had been posted then."""
    entry = credits.grant(team, amount, note="") if amount > 0 else credits.withdraw(team, -amount, note="")
    with connection.cursor() as cursor:
        # A table with foreign keys still to be checked cannot be altered.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE accounts_creditentry DISABLE TRIGGER creditentry_is_append_only")
        cursor.execute("UPDATE accounts_creditentry SET created_at = %s WHERE id = %s", [at, entry.pk])
        cursor.execute("ALTER TABLE accounts_creditentry ENABLE TRIGGER creditentry_is_append_only")


def deltas(found: statement.Statement) -> list[int]:
    return [entry.available_delta for batch in found.batches() for entry in batch]


def test_opening_and_all_changes_make_closing(team):
    post(team, 1000, datetime(2026, 10, 31, 23, 59, 59, tzinfo=UTC))
    post(team, 200, datetime(2026, 11, 1, tzinfo=UTC))
    post(team, -30, datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC))
    post(team, -4, datetime(2026, 12, 1, tzinfo=UTC))

    found = statement.of(team, NOVEMBER)

    assert (found.opening.available, deltas(found), found.closing.available) == (1000, [200, -30], 1170)


@pytest.mark.parametrize(("zone", "expected"), [("UTC", [3]), ("Asia/Shanghai", [2, 3]), ("America/Lima", [3, 4])])
def test_days_are_those_of_the_teams_time_zone(db, zone, expected):
    team = team_in(zone)
    post(team, 1, datetime(2026, 11, 1, 15, 59, 59, tzinfo=UTC))
    post(team, 2, datetime(2026, 11, 1, 16, tzinfo=UTC))
    post(team, 3, datetime(2026, 11, 2, 12, tzinfo=UTC))
    post(team, 4, datetime(2026, 11, 3, 4, 59, 59, tzinfo=UTC))
    post(team, 5, datetime(2026, 11, 3, 5, tzinfo=UTC))

    found = statement.of(team, Filters(since=date(2026, 11, 2), until=date(2026, 11, 2)))

    assert deltas(found) == expected


def test_a_day_of_25_hours_has_them_all(db):
    team = team_in("America/New_York")
    post(team, 1, datetime(2026, 11, 1, 4, tzinfo=UTC))
    post(team, 2, datetime(2026, 11, 2, 4, 59, 59, tzinfo=UTC))
    post(team, 3, datetime(2026, 11, 2, 5, tzinfo=UTC))

    found = statement.of(team, Filters(since=date(2026, 11, 1), until=date(2026, 11, 1)))

    assert deltas(found) == [1, 2]


def test_months_follow_one_another_although_entries_were_numbered_out_of_order(team):
    post(team, 1, datetime(2026, 10, 31, 23, 59, 58, tzinfo=UTC))
    post(team, 2, datetime(2026, 11, 1, 0, 0, 1, tzinfo=UTC))
    post(team, 4, datetime(2026, 10, 31, 23, 59, 59, tzinfo=UTC))  # begun earlier, posted later
    post(team, 8, datetime(2026, 11, 1, 0, 0, 2, tzinfo=UTC))

    october = statement.of(team, Filters(until=date(2026, 10, 31)))
    november = statement.of(team, Filters(since=date(2026, 11, 1)))

    assert october.closing == november.opening
    assert deltas(october) + deltas(november) == [1, 2, 4, 8]
    assert sum(deltas(november)) == november.closing.available - november.opening.available


def test_the_ends_are_the_true_balance_whatever_is_filtered_by(team):
    credits.grant(team, 100, note="")
    credits.hold(team.pk, 40, hold_id=uuid4())

    found = statement.of(team, Filters(kind=EntryKind.GRANT))

    assert deltas(found) == [100]
    assert found.closing == Standing(sequence=2, available=60, held=40, spent=0, granted=100)


def test_before_the_first_entry_and_after_the_last_nothing_changes(team):
    post(team, 5, datetime(2026, 11, 5, tzinfo=UTC))

    before = statement.of(team, Filters(until=date(2026, 11, 4)))
    after = statement.of(team, Filters(since=date(2026, 11, 6)))

    assert (before.opening, before.closing, deltas(before)) == (Standing(), Standing(), [])
    assert (after.opening.available, after.closing.available, deltas(after)) == (5, 5, [])


def test_what_is_posted_meanwhile_is_not_in_it(team):
    credits.grant(team, 1, note="")
    found = statement.of(team, Filters())
    credits.grant(team, 2, note="")

    assert deltas(found) == [1]
    assert [entry.available_delta for entry in found.newest_first()] == [1]


def test_the_oldest_come_first_in_batches(team, monkeypatch):
    monkeypatch.setattr(statement, "BATCH", 2)
    for amount in range(1, 6):
        credits.grant(team, amount, note="")

    found = statement.of(team, Filters())

    assert [[entry.available_delta for entry in batch] for batch in found.batches()] == [[1, 2], [3, 4], [5]]


def test_by_key_and_by_member(team):
    credits.grant(team, 1000, note="")
    key, _ = make_key(team=team)
    member = make_member(team=team)
    of_key, of_member = uuid4(), uuid4()
    credits.hold(team.pk, 10, hold_id=of_key, api_key_id=key.pk)
    credits.hold(team.pk, 20, hold_id=of_member, member_id=member.pk)
    credits.capture(of_key, 4)
    credits.release(of_member)

    assert deltas(statement.of(team, Filters(api_key=key))) == [-10, 6]
    assert deltas(statement.of(team, Filters(member=member))) == [-20, 20]
    assert deltas(statement.of(team, Filters(api_key=key, kind=EntryKind.HOLD))) == [-10]


def test_another_teams_key_finds_nothing(team):
    key, _ = make_key()
    credits.grant(key.team, 100, note="")
    credits.hold(key.team_id, 10, hold_id=uuid4(), api_key_id=key.pk)

    assert deltas(statement.of(team, Filters(api_key=key))) == []
