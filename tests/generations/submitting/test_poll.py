import json
from datetime import timedelta
from http.server import BaseHTTPRequestHandler

import pytest
from django.db import connection
from django.utils import timezone

from generations import lifecycle
from generations.models import Callback, Generation, ProviderAccount, State, Submission
from generations.providers.base import Progress, ProviderReport
from generations.submitting import budget, ingest, outcomes, poll, reports, submit, sweep
from tests.api import asked
from tests.factories import make_account, make_submission
from tests.pipeline import figures, finish, hurry, work
from tests.races import race
from tests.receiver import Receiver, answer
from tests.sandbox_process import wait_until


@pytest.fixture
def bound(team, account, sandbox) -> Submission:
    """A task at the sandbox that goes on for ever."""
    sandbox.set_fault("never")
    asked(team)
    submit.crew.run()
    return Submission.objects.get()


def work_until_it_arrives(generation: Generation) -> None:
    def arrived() -> bool:
        work()
        hurry()
        generation.refresh_from_db()
        return bool(generation.warnings)

    wait_until(arrived, seconds=30)


def seconds_until(moment) -> float:
    return (moment - timezone.now()).total_seconds()


def test_polls_come_after_five_seconds_and_grow_to_thirty(bound):  # P18
    first = seconds_until(bound.next_at)
    waits = []
    for _ in range(9):
        hurry()
        poll.crew.run()
        bound.refresh_from_db()
        waits.append(seconds_until(bound.next_at))

    assert first == pytest.approx(5, abs=1)
    assert waits == pytest.approx([6.5, 8.45, 10.985, 14.28, 18.56, 24.13, 30, 30, 30], abs=1)


def test_after_ten_minutes_a_task_is_asked_about_every_minute(bound):
    Submission.objects.update(created_at=timezone.now() - timedelta(minutes=11))
    hurry()

    poll.crew.run()

    bound.refresh_from_db()
    assert seconds_until(bound.next_at) == pytest.approx(60, abs=2)


@pytest.mark.parametrize("fault", ["poll_404=2", "poll_500=2", "status_word=almost", "status_word=succeeded"])
def test_what_a_poll_can_not_make_sense_of_is_no_end(team, account, sandbox, fault):  # P7, P8, P9
    sandbox.set_fault(fault)
    generation = asked(team)

    finish(generation)

    assert generation.state == "completed"


def test_an_unknown_word_is_kept_for_the_operator(team, account, sandbox):  # P8
    sandbox.set_fault("status_word=almost,slow=60")
    asked(team)
    submit.crew.run()
    hurry()

    poll.crew.run()

    assert Submission.objects.get().unknown_word == "'almost'"
    assert Generation.objects.get().state == "running"


def test_a_task_missing_three_times_over_two_minutes_is_lost(bound, sandbox):  # P9
    sandbox.reset()
    states = []
    for minutes_ago in (0, 0, 0, 3):
        Submission.objects.filter(missing_count__gt=0).update(
            missing_since=timezone.now() - timedelta(minutes=minutes_ago)
        )
        hurry()
        poll.crew.run()
        states.append(Generation.objects.get().state)

    assert states == ["running", "running", "running", "failed"]
    assert Submission.objects.get().outcome == "missing"
    assert figures(bound.generation.team) == (1000, 0, 0)


def test_polls_beyond_the_budget_wait(bound, account, sandbox):  # P18
    budget.exhaust(account, seconds=30)
    before = sandbox.state()["fetches"]
    hurry()

    assert poll.claim_due(1) == []

    bound.refresh_from_db()
    poll.poll(bound)
    bound.refresh_from_db()
    assert sandbox.state()["fetches"] == before
    assert seconds_until(bound.next_at) == pytest.approx(1, abs=1)


