"""What a provider says of its cost and of a request is kept for the operator, whatever brought it."""

from uuid import uuid4

import pytest

from generations import lifecycle
from generations.models import Generation, State, Submission
from generations.providers.base import Progress, ProviderReport
from generations.submitting import reports
from tests.api import asked, client_of
from tests.factories import make_account, make_member, make_submission
from tests.pages import browser_of, text_of
from tests.pipeline import figures


@pytest.fixture
def submission(team) -> Submission:
    generation = asked(team)
    lifecycle.advance(generation, State.SUBMITTING)
    return make_submission(generation=generation, account=make_account(base_url="https://provider.example/api"))


def report(progress: Progress = Progress.RUNNING, **told) -> ProviderReport:
    code = "CONTENT_POLICY" if progress == Progress.FAILED else ""
    return ProviderReport(provider_task_id="theirs", progress=progress, failure_code=code, **told)


def kept() -> tuple[dict[str, int], list[str]]:
    return Submission.objects.values_list("provider_cost", "provider_warnings").get()


@pytest.mark.parametrize("progress", [Progress.RUNNING, Progress.FAILED])
def test_cost_and_warnings_are_kept_however_far_it_is(submission, progress):
    assert reports.apply(submission, report(progress, cost={"cost_points": 12}, warnings=("cropped",)))

    assert kept() == ({"cost_points": 12}, ["cropped"])


def test_the_latest_cost_counts_and_each_warning_once_whatever_brings_them(submission):
    reports.apply(submission, report(cost={"cost_points": 10}, warnings=("cropped", "slow")))
    reports.apply(submission, report(cost={"cost_points": 12, "total_tokens": 900}, warnings=("slow", "dark")))
    reports.apply(submission, report())
    reports.apply(submission, report(Progress.FAILED, warnings=("dark",)))
    reports.apply(submission, report(Progress.FAILED, cost={"total_tokens": 950}))

    assert kept() == ({"cost_points": 12, "total_tokens": 950}, ["cropped", "slow", "dark"])


def test_a_provider_that_always_has_something_new_to_remark_fills_no_table(submission):
    for number in range(30):
        reports.apply(submission, report(warnings=(f"you are number {number}",)))

    assert len(kept()[1]) == reports.MAX_WARNINGS


def test_the_cost_of_a_task_of_another_submission_is_not_ours(submission):
    reports.apply(submission, report())
    other = ProviderReport(provider_task_id=str(uuid4()), progress=Progress.RUNNING, cost={"cost_points": 9})

    assert not reports.apply(submission, other)
    assert kept() == ({}, [])


def test_a_success_without_anything_is_a_failure_and_costs_nothing(submission, team):
    reports.apply(submission, report(Progress.SUCCEEDED))

    assert Generation.objects.values_list("state", "failure_code").get() == ("failed", "PROVIDER_ERROR")
    assert Submission.objects.values_list("outcome", "loss_credits").get() == ("PROVIDER_ERROR", 0)
    assert figures(team) == (1000, 0, 0)


def test_no_customer_sees_them(submission, team):
    reports.apply(submission, report(cost={"cost_points": 7_654_321}, warnings=("LANTERN",)))
    generation = submission.generation
    browser = browser_of(make_member(team=team))

    shown = [
        text_of(browser.get(generation.get_absolute_url())),
        text_of(browser.get("/gallery/")),
        text_of(client_of(team).get(f"/api/v1/tasks/{generation.id}")),
    ]

    assert kept() == ({"cost_points": 7_654_321}, ["LANTERN"])
    for page in shown:
        assert not any(word in page for word in ("7654321", "7,654,321", "LANTERN", "cost_points"))
