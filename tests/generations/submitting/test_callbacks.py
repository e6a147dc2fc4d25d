"""Callbacks lost, doubled, early, late, out of order and forged, sent by the sandbox over HTTP."""

import base64
import itertools
import json
import threading
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from generations import lifecycle, provider_accounts
from generations.models import Callback, Generation, ProviderAccount, State, Submission
from generations.providers.signatures import HMAC_SHA256, STANDARD_WEBHOOKS
from generations.submitting import ingest, poll, submit
from generations.submitting.submit import callback_url
from tests.api import asked
from tests.factories import make_account, make_submission
from tests.pipeline import figures, finish, hurry
from tests.races import race
from tests.sandbox_process import wait_until
from tests.signed_webhooks import OTHER, SECRET, TEXT, signed

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


@pytest.fixture
def signing(running) -> Submission:
    """Its account's callbacks are signed."""
    provider_accounts.sign_callbacks(running.account, scheme=STANDARD_WEBHOOKS, secret=SECRET)
    return running


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

    callback = Callback.objects.get()
    assert callback.repeat_count == 999
    assert callback.last_received_at > callback.received_at


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
            body=json.dumps({"event": event, "task_id": running.provider_task_id, "order": number}).encode(),
            received_at=now,
            next_at=now,
        )
        for number, order in enumerate(itertools.permutations(events))
        for event in order
    )

    ingest.crew.run()

    running.refresh_from_db()
    assert (Generation.objects.get().state, running.ended_at) == ("running", None)
    assert Callback.objects.count() == 600
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


SIGNED = [(STANDARD_WEBHOOKS, SECRET, OTHER, ""), (HMAC_SHA256, TEXT, TEXT[::-1], "X-Signature")]


@pytest.mark.parametrize(("scheme", "secret", "new_secret", "header"), SIGNED)
def test_signed_callbacks_bring_clips_home_while_the_secret_is_changed(
    team, account, sandbox, reachable, scheme, secret, new_secret, header
):  # W1 W13
    """First here, then at the provider, with clips on their way."""
    named = {"header": header} if header else {}
    provider_accounts.sign_callbacks(account, scheme=scheme, secret=secret, **named)
    sandbox.sign_callbacks(scheme, secret, **named)
    sandbox.set_fault("slow=1,doubled_callback")
    before = [asked(team, prompt=f"Before {number}") for number in range(3)]
    submit.crew.run()

    provider_accounts.sign_callbacks(account, scheme=scheme, secret=new_secret, overlap=timedelta(hours=1))
    finish(*before)
    wait_until(lambda: Callback.objects.count() == 3)
    sandbox.sign_callbacks(scheme, new_secret, **named)
    after = [asked(team, prompt=f"After {number}") for number in range(3)]
    finish(*after)
    wait_until(lambda: Callback.objects.filter(repeat_count=1).count() == 6)
    ingest.crew.run()

    assert {each.state for each in (*before, *after)} == {"completed"}
    assert set(Callback.objects.values_list("proof", flat=True)) == {"good"}
    assert set(Callback.objects.values_list("verdict", flat=True)) <= {"woke", "bound", "settled"}
    assert figures(team) == (1000 - 6 * 15, 0, 6 * 15)


def test_after_the_old_secret_has_ended_what_it_signed_does_nothing(signing, sandbox):  # W13
    provider_accounts.sign_callbacks(signing.account, scheme=STANDARD_WEBHOOKS, secret=OTHER)
    body = completed(signing.provider_task_id)

    assert call_back(signing, body, headers=signed(secret=SECRET, at=timezone.now(), body=body)) == 401
    assert call_back(signing, body, headers=signed(secret=OTHER, at=timezone.now(), body=body)) == 202


def test_where_callbacks_are_signed_a_forged_one_is_not_even_a_reason_to_ask(signing, sandbox):  # W2 W5 W10
    Submission.objects.update(next_at=timezone.now() + timedelta(hours=1))  # not due by itself, however long this takes
    before, asked_at = sandbox.state()["fetches"], Submission.objects.get().next_at
    body = completed(signing.provider_task_id)
    old = signed(at=timezone.now() - timedelta(seconds=301), body=body)

    answers = {call_back(signing, body + b" " * number) for number in range(200)}
    answers |= {call_back(signing, body, headers=old) for _ in range(5)}
    ingest.crew.run()
    poll.crew.run()

    assert answers == {401}
    assert (sandbox.state()["fetches"], Submission.objects.get().next_at) == (before, asked_at)
    assert set(Callback.objects.values_list("verdict", flat=True)) == {"forged", "stale"}