def test_a_poll_that_a_callback_overtakes_leaves_the_next_one_at_once(bound, account):
    """The provider answers only once its callback has been read."""

    def call_back_first(handler: BaseHTTPRequestHandler) -> None:
        body = json.dumps({"task_id": bound.provider_task_id}).encode()
        now = timezone.now()
        Callback.objects.create(submission=bound, headers={}, body=body, received_at=now, next_at=now)
        ingest.crew.run()
        connection.close()
        answer(500)(handler)

    with Receiver() as receiver:
        receiver.otherwise = call_back_first
        ProviderAccount.objects.update(base_url=receiver.url("/api/v1"))
        hurry()
        poll.crew.run()

    bound.refresh_from_db()
    assert Callback.objects.get().verdict == "woke"
    assert bound.next_at <= timezone.now()
    assert bound.lease_until is None


def test_a_task_that_outlives_its_deadline_fails_with_the_hold_released_and_is_still_asked_about(bound):
    Generation.objects.update(deadline_at=timezone.now())

    sweep.sweep()

    generation = Generation.objects.get()
    bound.refresh_from_db()
    assert (generation.state, generation.failure_code) == ("failed", "TIMEOUT")
    assert figures(generation.team) == (1000, 0, 0)
    assert bound.ended_at is None
    assert seconds_until(bound.next_at) == pytest.approx(60, abs=2)


def test_a_late_success_is_theirs_for_free_and_our_loss(team, account, sandbox):  # P10
    sandbox.set_fault("slow=1")
    generation = asked(team)
    submit.crew.run()
    Generation.objects.update(deadline_at=timezone.now())
    sweep.sweep()

    generation.refresh_from_db()
    state = generation.state
    work_until_it_arrives(generation)

    submission = Submission.objects.get()
    assert (state, generation.state) == ("failed", "failed")
    assert generation.warnings == ["arrived_late"]
    assert generation.assets.filter(kind="output").exists()
    assert (submission.arrived_late, submission.loss_credits) == (True, 15)
    assert figures(team) == (1000, 0, 0)


def test_a_late_failure_changes_nothing(bound):
    Generation.objects.update(deadline_at=timezone.now())
    sweep.sweep()
    failed = ProviderReport(
        provider_task_id=bound.provider_task_id, progress=Progress.FAILED, failure_code="CONTENT_POLICY"
    )

    reports.apply(bound, failed)

    assert Generation.objects.get().failure_code == "TIMEOUT"
    assert Submission.objects.get().outcome == "CONTENT_POLICY"


def test_one_task_is_bound_to_one_submission_whoever_is_faster(team, account):
    submissions = []
    for _ in range(8):
        generation = asked(team)
        lifecycle.advance(generation, State.SUBMITTING)
        submissions.append(make_submission(generation=generation, account=account))
    report = ProviderReport(provider_task_id="the-one", progress=Progress.RUNNING)

    bound = race(lambda submission: reports.apply(submission, report), submissions, threads=8)

    assert sum(bound) == 1
    assert Submission.objects.filter(provider_task_id="the-one").count() == 1
    assert Generation.objects.filter(state="running").count() == 1


def test_many_reports_of_one_success_move_a_generation_once(bound):  # L4
    report = ProviderReport(
        provider_task_id=bound.provider_task_id, progress=Progress.SUCCEEDED, output_urls=("http://a.example/b",)
    )

    race(lambda _: reports.apply(Submission.objects.get(), report), range(20), threads=20)

    events = bound.generation.events.values_list("state", flat=True)
    assert list(events).count("archiving") == 1


def test_a_refused_credential_at_a_poll_pauses_the_account_and_keeps_the_task(bound, sandbox, account):
    sandbox.set_key(account.key, "refused")
    hurry()

    poll.crew.run()

    account.refresh_from_db()
    assert account.paused_reason == "INVALID_API_KEY"
    assert Generation.objects.get().state == "running"


def test_a_paused_account_is_announced_once(account, settings, mailoutbox):
    settings.MANAGERS = [("Operator", "operator@example.com")]
    other = make_account(base_url="http://127.0.0.1:9")

    for _ in range(3):
        outcomes.pause(account, "INVALID_API_KEY")
    outcomes.pause(other, "INSUFFICIENT_CREDITS")

    assert len(mailoutbox) == 2
