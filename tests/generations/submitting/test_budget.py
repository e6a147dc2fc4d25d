"""Reads are paid for with the account's time, over all threads and processes."""

import time
from datetime import timedelta
from itertools import pairwise

import pytest
from django.utils import timezone

from generations.models import ProviderAccount
from generations.submitting import budget
from tests.factories import make_account
from tests.races import race

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def account() -> ProviderAccount:
    return make_account(base_url="http://127.0.0.1:9")


@pytest.mark.parametrize("reads_a_minute", [60, 900])
def test_no_minute_has_more_than_the_account_may_have(account, reads_a_minute):  # P18
    """The busiest minute there can be: all that may be ahead at its start, and then each as soon as it is free."""
    account.reads_a_minute = reads_a_minute
    ahead, reads = timedelta(0), 0
    for moment in (timedelta(milliseconds=each) for each in range(60_000)):
        while ahead <= moment + budget.AHEAD:
            ahead, reads = max(ahead, moment) + budget.stretch(account), reads + 1

    assert reads <= reads_a_minute
    assert reads >= reads_a_minute - 1


def test_of_many_at_once_no_more_go_out_than_have_been_paid_for(account):  # P18
    started_at = timezone.now()

    taken = race(lambda _: budget.take(account), range(400), threads=16)

    account.refresh_from_db()
    elapsed = timezone.now() - started_at
    assert account.reads_free_at - started_at >= sum(taken) * budget.stretch(account)
    assert budget.AHEAD / budget.stretch(account) <= sum(taken) + 1
    assert sum(taken) <= (budget.AHEAD + elapsed) / budget.stretch(account) + 1


def test_what_was_spent_comes_back_with_the_time(account):
    ProviderAccount.objects.update(reads_free_at=timezone.now() + budget.AHEAD + timedelta(seconds=5))
    spent = budget.take(account)
    ProviderAccount.objects.update(reads_free_at=timezone.now() - timedelta(hours=1))

    assert (spent, budget.take(account)) == (False, True)
    account.refresh_from_db()
    assert account.reads_free_at > timezone.now() - timedelta(seconds=30)  # an idle hour is not saved up


def test_each_account_has_figures_of_its_own(account):
    other = make_account(base_url="http://127.0.0.1:9")
    ProviderAccount.objects.filter(id=account.id).update(reads_a_minute=60)
    account.refresh_from_db()
    budget.exhaust(other, seconds=60)

    assert budget.stretch(account) == timedelta(seconds=66 / 59)
    assert budget.take(account)
    assert not budget.take(other)


def test_after_later_there_is_no_read_until_then(account):  # P5
    budget.exhaust(account, seconds=60)

    account.refresh_from_db()
    assert not budget.take(account)
    assert account.reads_free_at - budget.AHEAD > timezone.now() + timedelta(seconds=55)


@pytest.mark.parametrize("reads_a_second", [1, 2, 5])
def test_no_second_has_more_than_the_account_may_have(account, reads_a_second):  # P18
    account.reads_a_second = reads_a_second
    ends_at = time.monotonic() + 3

    def read(_number: int) -> list[float]:
        turns = []
        while time.monotonic() < ends_at:
            if budget.take(account):
                turns.append(time.monotonic())
        return turns

    turns = sorted(turn for each in race(read, range(6), threads=6) for turn in each)

    assert all(later - turn > 1 for turn, later in zip(turns, turns[reads_a_second:], strict=False))
    assert len(turns) >= 3 // budget.stretch(account).total_seconds()


def test_reads_of_a_second_go_out_one_after_the_other(account):
    account.reads_a_second = 4

    turns = [time.monotonic() for _ in range(4) if budget.take(account)]

    assert [later - turn for turn, later in pairwise(turns)] == pytest.approx([1.25 / 4] * 3, abs=0.15)


def test_of_an_account_with_both_limits_the_narrower_one_holds(account):
    account.reads_a_second = 5
    of_second = budget.stretch(account)
    account.reads_a_minute = 60

    assert of_second == timedelta(seconds=1.25 / 5)
    assert budget.stretch(account) == timedelta(seconds=66 / 59)


@pytest.mark.parametrize("wait", [timedelta(0), budget.WAIT])
def test_a_turn_that_comes_later_is_not_waited_for(account, wait):
    account.reads_a_second = 1
    budget.take(account)

    began_at = time.monotonic()
    taken = budget.take(account, wait=wait)

    assert not taken
    assert time.monotonic() - began_at < 0.3


@pytest.mark.parametrize(("reads_a_second", "has_any"), [(None, True), (5, True), (1, False)])
def test_whether_there_is_a_read_left_goes_by_how_long_its_turn_is_waited_for(account, reads_a_second, has_any):
    ProviderAccount.objects.update(reads_a_second=reads_a_second)
    account.refresh_from_db()
    budget.take(account)

    assert ProviderAccount.objects.filter(budget.may_read()).exists() == has_any


def test_after_later_one_with_turns_is_not_held_up_for_longer(account):  # P5
    ProviderAccount.objects.update(reads_a_second=5)
    account.refresh_from_db()
    budget.exhaust(account, seconds=2)

    account.refresh_from_db()
    assert not budget.take(account)
    assert account.reads_free_at < timezone.now() + timedelta(seconds=3)
