"""An account that fails again and again is left alone until it answers."""

from datetime import timedelta

import pytest
from django.utils import timezone

from generations.models import Generation, ProviderAccount, Submission
from generations.providers.base import Busy, NotSent, Refused, TaskMissing, Unclear
from generations.submitting import circuit, poll, submit
from tests.api import asked
from tests.factories import make_account
from tests.pipeline import figures, finish, hurry
from tests.races import race
from tests.receiver import Receiver, answer

UNREACHABLE = "http://127.0.0.1:9/api/v1"
DOCUMENTED_500 = answer(500, b'{"error": {"code": "PROVIDER_ERROR", "message": "not today"}}')


def fail(account: ProviderAccount, times: int) -> ProviderAccount:
    for _ in range(times):
        circuit.fail(account)
    account.refresh_from_db()
    return account


def test_ten_failures_within_thirty_seconds_open_it(team):  # P11
    account = make_account(base_url=UNREACHABLE)

    after_nine = fail(account, 9).circuit_opened_at
    fail(account, 1)

    assert after_nine is None
    assert account.circuit_opened_at is not None
    assert account.probe_at - account.circuit_opened_at == timedelta(seconds=30)


def test_failures_that_are_further_apart_do_not(team):  # P11
    account = fail(make_account(base_url=UNREACHABLE), 9)
    ProviderAccount.objects.update(failing_since=timezone.now() - timedelta(seconds=31))

    fail(account, 9)

    assert (account.circuit_opened_at, account.failure_count) == (None, 9)


def test_many_failures_at_once_open_it_once_and_are_all_counted(team):  # P11
    account = make_account(base_url=UNREACHABLE)

    race(lambda _: circuit.fail(account), range(16), threads=16)

    account.refresh_from_db()
    assert account.circuit_opened_at is not None
    assert account.failure_count == circuit.FAILURES


@pytest.mark.parametrize(
    ("error", "speaks_against_it"),
    [
        (NotSent("ConnectError"), True),
        (Unclear("ReadTimeout"), True),
        (Refused("PROVIDER_ERROR"), True),
        (Refused("CONTENT_POLICY"), False),
        (Busy(30), False),
        (TaskMissing("TASK_NOT_FOUND"), False),
    ],
    ids=lambda value: f"{type(value).__name__} {value}",
)
def test_what_the_account_says_of_a_request_is_no_failure_of_the_account(error, speaks_against_it):
    assert circuit.is_failure(error) is speaks_against_it


@pytest.mark.parametrize(
    ("error", "is_refusal"),
    [
        (Refused("CONTENT_POLICY"), True),
        (Refused("PROVIDER_ERROR"), False),
        (Unclear("ReadTimeout"), False),
        (Busy(30), False),
    ],
    ids=lambda value: f"{type(value).__name__} {value}",
)
def test_a_refusal_is_the_provider_s_word_on_what_was_asked_for(error, is_refusal):
    assert circuit.is_refusal(error) is is_refusal


def test_while_it_is_open_only_a_probe_in_thirty_seconds_goes_there(team):  # P11
    """Half an hour, with the clock moved on by a probe's distance at a time: sixty probes, and ten calls before.

    What it fails at goes back to the queue for another account, which takes nothing now.
    """
    with Receiver() as receiver:
        receiver.otherwise = DOCUMENTED_500
        make_account(base_url=receiver.url("/api/v1"), priority=1)
        busy_until = timezone.now() + timedelta(hours=1)
        ProviderAccount.objects.filter(id=make_account(base_url=UNREACHABLE).id).update(busy_until=busy_until)
        for _ in range(20):
            asked(team)
        submit.crew.run()
        before = len(receiver.requests)
        for _ in range(60):
            Generation.objects.filter(state="queued").update(next_at=timezone.now(), first_refused_at=None)
            ProviderAccount.objects.exclude(probe_at=None).update(probe_at=timezone.now())
            for crew in (circuit.crew, circuit.crew, submit.crew, poll.crew):
                crew.run()
        while_open = receiver.requests[before:]

    assert before < circuit.FAILURES + submit.PER_ACCOUNT
    assert len(while_open) == 60
    assert {each.method for each in while_open} == {"GET"}
    assert Generation.objects.filter(state="queued").count() == 20


