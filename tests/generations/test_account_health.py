from datetime import timedelta

import pytest
from django.utils import timezone
from uuid_utils.compat import uuid7

from generations import account_health
from generations.models import Generation, ProviderAccount, Submission
from generations.submitting import budget, circuit
from tests.api import asked, completed, ensure_prices, running
from tests.factories import make_account, make_submission, make_team
from tests.pages import queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def team():
    ensure_prices()
    return make_team(granted=10_000)


@pytest.fixture
def account():
    return make_account(base_url="https://provider.example", label="first", priority=1)


def health(label: str = "first") -> account_health.Health:
    return next(each for each in account_health.all_accounts() if each.account.label == label)


def ended(generation, account, *, seconds: float, outcome: str = "succeeded") -> None:
    now = timezone.now()
    submission = make_submission(generation=generation, account=account, provider_task_id=uuid7().hex)
    Submission.objects.filter(pk=submission.pk).update(
        outcome=outcome, created_at=now - timedelta(seconds=seconds), bound_at=now, ended_at=now, next_at=None
    )


def test_an_account_that_has_nothing_to_do(account):
    found = health()

    assert (found.running, found.unanswered, found.endless, found.ended, found.failures) == (0, 0, 0, 0, 0)
    assert (found.waiting_since, found.median_seconds, found.answered_at, found.success_percent) == (None,) * 4
    assert (found.busy_until, found.reads_free_at) == (None, None)


def test_what_runs_and_what_has_no_answer_are_counted(team, account):
    make_submission(generation=running(team), account=account, provider_task_id="one")
    make_submission(generation=running(team), account=account)
    long_ago = make_submission(generation=running(team), account=account)
    Submission.objects.filter(pk=long_ago.pk).update(created_at=timezone.now() - timedelta(minutes=30))

    found = health()

    assert (found.running, found.unanswered) == (3, 1)
    assert found.endless == 1


def test_the_hour_s_success_and_its_median(team, account):
    for seconds in (10, 20, 60):
        ended(completed(team), account, seconds=seconds)
    ended(completed(team), account, seconds=5, outcome="PROVIDER_ERROR")

    found = health()

    assert (found.ended, found.succeeded, found.success_percent) == (4, 3, 75.0)
    assert found.median_seconds == pytest.approx(20, abs=0.1)
    assert timezone.now() - found.answered_at < timedelta(seconds=5)


def test_what_was_never_sent_is_no_answer(team, account):
    submission = make_submission(generation=asked(team), account=account)
    Submission.objects.filter(pk=submission.pk).update(outcome="not_sent", ended_at=timezone.now())

    assert (health().ended, health().answered_at) == (1, None)


def test_the_oldest_in_the_queue_is_of_what_the_account_can_make(team, account):
    make_account(base_url="https://other.example", label="images", provider="seedance2api", priority=2)
    first = asked(team)
    asked(team)

    assert health().waiting_since == Generation.objects.get(pk=first.pk).created_at
    assert health("images").waiting_since is None


def test_failures_count_while_their_window_lasts_and_while_the_circuit_is_open(account):
    for _ in range(3):
        circuit.fail(account)
    counting = health().failures
    ProviderAccount.objects.update(failing_since=timezone.now() - timedelta(minutes=1))
    over = health().failures
    now = timezone.now()
    ProviderAccount.objects.update(circuit_opened_at=now, probe_at=now)

    assert (counting, over, health().failures) == (3, 0, 3)


def test_reads_that_are_spent_say_until_when(account):
    budget.exhaust(account, seconds=60)

    until = health().reads_free_at

    assert timedelta(seconds=55) < until - timezone.now() <= timedelta(seconds=60)


def test_many_accounts_cost_no_more_queries_than_one(team, account):
    with queries(4):
        account_health.all_accounts()
    for number in range(5):
        made = make_account(base_url="https://provider.example", label=f"more {number}", priority=number)
        make_submission(generation=running(team), account=made, provider_task_id=f"of {number}")

    with queries(4):
        assert len(account_health.all_accounts()) == 6
