"""Callbacks lost, doubled, early, late, out of order and forged, sent by the sandbox over HTTP."""

import itertools
import json
import threading

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from generations import lifecycle
from generations.models import Callback, Generation, State, Submission
from generations.submitting import ingest, poll, submit
from generations.submitting.submit import callback_url
from tests.api import asked
from tests.factories import make_account, make_submission
from tests.pipeline import figures, finish, hurry
from tests.races import race
from tests.sandbox_process import wait_until

_own = threading.local()


def call_back(submission: Submission, body: bytes, **options: object) -> int:
    """Each thread has one client: making one scans the static files."""
    if not hasattr(_own, "client"):
        _own.client = Client()
    url = callback_url(submission).removeprefix(settings.CALLBACK_BASE_URL)
    return _own.client.post(url, body, content_type="application/json", **options).status_code


def completed(task_id: str) -> bytes:
    return json.dumps({"event": "task.completed", "task_id": task_id, "status": "completed"}).encode()


@pytest.fixture
def running(team, account, sandbox) -> Submission:
    """Bound to a task that will not end by itself."""
    sandbox.set_fault("never")
    asked(team)
    submit.crew.run()
    return Submission.objects.get()


@pytest.mark.parametrize(
    ("fault", "callbacks"),
    [
        ("lost_callback", 0),
        ("doubled_callback", 1),
        ("early_callback", 1),
        ("late_callback=0.3", 1),
        ("forged_callback", 3),
    ],
)
def test_whatever_happens_to_its_callback_a_generation_ends_right(
    team, account, sandbox, reachable, fault, callbacks
):  # W4, W6, W8, W10
    sandbox.set_fault(fault)
    generation = asked(team, prompt="Called back")

    finish(generation)
    wait_until(lambda: Callback.objects.count() == callbacks)
    ingest.crew.run()

    assert generation.state == "completed"
    assert figures(team) == (985, 0, 15)
    assert sandbox.state()["creates"] == 1
    assert not Callback.objects.filter(verdict="").exists()


def test_a_callback_is_what_brings_back_a_generation_whose_answer_was_lost(team, account, sandbox, reachable):  # P4
    sandbox.set_fault("reset,early_callback")
    generation = asked(team)

    submit.crew.run()
    ingest.crew.run()

    generation.refresh_from_db()
    assert generation.state == "archiving"
    assert Callback.objects.get().verdict == "bound"
    assert sandbox.state()["lists"] == 0


def test_early_callbacks_find_every_generation_before_its_answer_came(team, account, sandbox, reachable):  # W8
    sandbox.set_fault("early_callback,slow_answer=1")
    generations = [asked(team, prompt="Early") for _ in range(8)]

    finish(*generations)

    assert {generation.state for generation in generations} == {"completed"}
    assert sandbox.state()["creates"] == 8


def test_the_same_bytes_a_thousand_times_are_one_callback(running):  # W4, W6
    race(lambda _: call_back(running, completed(running.provider_task_id)), range(1000), threads=16)

    assert Callback.objects.count() == 1


def test_a_thousand_forged_hints_change_nothing_and_cause_one_poll(running, sandbox):  # W10
    before = sandbox.state()["fetches"]
    race(lambda number: call_back(running, completed(running.provider_task_id) + b" " * number), range(1000), threads=8)

    ingest.crew.run()
    poll.crew.run()
    poll.crew.run()

    running.generation.refresh_from_db()
    assert running.generation.state == "running"
    assert sandbox.state()["fetches"] - before == 1


def test_a_link_that_a_callback_names_is_never_used(team, account, sandbox, reachable):  # W15
    sandbox.set_fault("forged_callback")
    generation = asked(team)

    finish(generation)

    assert "attacker" not in str(Submission.objects.get().outputs)


def test_events_in_any_order_end_like_those_in_order(running):  # W7
    events = ("task.created", "task.progress", "task.processing", "task.completed", "task.failed")
    now = timezone.now()
    Callback.objects.bulk_create(
        Callback(
            submission=running,
            headers={},
            body=json.dumps({"event": event, "task_id": running.provider_task_id}).encode(),
            received_at=now,
            next_at=now,
        )
        for order in itertools.permutations(events)
        for event in order
    )

    ingest.crew.run()

    running.refresh_from_db()
    assert (Generation.objects.get().state, running.ended_at) == ("running", None)
    assert set(Callback.objects.values_list("verdict", flat=True)) == {"woke"}