def test_several_workers_send_one_probe(team):  # P11
    account = fail(make_account(base_url=UNREACHABLE), 10)
    ProviderAccount.objects.update(probe_at=timezone.now())

    claimed = race(lambda _: circuit.claim_due(4), range(8), threads=8)

    assert [each for found in claimed for each in found] == [account]


def test_the_other_accounts_go_on(team, sandbox):  # P11
    fail(make_account(base_url=UNREACHABLE, priority=1), 10)
    make_account(base_url=sandbox.api_url, priority=2)
    generation = asked(team)

    submit.crew.run()

    generation.refresh_from_db()
    assert generation.state == "running"
    assert Submission.objects.count() == 1


def test_the_first_answer_closes_it_and_what_waited_is_made(team, account, sandbox):  # P11
    fail(account, 10)
    generation = asked(team)
    submit.crew.run()
    generation.refresh_from_db()
    waiting = generation.state, sandbox.state()["creates"]

    finish(generation)

    account.refresh_from_db()
    assert waiting == ("queued", 0)
    assert generation.state == "completed"
    assert (account.circuit_opened_at, account.probe_at, account.failure_count) == (None, None, 0)


def test_what_runs_there_is_not_asked_about_while_it_is_open(team, account, sandbox):  # P11 P18
    asked(team)
    submit.crew.run()
    fail(account, 10)
    before = sandbox.state()["fetches"]
    hurry()

    poll.crew.run()

    assert sandbox.state()["fetches"] == before


def test_what_runs_at_an_account_that_is_paused_meanwhile_is_followed_to_its_end(team, account, sandbox):  # P11
    generation = asked(team)
    submit.crew.run()
    fail(account, 10)
    ProviderAccount.objects.update(paused_at=timezone.now(), paused_reason="by an operator")

    finish(generation)

    assert generation.state == "completed"


def test_a_probe_that_is_turned_away_pauses_the_account(team, account, sandbox):  # P13
    fail(account, 10)
    sandbox.set_key("sk-video-of-the-test", "refused")
    ProviderAccount.objects.update(probe_at=timezone.now())

    circuit.crew.run()

    account.refresh_from_db()
    assert account.paused_at is not None
    assert account.circuit_opened_at is None


def test_it_asks_for_a_task_that_the_account_has_made_where_there_is_one(team, account, sandbox):
    finish(asked(team))
    fail(account, 10)
    task_id = Submission.objects.get().provider_task_id
    with Receiver() as receiver:
        ProviderAccount.objects.update(base_url=receiver.url("/api/v1"), probe_at=timezone.now())
        circuit.crew.run()

    assert [each.path for each in receiver.requests] == [f"/api/v1/tasks/{task_id}"]


def test_what_waited_is_due_at_once_in_the_order_in_which_it_was_asked_for(team, account):
    fail(account, 10)
    generations = [asked(team) for _ in range(5)]
    submit.crew.run()
    waiting = Generation.objects.filter(next_at__gt=timezone.now()).count()

    circuit.close(account)

    due = Generation.objects.filter(next_at__lte=timezone.now()).order_by("next_at")
    assert waiting == 5
    assert list(due) == generations


def test_ten_minutes_of_an_open_circuit_give_the_credits_back(team):  # P11
    fail(make_account(base_url=UNREACHABLE), 10)
    generation = asked(team)
    submit.crew.run()
    Generation.objects.update(first_refused_at=timezone.now() - timedelta(minutes=11))

    finish(generation)

    assert (generation.state, generation.failure_code) == ("failed", "PROVIDER_BUSY")
    assert figures(team) == (1000, 0, 0)
