import json
from datetime import UTC, datetime

import httpx
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from generations.providers import signatures
from tests.receiver import answer
from tests.sandbox_process import SandboxProcess, wait_until
from tests.signed_webhooks import OTHER, SECRET, TEXT, hex_of


def bodies(receiver):
    return [json.loads(request.body) for request in receiver.requests]


def all_received(receiver, count):
    """The bodies, once there are so many."""
    return wait_until(lambda: bodies(receiver) if len(receiver.requests) >= count else None)


def test_a_completed_task_calls_back_as_documented(api, make, receiver):
    task_id = make(callback_url=receiver.url("/hook?token=1"))

    body = all_received(receiver, 1)[0]
    task = api.get(f"/tasks/{task_id}").json()["data"]
    request = receiver.requests[0]
    assert (request.method, request.path) == ("POST", "/hook?token=1")
    assert request.headers["content-type"] == "application/json"
    assert body == {
        "event": "task.completed",
        "task_id": task_id,
        "status": "completed",
        "video_url": task["video_url"],
        "created_at": task["created_at"],
        "completed_at": task["completed_at"],
    }


def test_a_failed_task_calls_back_as_documented(api, make, receiver):
    task_id = make(prompt="forbidden", callback_url=receiver.url())

    body = all_received(receiver, 1)[0]
    task = api.get(f"/tasks/{task_id}").json()["data"]
    assert body == {
        "event": "task.failed",
        "task_id": task_id,
        "status": "failed",
        "error_message": "Content policy violation",
        "created_at": task["created_at"],
        "failed_at": body["failed_at"],
    }


def test_a_refused_callback_is_not_repeated(make, receiver, sandbox):
    receiver.otherwise = answer(500)

    make(callback_url=receiver.url("/refused"))
    all_received(receiver, 1)
    receiver.otherwise = answer(200)
    make(callback_url=receiver.url("/later"))

    wait_until(lambda: sandbox.state()["callbacks_answered"] == 1)
    assert [request.path for request in receiver.requests] == ["/refused", "/later"]
    assert sandbox.state()["callbacks_sent"] == 2


def test_a_receiver_that_is_not_there_does_no_harm(make, receiver, sandbox):
    receiver.close()

    make(callback_url=receiver.url())

    wait_until(lambda: sandbox.state()["callbacks_sent"] == 1)
    assert sandbox.state()["callbacks_answered"] == 0


def test_a_lost_callback_is_never_sent(make, receiver):
    make(fault="lost_callback", callback_url=receiver.url("/lost"))
    make(callback_url=receiver.url("/kept"))

    all_received(receiver, 1)
    assert [request.path for request in receiver.requests] == ["/kept"]


def test_a_doubled_callback_is_sent_twice_the_same(make, receiver):
    make(fault="doubled_callback", callback_url=receiver.url())

    one, other = all_received(receiver, 2)
    assert one == other


def test_an_early_callback_comes_before_the_create_is_answered(api, create, receiver, sandbox):
    sandbox.set(seconds=60)
    response = create(fault="early_callback", callback_url=receiver.url())

    received_by_then = bodies(receiver)
    task_id = response.json()["data"]["id"]
    assert [body["task_id"] for body in received_by_then] == [task_id]
    assert response.json()["data"]["status"] == "pending"
    assert api.get(f"/tasks/{task_id}").json()["data"]["status"] == "completed"


def test_a_late_callback_comes_after_the_task_is_seen_to_have_ended(make, receiver, wait_for_status):
    task_id = make(fault="late_callback=1", callback_url=receiver.url())

    wait_for_status(task_id, "completed")
    seen_by_then = len(receiver.requests)

    assert seen_by_then == 0
    assert all_received(receiver, 1)[0]["status"] == "completed"


def test_forged_callbacks_claim_what_is_not_so(api, make, receiver):
    task_id = make(fault="forged_callback,never", callback_url=receiver.url())

    forged = all_received(receiver, 2)
    named = sorted(body["task_id"] == task_id for body in forged)
    assert named == [False, True]
    assert {body["video_url"] for body in forged} == {"http://attacker.example/files/not-yours.mp4"}
    assert {body["status"] for body in forged} == {"completed"}
    assert api.get(f"/tasks/{task_id}").json()["data"]["status"] == "processing"


def test_a_reset_drops_callbacks_that_wait(make, receiver, sandbox):
    make(fault="slow=1", callback_url=receiver.url("/dropped"))

    sandbox.reset()
    make(fault="slow=1.5", callback_url=receiver.url("/kept"))

    all_received(receiver, 1)
    assert [request.path for request in receiver.requests] == ["/kept"]


def test_a_callback_is_signed_as_standard_webhooks_has_it_where_the_sandbox_is_told_a_secret(make, receiver, sandbox):
    sandbox.sign_callbacks("standard_webhooks", SECRET)
    make(callback_url=receiver.url())
    all_received(receiver, 1)
    request = receiver.requests[0]

    Webhook(SECRET).verify(request.body, dict(request.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER).verify(request.body, dict(request.headers))
    assert sandbox.state()["signature"] == {"scheme": "standard_webhooks", "header": "X-Signature"}


def test_a_callback_is_signed_by_hmac_in_a_header_of_one_s_choice(make, receiver, sandbox):
    sandbox.sign_callbacks("hmac_sha256", TEXT, header="X-Sig")
    make(callback_url=receiver.url())
    all_received(receiver, 1)
    request = receiver.requests[0]

    assert request.headers["x-sig"] == f"sha256={hex_of(request.body)}"


@pytest.mark.parametrize(("scheme", "secret"), [("standard_webhooks", SECRET), ("hmac_sha256", TEXT)])
def test_whoever_forges_one_does_not_know_the_secret(make, receiver, sandbox, scheme, secret):
    sandbox.sign_callbacks(scheme, secret)
    make(fault="forged_callback,never", callback_url=receiver.url())
    all_received(receiver, 2)

    now = datetime.now(UTC)
    proofs = {
        signatures.verify(scheme, [secret], each.headers, each.body, now, header="X-Signature")
        for each in receiver.requests
    }
    assert proofs == {"bad"}


def test_a_reset_ends_the_signatures(make, receiver, sandbox):
    sandbox.sign_callbacks("standard_webhooks", SECRET)
    sandbox.reset()
    make(callback_url=receiver.url())
    all_received(receiver, 1)

    assert "webhook-signature" not in receiver.requests[0].headers


def test_the_sandbox_can_be_told_when_it_starts(receiver, tmp_path):
    told = {"SCHEME": "standard_webhooks", "SECRET": SECRET}
    environment = {f"SANDBOX_CALLBACK_{name}": value for name, value in told.items()}
    sandbox = SandboxProcess(SANDBOX_SECONDS="0", SANDBOX_DATA=str(tmp_path), **environment)
    try:
        body = {"model": "seedance 2.0", "prompt": "A lone lighthouse", "callback_url": receiver.url()}
        httpx.post(f"{sandbox.api_url}/generations", json=body, headers={"authorization": "Bearer sk-video-tests"})
        all_received(receiver, 1)
    finally:
        sandbox.stop()

    Webhook(SECRET).verify(receiver.requests[0].body, dict(receiver.requests[0].headers))