def test_a_task_of_another_submission_is_foreign(team, account, sandbox, running):  # W9
    other = make_submission(generation=asked(team), account=account)
    lifecycle.advance(other.generation, State.SUBMITTING)
    call_back(other, completed(running.provider_task_id))

    ingest.crew.run()

    other.refresh_from_db()
    assert Callback.objects.get().verdict == "foreign"
    assert other.provider_task_id == ""


def test_a_task_with_another_prompt_is_foreign(team, account, sandbox):
    sandbox.set_fault("never")
    asked(team, prompt="Theirs")
    submit.crew.run()
    theirs = Submission.objects.get()
    task_id, theirs.provider_task_id = theirs.provider_task_id, ""
    theirs.save()
    generation = asked(team, prompt="Mine")
    lifecycle.advance(generation, State.SUBMITTING)
    mine = make_submission(generation=generation, account=account)
    call_back(mine, completed(task_id))

    ingest.crew.run()

    mine.refresh_from_db()
    assert Callback.objects.get().verdict == "foreign"
    assert mine.provider_task_id == ""


def test_an_unknown_task_is_waited_for_and_then_foreign(team, account, sandbox):
    generation = asked(team)
    lifecycle.advance(generation, State.SUBMITTING)
    submission = make_submission(generation=generation, account=account)
    call_back(submission, completed("nobody-knows"))

    ingest.crew.run()
    waiting = Callback.objects.get()
    Callback.objects.update(received_at="2020-01-01T00:00:00Z")
    hurry()
    ingest.crew.run()

    assert (waiting.verdict, waiting.attempt_count) == ("", 1)
    assert Callback.objects.get().verdict == "foreign"


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\x00", b"[" * 100_000, b"<xml/>", b'{"task_id": null}'])
def test_a_body_that_can_not_be_read_is_kept_as_malformed(running, body):
    status = call_back(running, body)
    ingest.crew.run()

    callback = Callback.objects.get()
    assert status == 202
    assert (bytes(callback.body), callback.verdict) == (body, "malformed")


def test_a_callback_after_the_end_is_settled(team, account, sandbox):
    generation = asked(team)
    finish(generation)
    submission = Submission.objects.get()
    call_back(submission, completed(submission.provider_task_id))

    ingest.crew.run()

    assert Callback.objects.get().verdict == "settled"


def test_a_body_beyond_256_kib_is_not_kept(running):  # W12
    statuses = [call_back(running, b"x" * size) for size in (256 * 1024, 256 * 1024 + 1)]

    assert statuses == [202, 413]
    assert Callback.objects.count() == 1


@pytest.mark.parametrize(
    ("provider", "token"), [("vibegen", "0" * 32), ("vibegen", "x"), ("vibegen", "%00"), ("see2ai", "")]
)
def test_an_address_that_nobody_was_given_is_not_found(running, provider, token):
    url = f"/hooks/{provider}/{token or running.token}"

    response = Client().post(url, b"{}", content_type="application/json")

    assert response.status_code == 404
    assert not Callback.objects.exists()


def test_only_post_is_answered_and_no_secret_of_the_sender_is_kept(running):
    url = reverse("generations:callback", args=["vibegen", running.token])
    got = Client().get(url).status_code
    call_back(running, b"{}", headers={"Authorization": "Bearer secret", "X-Signature": "v1,abc"})

    headers = Callback.objects.get().headers
    assert got == 405
    assert headers["x-signature"] == "v1,abc"
    assert "authorization" not in headers


def test_what_floods_an_address_is_kept_only_up_to_a_hundred(running):
    for number in range(120):
        call_back(running, str(number).encode())

    assert Callback.objects.count() == 100


def test_a_callback_costs_no_credits_and_moves_no_state(team, account):
    generation = asked(team)
    submission = make_submission(generation=generation, account=make_account(base_url="http://127.0.0.1:9"))
    call_back(submission, completed("x"))

    assert Generation.objects.get(id=generation.id).state == "queued"
    assert figures(team) == (985, 15, 0)
