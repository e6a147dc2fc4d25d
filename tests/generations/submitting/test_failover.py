"""Several accounts for one model: what one fails at, another makes, and nothing is made twice."""

import pytest

from generations.models import ProviderAccount, Submission
from generations.submitting import submit
from tests.api import asked
from tests.factories import make_account
from tests.pipeline import figures, finish


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


def test_only_an_account_that_can_make_all_of_it_is_asked(team, two, sandbox):
    sandbox.set_fault("500")
    generation = asked(team, resolution="1080p")

    finish(generation)

    assert generation.failure_code == "PROVIDER_ERROR"
    assert accounts_asked(generation) == ["vibegen"]
