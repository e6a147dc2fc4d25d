"""Reads are paid for with the account's time, over all threads and processes."""

from datetime import timedelta

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


def stretch(account: ProviderAccount) -> timedelta:
    return (budget.MINUTE + budget.AHEAD) / (account.reads_a_minute - 1)


@pytest.mark.parametrize("reads_a_minute", [60, 900])
def test_no_minute_has_more_than_the_account_may_have(account, reads_a_minute):  # P18
    """The busiest minute there can be: all that may be ahead at its start, and then each as soon as it is free."""
    account.reads_a_minute = reads_a_minute
    ahead, reads = timedelta(0), 0
    for moment in (timedelta(milliseconds=each) for each in range(60_000)):
        while ahead <= moment + budget.AHEAD:
            ahead, reads = max(ahead, moment) + stretch(account), reads + 1

    assert reads <= reads_a_minute
    assert reads >= reads_a_minute - 1


def test_of_many_at_once_no_more_go_out_than_have_been_paid_for(account):  # P18
    started_at = timezone.now()

    taken = race(lambda _: budget.take(account), range(400), threads=16)

    account.refresh_from_db()
    elapsed = timezone.now() - started_at
    assert account.reads_free_at - started_at >= sum(taken) * stretch(account)
    assert budget.AHEAD / stretch(account) <= sum(taken) + 1
    assert sum(taken) <= (budget.AHEAD + elapsed) / stretch(account) + 1


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

    assert stretch(account) == timedelta(seconds=66 / 59)
    assert budget.take(account)
    assert not budget.take(other)


def test_after_later_there_is_no_read_until_then(account):  # P5
    budget.exhaust(account, seconds=60)

    account.refresh_from_db()
    assert not budget.take(account)
    assert account.reads_free_at - budget.AHEAD > timezone.now() + timedelta(seconds=55)
