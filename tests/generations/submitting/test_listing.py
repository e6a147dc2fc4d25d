"""Many tasks looked at by a few reads of their account's list."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from generations.models import Generation, ProviderAccount, Submission
from generations.submitting import budget, circuit, listing, submit
from tests.api import asked
from tests.factories import make_account
from tests.pipeline import finish, hurry
from tests.races import race
from tests.receiver import Receiver, answer


def send_all() -> None:
    while Generation.objects.filter(state="queued").exists():
        submit.crew.run()
        hurry()


@pytest.fixture
def many(team, account, sandbox) -> list[Generation]:
    """As many as make a list worth while, running at the sandbox with their callbacks lost."""
    sandbox.set_fault("lost_callback")
    generations = [asked(team, prompt=f"One of many {number}") for number in range(listing.MANY)]
    send_all()
    return generations


def test_all_of_them_are_looked_at_by_a_read_for_each_page(many, account, sandbox):  # P18
    before = sandbox.state()["fetches"]

    listing.crew.run()

    account.refresh_from_db()
    pages = listing.MANY / 20 + 1  # the last one is empty
    assert sandbox.state()["fetches"] == before
    assert account.reads_free_at <= timezone.now() + pages * (budget.MINUTE + budget.AHEAD) / account.reads_a_minute
    assert Submission.objects.filter(polled_at=None).count() == 0
    assert Submission.objects.filter(next_at__lt=timezone.now() + timedelta(seconds=20), ended_at=None).count() == 0


def test_what_a_list_says_is_done_goes_to_the_archive(many):
    time.sleep(0.3)  # they take 0.2 s at the sandbox

    listing.crew.run()

    assert set(Generation.objects.values_list("state", flat=True)) == {"archiving"}


def test_a_failure_on_a_list_is_as_good_as_one_by_itself(team, account, sandbox):
    sandbox.set_fault("fail=Content policy violation,lost_callback")
    generations = [asked(team) for _ in range(listing.MANY)]
    send_all()

    finish(*generations)

    assert {generation.failure_code for generation in generations} == {"CONTENT_POLICY"}


def test_a_few_tasks_are_asked_about_one_by_one(team, account, sandbox):
    sandbox.set_fault("never")
    for _ in range(listing.MANY - 1):
        asked(team)
    send_all()

    assert listing.claim_due(4) == []


def test_of_several_workers_one_reads_the_list_and_not_again_at_once(many, account):
    claimed = race(lambda _: listing.claim_due(4), range(8), threads=8)

    assert [each for found in claimed for each in found] == [account]
    assert listing.claim_due(4) == []


def test_neither_without_a_budget_nor_with_an_open_circuit(many, account):  # P11 P18
    budget.exhaust(account, seconds=30)
    without_budget = listing.claim_due(4)
    ProviderAccount.objects.update(reads_free_at=None)
    for _ in range(10):
        circuit.fail(account)

    assert (without_budget, listing.claim_due(4)) == ([], [])


def test_an_account_whose_tasks_are_not_listed_is_left_to_single_reads(team, sandbox):
    account = make_account(base_url=sandbox.url, provider="see2ai")
    sandbox.set_fault("never")
    for _ in range(listing.MANY):
        asked(team)
    send_all()

    assert Submission.objects.filter(account=account).exclude(provider_task_id="").count() == listing.MANY
    assert listing.claim_due(4) == []


def test_a_list_never_touches_what_another_account_has(many, account, sandbox):
    """Both accounts have one key at the sandbox, so its list names the tasks of both."""
    other = make_account(base_url=sandbox.api_url)
    moved = Submission.objects.first()
    Submission.objects.filter(id=moved.id).update(account=other, polled_at=None)

    listing.read(account)

    moved.refresh_from_db()
    assert (moved.polled_at, moved.outcome) == (None, "")


def test_a_list_that_fails_counts_against_the_account(many, account):  # P7
    with Receiver() as receiver:
        receiver.otherwise = answer(200, b"<html>")
        ProviderAccount.objects.update(base_url=receiver.url("/api/v1"))
        account.refresh_from_db()

        listing.read(account)

    account.refresh_from_db()
    assert account.failure_count == 1
    assert Generation.objects.filter(state="running").count() == listing.MANY


def test_later_is_obeyed(many, account):  # P5
    with Receiver() as receiver:
        body = b'{"error": {"code": "RATE_LIMIT_EXCEEDED", "message": "later"}}'
        receiver.otherwise = answer(429, body, Retry_After="60")
        ProviderAccount.objects.update(base_url=receiver.url("/api/v1"))
        account.refresh_from_db()

        listing.read(account)

    assert len(receiver.requests) == 1
    assert not budget.take(account)
