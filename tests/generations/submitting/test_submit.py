import threading
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.core import mail
from django.utils import timezone

from generations import lifecycle
from generations.models import Generation, ProviderAccount, State, Submission
from generations.providers.registry import adapter
from generations.submitting import poll, reports, submit, sweep
from generations.submitting.submit import claim_queued
from tests.api import asked
from tests.factories import make_account
from tests.pipeline import figures, finish, hurry
from tests.races import meanwhile, race
from tests.receiver import Receiver, answer, hang
from tests.sandbox_process import wait_until

BUSY = b'{"error": {"code": "RATE_LIMIT_EXCEEDED", "message": "later"}}'
UNREACHABLE = "http://127.0.0.1:9/api/v1"


@pytest.mark.parametrize("fault", ["502_after_accepting", "truncated", "garbage", "reset"])
def test_a_lost_answer_is_looked_up_and_never_sent_again(team, account, sandbox, fault):  # P2, P3, P7
    sandbox.set_fault(fault)
    generation = asked(team, prompt=f"Lost by {fault}")

    submit.crew.run()
    generation.refresh_from_db()
    state_after_post = generation.state
    finish(generation)

    assert state_after_post == "unconfirmed"
    assert generation.state == "completed"
    assert sandbox.state()["creates"] == 1
    assert figures(team) == (985, 0, 15)


def test_two_lost_answers_to_the_same_request_find_a_task_each(team, account, sandbox):
    sandbox.set_fault("reset")
    generations = [asked(team, prompt="Twins") for _ in range(2)]

    finish(*generations)

    assert [generation.state for generation in generations] == ["completed", "completed"]
    assert Submission.objects.exclude(provider_task_id="").values("provider_task_id").distinct().count() == 2
    assert sandbox.state()["creates"] == 2


def test_nobody_is_given_the_clip_of_another_who_asked_for_something_else_in_the_same_words(team, account, sandbox):
    sandbox.set_fault("reset")
    dear = asked(team, prompt="Same words", resolution="720p")
    submit.crew.run()
    cheap = asked(team, prompt="Same words")
    submit.crew.run()
    of_dear, of_cheap = Submission.objects.order_by("created_at")

    Submission.objects.filter(id=of_cheap.id).update(next_at=timezone.now(), polled_at=None)
    poll.crew.run()
    of_cheap.refresh_from_db()
    while_both_are_in_the_dark = of_cheap.provider_task_id
    made = adapter(account).list_tasks(offset=0)
    reports.apply(of_dear, made[-1])
    finish(dear, cheap)

    assert while_both_are_in_the_dark == ""
    assert [each.assets.get(kind="output").height for each in (dear, cheap)] == [720, 480]


def test_what_was_not_sent_is_tried_again_then_elsewhere(team, sandbox):  # P1
    make_account(base_url=UNREACHABLE, label="first", priority=1)
    make_account(base_url=sandbox.api_url, label="second", priority=2)
    generation = asked(team)

    waits = []
    for _ in range(4):
        submit.crew.run()
        generation.refresh_from_db()
        waits.append((generation.next_at - timezone.now()).total_seconds())
        hurry()
    finish(generation)

    assert generation.state == "completed"
    assert waits == pytest.approx([1, 4, 16, 16], rel=0.25, abs=0.3)
    assert Submission.objects.filter(outcome="not_sent", account__label="first").count() == 4
    assert sandbox.state()["creates"] == 1


def test_ten_minutes_of_trying_in_vain_give_the_credits_back(team):
    make_account(base_url=UNREACHABLE)
    generation = asked(team)
    submit.crew.run()
    Generation.objects.update(first_refused_at=timezone.now() - timedelta(minutes=11))

    finish(generation)

    assert (generation.state, generation.failure_code) == ("failed", "PROVIDER_BUSY")
    assert figures(team) == (1000, 0, 0)


def test_without_any_account_a_generation_waits_and_is_given_up_after_ten_minutes(team):
    generation = asked(team)

    submit.crew.run()
    generation.refresh_from_db()
    waiting = generation.state
    Generation.objects.update(first_refused_at=timezone.now() - timedelta(minutes=11))
    finish(generation)

    assert waiting == "queued"
    assert (generation.state, generation.failure_code) == ("failed", "PROVIDER_BUSY")


def test_a_busy_provider_is_probed_once_when_its_time_has_come(team):  # P5
    with Receiver() as receiver:
        receiver.otherwise = answer(429, BUSY, Retry_After="120")
        account = make_account(base_url=receiver.url("/api/v1"))
        for _ in range(20):
            asked(team)

        submit.crew.run()
        first = len(receiver.requests)
        hurry()
        submit.crew.run()
        while_busy = len(receiver.requests) - first
        ProviderAccount.objects.update(busy_until=timezone.now())
        hurry()
        submit.crew.run()
        probes = len(receiver.requests) - first - while_busy

    account.refresh_from_db()
    assert first <= submit.PER_ACCOUNT
    assert (while_busy, probes) == (0, 1)
    assert account.busy_until > timezone.now() + timedelta(seconds=100)
    assert Generation.objects.filter(state="queued").count() == 20


def test_another_account_takes_what_a_busy_one_does_not(team, sandbox):
    with Receiver() as receiver:
        receiver.otherwise = answer(429, BUSY, Retry_After="120")
        make_account(base_url=receiver.url("/api/v1"), priority=1)
        make_account(base_url=sandbox.api_url, priority=2)
        generation = asked(team)

        finish(generation)

    assert generation.state == "completed"


