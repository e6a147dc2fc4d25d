from uuid import uuid4

import pytest

from accounts import credits
from accounts.audit import audit
from accounts.models import CreditBalance, CreditEntry
from accounts.models.credits import SETTLING_KINDS
from tests.factories import make_team
from tests.races import race


def test_ten_thousand_holds_at_once_are_granted_to_the_last_whole_one_and_no_further(transactional_db):  # L1
    team = make_team(granted=100_000)

    def hold(hold_id):
        try:
            credits.hold(team.pk, 43, hold_id=hold_id)
        except credits.InsufficientCredits as refusal:
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
    assert CreditEntry.objects.filter(kind__in=SETTLING_KINDS).count() == number
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
