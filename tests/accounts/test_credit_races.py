from threading import Barrier
from uuid import uuid4

import pytest
from django.db import OperationalError, transaction
from django.db.models.functions import Now

from accounts import credits
from accounts.audit import audit
from accounts.models import ApiKey, BudgetUse, CreditBalance, CreditEntry, EntryKind, Membership, Team
from accounts.refusals import InsufficientCredits, TeamClosing
from tests.factories import make_key, make_member, make_team
from tests.races import meanwhile, race


def test_ten_thousand_holds_at_once_are_granted_to_the_last_whole_one_and_no_further(transactional_db):  # L1
    team = make_team(granted=100_000)

    def hold(hold_id):
        try:
            credits.hold(team.pk, 43, hold_id=hold_id)
        except InsufficientCredits as refusal:
            return refusal.available
        return None

    refused_at = race(hold, [uuid4() for _ in range(10_000)], threads=64)

    assert refused_at.count(None) == 100_000 // 43 == 2_325
    assert {available for available in refused_at if available is not None} == {25}
    balance = CreditBalance.objects.get(team=team)
    assert (balance.available, balance.held, balance.spent) == (25, 99_975, 0)
    assert audit() == []


@pytest.mark.parametrize("number", [50, pytest.param(500, marks=pytest.mark.faults)])
def test_of_twenty_who_settle_one_hold_together_one_wins(transactional_db, number):  # L4
    team = make_team(granted=number * 43)
    holds = [uuid4() for _ in range(number)]
    for hold_id in holds:
        credits.hold(team.pk, 43, hold_id=hold_id)

    def settle(racer):
        hold_id, way = racer
        try:
            return credits.capture(hold_id, 43) if way % 2 else credits.release(hold_id)
        except credits.HoldSettledOtherwise:
            return False

    racers = [(hold_id, way) for hold_id in holds for way in range(20)]
    won = race(settle, racers, threads=20)

    assert won.count(True) == number
    assert CreditEntry.objects.filter(kind__in=(EntryKind.CAPTURE, EntryKind.RELEASE)).count() == number
    balance = CreditBalance.objects.get(team=team)
    assert (balance.held, balance.available + balance.spent) == (0, number * 43)
    assert audit() == []


def test_holds_of_two_teams_in_crossed_order_lose_nothing(transactional_db):
    teams = [make_team(granted=10_000), make_team(granted=10_000)]

    def hold_and_settle(turn):
        hold_id = uuid4()
        credits.hold(teams[turn % 2].pk, 7, hold_id=hold_id)
        return credits.capture(hold_id, 5)

    settled = race(hold_and_settle, range(400), threads=16)

    assert settled == [True] * 400
    assert [CreditBalance.objects.get(team=team).spent for team in teams] == [1_000, 1_000]
    assert audit() == []