@pytest.mark.parametrize("fault", ["401", "402"])
def test_an_account_turned_away_is_paused_with_an_alert_and_the_hold_released(team, account, sandbox, settings, fault):
    settings.MANAGERS = [("Operator", "operator@example.com")]  # P13
    sandbox.set_fault(fault)
    generation = asked(team)

    finish(generation)

    account.refresh_from_db()
    assert (generation.state, generation.failure_code) == ("failed", "PROVIDER_ERROR")
    assert account.paused_at is not None
    assert [message.subject for message in mail.outbox] == [f"[Filmgate] Provider account {account.label} is paused"]
    assert figures(team) == (1000, 0, 0)


def test_where_one_account_is_turned_away_another_goes_on(team, sandbox):
    sandbox.set_key("sk-video-spent", "out_of_credits")
    make_account(base_url=sandbox.api_url, key="sk-video-spent", priority=1)
    make_account(base_url=sandbox.api_url, priority=2)
    generation = asked(team)

    finish(generation)

    assert generation.state == "completed"


@pytest.fixture
def locked(team, sandbox) -> ProviderAccount:
    """The first account to be tried, its key encrypted by a key that we no longer have."""
    account = make_account(base_url=sandbox.api_url, priority=1)
    ProviderAccount.objects.update(encrypted_key=Fernet(Fernet.generate_key()).encrypt(b"sk-video-lost"))
    return account


def test_an_account_whose_key_can_not_be_read_is_paused_and_another_goes_on(team, locked, account, sandbox):
    generation = asked(team)

    finish(generation)

    locked.refresh_from_db()
    assert generation.state == "completed"
    assert locked.paused_reason == "UNREADABLE_CREDENTIAL"
    assert Submission.objects.count() == 1


def test_what_only_such_an_account_could_send_waits_unsent_until_that_is_mended(team, locked, sandbox):
    generation = asked(team)

    submit.crew.run()
    generation.refresh_from_db()
    waiting = generation.state, Submission.objects.count()
    locked.key, locked.paused_at = "sk-video-again", None
    locked.save()
    finish(generation)

    assert waiting == ("queued", 0)
    assert generation.state == "completed"


@pytest.mark.parametrize("fault", ["reject", "500", "502"])
def test_a_documented_refusal_ends_it_with_the_credits_back(team, account, sandbox, fault):  # L5
    sandbox.set_fault(fault)
    generation = asked(team)

    finish(generation)

    assert generation.state == "failed"
    assert figures(team) == (1000, 0, 0)
    assert sandbox.state()["accepted"] == 0


def test_a_hanging_provider_does_not_keep_the_other_from_working(team, sandbox):
    stop = threading.Event()
    with Receiver() as receiver:
        receiver.otherwise = hang(stop)
        make_account(base_url=receiver.url("/api/v1"), priority=1)
        for _ in range(submit.PER_ACCOUNT):
            asked(team)
        with meanwhile(submit.crew.run):
            try:
                wait_until(lambda: len(receiver.requests) == submit.PER_ACCOUNT)
                ProviderAccount.objects.update(paused_at=timezone.now())
                make_account(base_url=sandbox.api_url)
                generation = asked(team, prompt="Unhindered")
                finish(generation)
            finally:
                stop.set()

    assert generation.state == "completed"


def test_many_workers_claim_every_generation_once(team):  # K2
    for _ in range(60):
        asked(team)

    claimed = race(lambda _: [row.id for row in claim_queued(10)], range(20), threads=20)

    ids = [each for ids in claimed for each in ids]
    assert len(ids) == len(set(ids)) == 60


def test_workers_that_take_over_a_lease_do_not_send_twice(team, account, sandbox):
    generation = asked(team)
    taken = [claim_queued(1)[0]]
    Generation.objects.update(lease_until=timezone.now())
    taken.append(claim_queued(1)[0])

    race(submit.submit, taken, threads=2)
    finish(generation)

    assert sandbox.state()["creates"] == 1


def test_a_generation_cancelled_before_its_post_is_never_sent(team, account, sandbox):  # K7
    generation = asked(team)
    claimed = claim_queued(1)[0]
    lifecycle.advance(generation, State.CANCELLED)

    submit.submit(claimed)

    assert sandbox.state()["creates"] == 0
    assert figures(team) == (1000, 0, 0)


def test_a_generation_given_up_before_its_post_is_never_sent(team, account, sandbox):
    generation = asked(team)
    claimed = claim_queued(1)[0]
    Generation.objects.update(first_refused_at=timezone.now() - timedelta(days=1))

    sweep.sweep()
    submit.submit(claimed)

    generation.refresh_from_db()
    assert (generation.state, generation.failure_code) == ("failed", "PROVIDER_BUSY")
    assert sandbox.state()["creates"] == 0
    assert figures(team) == (1000, 0, 0)


def test_the_deadline_starts_with_each_submission_for_nothing_was_made_by_the_one_before(team, account, settings):
    settings.GENERATION_DEADLINE_SECONDS = 100
    generation = asked(team)
    Generation.objects.update(deadline_at=timezone.now() - timedelta(hours=1))

    submit.crew.run()

    generation.refresh_from_db()
    assert (generation.deadline_at - timezone.now()).total_seconds() == pytest.approx(100, abs=10)
