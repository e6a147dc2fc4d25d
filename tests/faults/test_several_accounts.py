"""Real workers over several accounts of one model, by the real clock: one refuses, fails or hangs, all are down."""

import threading
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from generations.models import Generation, ProviderAccount, Submission
from tests.factories import make_account
from tests.faults.installation import Installation
from tests.pipeline import assert_books_are_right, figures
from tests.receiver import Receiver, hang
from tests.sandbox_process import SandboxProcess, wait_until

pytestmark = pytest.mark.faults

MANY = 200
UNREACHABLE = "http://127.0.0.1:9/api/v1"
PROMPTS = [f"Over several accounts, {number % 4}" for number in range(MANY)]


@pytest.fixture
def failing() -> Iterator[SandboxProcess]:
    """Answers every create with the documented 500."""
    process = SandboxProcess()
    process.set_fault("500")
    yield process
    process.stop()


@pytest.fixture
def three(installation: Installation, failing: SandboxProcess) -> Installation:
    """The first accepts no connection, the second answers its documented 500, the third works."""
    make_account(base_url=UNREACHABLE, label="first", priority=1)
    make_account(base_url=failing.api_url, label="second", priority=2)
    return installation


def assert_each_was_accepted_once(installation: Installation, count: int) -> None:
    assert installation.sandbox.state()["accepted_by_prompt"] == dict(Counter(PROMPTS[:count]))
    bound = Submission.objects.filter(account=installation.account).exclude(provider_task_id="")
    assert bound.count() == bound.values("generation").distinct().count() == count


# P1 P6 P11
def test_two_hundred_are_completed_by_the_one_that_works(three: Installation):
    three.start_worker()
    three.ask_for(*PROMPTS)

    wait_until(three.all_have_ended, seconds=400)

    assert three.states() == {"completed": MANY}
    assert_each_was_accepted_once(three, MANY)
    three.assert_every_one_ended_once()


# P2 P11
def test_of_those_that_hang_ten_are_in_doubt_and_end_at_their_deadline_and_all_others_are_made(three: Installation):
    stop = threading.Event()
    with Receiver() as receiver:
        receiver.otherwise = hang(stop)
        ProviderAccount.objects.filter(label="first").update(base_url=receiver.url("/api/v1"))
        three.start_worker(GENERATION_DEADLINE_SECONDS="150")
        three.ask_for(*PROMPTS)
        wait_until(lambda: ProviderAccount.objects.get(label="first").circuit_opened_at, seconds=120)
        in_doubt = Generation.objects.filter(
            state__in=("unconfirmed", "submitting"), submissions__account__label="first"
        )
        doubtful = set(in_doubt.values_list("id", flat=True))
        wait_until(three.all_have_ended, seconds=400)
        posts = [each for each in receiver.requests if each.method == "POST"]
        stop.set()

    states = Counter(Generation.objects.values_list("state", "failure_code"))
    assert len(posts) == len(doubtful) <= 10
    assert states == {("completed", ""): MANY - len(posts), ("failed", "TIMEOUT"): len(posts)}
    assert set(Generation.objects.filter(state="failed").values_list("id", flat=True)) == doubtful
    completed = sum(Generation.objects.filter(state="completed").values_list("held_credits", flat=True))
    assert figures(three.team) == (three.granted - completed, 0, completed)
    assert_books_are_right()


# P1 P6 P11
def test_two_minutes_without_any_of_them_fail_nothing(three: Installation):
    ProviderAccount.objects.filter(id=three.account.id).update(base_url=UNREACHABLE)
    three.start_worker()
    three.ask_for(*PROMPTS[:50])
    time.sleep(120)
    states = three.states()
    ProviderAccount.objects.filter(id=three.account.id).update(base_url=three.relay.api_url)

    wait_until(three.all_have_ended, seconds=200)

    assert sum(states[state] for state in ("queued", "submitting")) == 50
    assert three.states() == {"completed": 50}
    assert_each_was_accepted_once(three, 50)


# P1 P6 P11
def test_eleven_minutes_without_any_of_them_give_all_credits_back(three: Installation):
    ProviderAccount.objects.filter(id=three.account.id).update(base_url=UNREACHABLE)
    three.start_worker()
    three.ask_for(*PROMPTS[:50])

    wait_until(three.all_have_ended, seconds=12 * 60)

    assert Counter(Generation.objects.values_list("failure_code", flat=True)) == {"PROVIDER_BUSY": 50}
    assert three.sandbox.state()["accepted"] == 0
    assert figures(three.team) == (three.granted, 0, 0)
    assert_books_are_right()