def test_what_is_kept_is_checked_again_by_whoever_looks_into_it(signing):  # W2
    """A hint that came just before its account was given a scheme."""
    body = completed(signing.provider_task_id)
    at = timezone.now()
    kept = [
        Callback.objects.create(
            submission=signing, headers=headers, body=body + b" " * number, received_at=at, next_at=at
        )
        for number, headers in enumerate(({}, signed(at=at - timedelta(seconds=301), body=body + b" ")))
    ]
    before = Submission.objects.get().next_at

    ingest.crew.run()

    assert [Callback.objects.get(id=each.id).verdict for each in kept] == ["forged", "stale"]
    assert Submission.objects.get().next_at == before


def test_a_foreign_task_told_of_again_is_looked_into_again_and_bound(team, account, sandbox):  # W4 W8
    """It was not to be fetched for longer than anybody waits."""
    sandbox.set_fault("never")
    asked(team)
    submit.crew.run()
    submission = Submission.objects.get()
    task_id, submission.provider_task_id = submission.provider_task_id, ""
    submission.save()
    call_back(submission, completed(task_id))
    Callback.objects.update(verdict="foreign", next_at=None, received_at=timezone.now() - timedelta(hours=1))

    call_back(submission, completed(task_id))
    ingest.crew.run()

    submission.refresh_from_db()
    assert (Callback.objects.get().verdict, submission.provider_task_id) == ("bound", task_id)


def test_who_tells_of_an_unknown_task_again_and_again_is_waited_for_from_then(team, account, sandbox):  # W10
    generation = asked(team)
    lifecycle.advance(generation, State.SUBMITTING)
    submission = make_submission(generation=generation, account=account)
    before = sandbox.state()["fetches"]
    call_back(submission, completed("nobody-knows"))
    Callback.objects.update(verdict="foreign", next_at=None, received_at=timezone.now() - timedelta(hours=1))

    for _ in range(30):
        call_back(submission, completed("nobody-knows"))
        ingest.crew.run()
    waiting = Callback.objects.get()
    Callback.objects.update(last_received_at=timezone.now() - timedelta(minutes=11))
    Submission.objects.update(polled_at=None)
    hurry()
    ingest.crew.run()

    assert (waiting.verdict, waiting.attempt_count) == ("foreign", 1)
    assert waiting.next_at is not None
    assert sandbox.state()["fetches"] - before == 2
    assert (Callback.objects.get().verdict, Callback.objects.get().next_at) == ("foreign", None)


@pytest.mark.parametrize("looks", [1, 2])
def test_what_was_signed_rightly_when_it_came_stays_so(signing, looks):  # W13
    """Its secret is replaced before anybody looks into it, or looks again."""
    body = completed(signing.provider_task_id)
    call_back(signing, body, headers=signed(at=timezone.now(), body=body))
    provider_accounts.sign_callbacks(signing.account, scheme=STANDARD_WEBHOOKS, secret=OTHER)

    for _ in range(looks):
        ingest.again([Callback.objects.get().id])
        ingest.crew.run()

    assert Callback.objects.get().verdict == "woke"


def test_what_was_signed_by_another_scheme_is_checked_anew(signing):  # W13
    body = completed(signing.provider_task_id)
    call_back(signing, body, headers=signed(at=timezone.now(), body=body))
    provider_accounts.sign_callbacks(signing.account, scheme=HMAC_SHA256, secret=TEXT, header="X-Signature")

    ingest.crew.run()

    assert (Callback.objects.get().proof, Callback.objects.get().verdict) == ("good", "forged")


