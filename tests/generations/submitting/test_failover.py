"""Several accounts for one model: what one fails at, another makes, and nothing is made twice."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from generations.models import Generation, ProviderAccount, Submission
from generations.submitting import submit
from tests.api import asked
from tests.factories import make_account
from tests.pipeline import figures, finish, hurry, work
from tests.sandbox_process import SandboxProcess

UNREACHABLE = "http://127.0.0.1:9/api/v1"


@pytest.fixture
def three(team, account, sandbox) -> Iterator[list[ProviderAccount]]:
    """The first accepts no connection, the second answers its documented 500, the third works."""
    failing = SandboxProcess()
    failing.set_fault("500")
    ProviderAccount.objects.update(priority=3)
    first = make_account(base_url=UNREACHABLE, label="refuses", priority=1)
    second = make_account(base_url=failing.api_url, label="fails", priority=2)
    yield [first, second, account]
    failing.stop()


@pytest.fixture
def two(account, sandbox) -> list[ProviderAccount]:
    """An account of each of two providers that make Seedance 2.0."""
    return [account, make_account(base_url=sandbox.url, provider="see2ai", priority=200)]


def accounts_asked(generation) -> list[str]:
    return list(generation.submissions.order_by("created_at").values_list("account__provider", flat=True))


def test_what_one_provider_says_it_failed_at_another_makes(team, two, sandbox):  # P6
    sandbox.set_fault("500", count=1)
    generation = asked(team)

    finish(generation)

    assert generation.state == "completed"
    assert accounts_asked(generation) == ["vibegen", "see2ai"]
    assert sandbox.state()["accepted"] == 1
    assert figures(team) == (985, 0, 15)


def test_where_all_of_them_fail_it_has_failed_with_the_credits_back(team, two, sandbox):  # P6, L5
    sandbox.set_fault("500")
    generation = asked(team)

    finish(generation)

    assert (generation.state, generation.failure_code) == ("failed", "PROVIDER_ERROR")
    assert accounts_asked(generation) == ["vibegen", "see2ai"]
    assert figures(team) == (1000, 0, 0)


def test_what_the_request_itself_is_to_blame_for_goes_to_nobody_else(team, two, sandbox):
    sandbox.set_fault("reject")
    generation = asked(team)

    finish(generation)

    assert generation.state == "failed"
    assert accounts_asked(generation) == ["vibegen"]


def test_what_may_have_been_made_goes_to_nobody_else(team, two, sandbox):  # P3
    sandbox.set_fault("reset")
    generation = asked(team)

    submit.crew.run()
    generation.refresh_from_db()

    assert generation.state == "unconfirmed"
    assert Submission.objects.count() == sandbox.state()["creates"] == 1


def test_of_three_accounts_the_one_that_works_makes_all_of_it(team, three, sandbox):  # P1 P6 P11
    generations = [asked(team) for _ in range(12)]

    finish(*generations, seconds=90)

    assert {generation.state for generation in generations} == {"completed"}
    assert Submission.objects.exclude(provider_task_id="").values("generation").distinct().count() == 12
    assert sandbox.state()["accepted"] == 12
    assert figures(team) == (1000 - 12 * 15, 0, 12 * 15)


def test_while_all_are_down_nothing_fails_and_then_all_of_it_is_made(team, three, sandbox):  # P1 P6 P11
    ProviderAccount.objects.filter(label=three[2].label).update(base_url=UNREACHABLE)
    generations = [asked(team) for _ in range(8)]
    for _ in range(6):
        work()
        hurry()
    waiting = Generation.objects.filter(state="queued").count()
    ProviderAccount.objects.filter(label=three[2].label).update(base_url=sandbox.api_url)

    finish(*generations, seconds=90)

    assert waiting == 8
    assert {generation.state for generation in generations} == {"completed"}
    assert sandbox.state()["accepted"] == 8


def test_what_waited_for_all_of_them_for_ten_minutes_ends_with_the_credits_back(team, three):  # P1 P6 P11
    ProviderAccount.objects.filter(label=three[2].label).update(base_url=UNREACHABLE)
    generations = [asked(team) for _ in range(8)]
    for _ in range(6):
        work()
        hurry()
    Generation.objects.update(first_refused_at=timezone.now() - timedelta(minutes=11))

    finish(*generations, seconds=90)

    assert {generation.failure_code for generation in generations} == {"PROVIDER_BUSY"}
    assert figures(team) == (1000, 0, 0)


def test_only_an_account_that_can_make_all_of_it_is_asked(team, two, sandbox):
    sandbox.set_fault("500")
    generation = asked(team, resolution="1080p")

    finish(generation)

    assert generation.failure_code == "PROVIDER_ERROR"
    assert accounts_asked(generation) == ["vibegen"]