@pytest.mark.parametrize("number", [200, pytest.param(2_000, marks=pytest.mark.faults)])
def test_opposite_postings_to_two_teams_neither_lose_a_credit_nor_wait_in_a_circle(transactional_db, number):  # L14
    teams = [make_team(granted=10_000), make_team(granted=10_000)]
    earlier = [[uuid4() for _ in range(number // 2)] for _ in teams]
    for team, hold_ids in zip(teams, earlier, strict=True):
        with transaction.atomic():
            for hold_id in hold_ids:
                credits.hold(team.pk, 3, hold_id=hold_id)

    def cross(turn):
        one, other = turn % 2, 1 - turn % 2
        try:
            with transaction.atomic():
                for team_id in sorted(team.pk for team in teams):
                    credits.lock(team_id)
                credits.hold(teams[one].pk, 2, hold_id=uuid4())
                credits.release(earlier[other][turn // 2])
                credits.withdraw(teams[one], 1, note="to the other")
                credits.grant(teams[other], 1, note="from the other")
        except OperationalError as error:
            return str(error)
        return None

    failures = race(cross, range(number), threads=16)

    assert failures == [None] * number
    balances = [CreditBalance.objects.get(team=team) for team in teams]
    assert [(row.available, row.held, row.granted) for row in balances] == [(10_000 - number, number, 10_000)] * 2
    assert audit() == []


@pytest.mark.parametrize("owner", ["team", "key", "member"])
def test_a_budget_with_room_for_seven_holds_seven_of_two_hundred_at_once(transactional_db, owner):
    team = make_team(granted=100_000)
    key, member = make_key(team=team)[0], make_member(team=team)
    asker = {"member_id": member.pk} if owner == "member" else {"api_key_id": key.pk}
    rows = {
        "team": Team.objects.filter(pk=team.pk),
        "key": ApiKey.objects.filter(pk=key.pk),
        "member": Membership.objects.filter(user=member),
    }
    rows[owner].update(lifetime_budget_credits=7 * 43 + 42)

    def hold(hold_id):
        try:
            credits.hold(team.pk, 43, hold_id=hold_id, **asker)
        except InsufficientCredits as refusal:
            return refusal.limit_source, refusal.available
        return None

    answers = race(hold, [uuid4() for _ in range(200)], threads=32)

    assert answers.count(None) == 7
    assert set(answers) == {None, (f"{owner}_budget", 42)}
    assert audit() == []


def test_a_limit_that_is_lowered_while_holds_are_in_flight_is_not_overrun_by_one(transactional_db):
    team = make_team(granted=1_000_000)
    key, _ = make_key(team=team)
    begun = Barrier(2)

    def hold(number):
        if number == 40:
            begun.wait(30)
        try:
            credits.hold(team.pk, 1, hold_id=uuid4(), api_key_id=key.pk)
        except InsufficientCredits:
            return False
        return True

    def lower():
        begun.wait(30)
        with transaction.atomic():
            lowered_at.append(credits.lock(team.pk).sequence)
            ApiKey.objects.filter(pk=key.pk).update(monthly_budget_credits=0)

    lowered_at: list[int] = []
    with meanwhile(lower):
        held = race(hold, range(400), threads=16)

    assert set(held) == {True, False}
    assert CreditEntry.objects.latest("sequence").sequence == lowered_at[0]
    assert BudgetUse.objects.get(api_key=key, period="lifetime").used_credits == held.count(True)
    assert audit() == []


def test_a_team_that_begins_to_close_while_holds_are_in_flight_has_none_after_that(transactional_db):  # K10
    team = make_team(granted=1_000_000)
    begun = Barrier(2)

    def hold(number):
        if number == 40:
            begun.wait(30)
        try:
            credits.hold(team.pk, 1, hold_id=uuid4())
        except TeamClosing:
            return False
        return True

    def close():
        begun.wait(30)
        with transaction.atomic():
            closed_at.append(credits.lock(team.pk).sequence)
            Team.objects.filter(pk=team.pk).update(closing_at=Now())

    closed_at: list[int] = []
    with meanwhile(close):
        held = race(hold, range(400), threads=16)

    assert set(held) == {True, False}
    assert CreditEntry.objects.latest("sequence").sequence == closed_at[0]


def test_refunds_at_once_give_back_no_more_than_was_captured(transactional_db):
    team = make_team(granted=1_000)
    hold_id = uuid4()
    credits.hold(team.pk, 100, hold_id=hold_id)
    credits.capture(hold_id, 100)

    def refund(_):
        try:
            credits.refund(hold_id, 30, note="too dark")
        except ValueError:
            return False
        return True

    refunded = race(refund, range(20), threads=10)

    assert refunded.count(True) == 3
    assert CreditBalance.objects.get(team=team).spent == 10
    assert audit() == []


def test_top_ups_at_once_fill_up_once_and_take_backs_take_no_more_than_there_is(transactional_db):
    team = make_team(granted=40)

    added = race(lambda _: credits.top_up(team, 100), range(20), threads=10)
    taken = race(lambda _: credits.take_back(team, 30), range(20), threads=10)

    assert (sum(added), max(added)) == (60, 60)
    assert sorted(taken, reverse=True)[:4] == [30, 30, 30, 10]
    assert sum(taken) == 100
    assert audit() == []


def test_a_hold_does_not_wait_for_another_teams_balance(transactional_db):  # L18
    hammered, other = make_team(granted=100), make_team(granted=100)

    with transaction.atomic():
        credits.hold(hammered.pk, 1, hold_id=uuid4())
        (entry,) = race(lambda hold_id: credits.hold(other.pk, 1, hold_id=hold_id), [uuid4()], threads=1)

    assert entry.team_id == other.pk