def test_a_secret_that_can_not_be_read_is_waited_for_and_then_it_is_unchecked(signing, caplog):  # W3
    body = completed(signing.provider_task_id)
    ProviderAccount.objects.update(encrypted_callback_secret=b"unreadable")
    answer = call_back(signing, body, headers=signed(at=timezone.now(), body=body))

    ingest.crew.run()
    waiting = Callback.objects.get()
    Callback.objects.update(received_at=timezone.now() - timedelta(minutes=11))
    hurry()
    ingest.crew.run()

    assert (answer, waiting.verdict, waiting.attempt_count) == (503, "", 1)
    assert Callback.objects.get().verdict == "unchecked"
    assert "can't be read" in caplog.text


def test_of_four_accounts_each_callback_counts_at_its_own_address_alone(team, sandbox):  # W9
    """Each signed rightly by the account that it comes to, and naming each one's task."""
    secrets = [f"whsec_{base64.b64encode(bytes(range(number, number + 32))).decode()}" for number in range(4)]
    bound = []
    for number, secret in enumerate(secrets):
        provider = ("vibegen", "seedance2api")[number % 2]
        account = make_account(base_url="http://127.0.0.1:9", provider=provider)
        provider_accounts.sign_callbacks(account, scheme=STANDARD_WEBHOOKS, secret=secret)
        bound.append(make_submission(generation=asked(team), account=account, provider_task_id=f"task-{number}"))

    for place, submission in enumerate(bound):
        for named in range(4):
            body = json.dumps({"task_id": f"task-{named}", "data": {"task_id": f"task-{named}"}}).encode()
            right = signed(secret=secrets[place], id=f"msg_{place}{named}", at=timezone.now(), body=body)
            another = signed(secret=secrets[place - 1], at=timezone.now(), body=body)
            assert call_back(submission, body, headers=another) == 401
            assert call_back(submission, body, headers=right) == 202
    ingest.crew.run()

    verdicts = Callback.objects.filter(proof="good").values_list(
        "submission__provider_task_id", "provider_task_id", "verdict"
    )
    assert {(at, named): verdict for at, named, verdict in verdicts} == {
        (f"task-{at}", f"task-{named}"): "woke" if at == named else "foreign" for at in range(4) for named in range(4)
    }
    assert set(Callback.objects.filter(proof="bad").values_list("verdict", flat=True)) == {"forged"}


def test_a_callback_can_be_looked_into_again_with_the_account_as_it_is_then(signing):
    """It was signed by a secret that nobody had told us of yet."""
    body = completed(signing.provider_task_id)
    call_back(signing, body, headers=signed(secret=OTHER, at=timezone.now(), body=body))
    forged = Callback.objects.get()
    provider_accounts.sign_callbacks(signing.account, scheme=STANDARD_WEBHOOKS, secret=OTHER)

    counts = [ingest.again([forged.id]), ingest.again([forged.id])]
    ingest.crew.run()

    assert counts == [{forged.id: "forged"}, {forged.id: ""}]
    assert (forged.verdict, Callback.objects.get().verdict) == ("forged", "woke")


def test_what_came_to_nobody_or_is_being_looked_into_is_left_alone(running):
    Client().post(f"/hooks/vibegen/{'0' * 32}", b"{}", content_type="application/json")
    call_back(running, completed(running.provider_task_id))
    Callback.objects.exclude(submission=None).update(lease_until=timezone.now() + timedelta(seconds=60))

    assert ingest.again(Callback.objects.values_list("id", flat=True)) == {}
    assert Callback.objects.get(submission=None).verdict == "unaddressed"


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
    assert not Callback.objects.exclude(verdict="unaddressed").exists()


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


def test_many_at_once_where_there_is_no_room_push_one_out_each(running):
    at = timezone.now()
    Callback.objects.bulk_create(
        Callback(submission=running, headers={}, body=f"old {number}".encode(), verdict="woke", received_at=at)
        for number in range(100)
    )

    answers = race(lambda number: call_back(running, str(number).encode()), range(60), threads=8)

    assert set(answers) == {202}
    assert Callback.objects.filter(verdict="").count() == 60
    assert 100 <= Callback.objects.count() <= 110


def test_a_callback_costs_no_credits_and_moves_no_state(team, account):
    generation = asked(team)
    submission = make_submission(generation=generation, account=make_account(base_url="http://127.0.0.1:9"))
    call_back(submission, completed("x"))

    assert Generation.objects.get(id=generation.id).state == "queued"
    assert figures(team) == (985, 15, 0)
