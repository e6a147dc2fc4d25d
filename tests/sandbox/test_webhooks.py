import json
import time

import pytest

from tests.receiver import answer
from tests.sandbox_process import wait_until


def bodies(receiver):
    return [json.loads(request.body) for request in receiver.requests]


def all_received(receiver, count):
    """The bodies, once there are so many."""
    return wait_until(lambda: bodies(receiver) if len(receiver.requests) >= count else None)


@pytest.fixture
def make(ask_seedance, receiver):
    """Makes a task that calls the receiver, and returns its id."""

    def make(**asked):
        response = ask_seedance(**{"webhook_url": receiver.url()} | asked)
        assert response.status_code == 200, response.text
        return response.json()["data"]["task_id"]

    return make


def test_a_completed_video_calls_back_as_documented(make, receiver, seedance):
    task_id = make(resolution="1080p", duration=15, webhook_url=receiver.url("/hook?token=1"))

    body, request = all_received(receiver, 1)[0], receiver.requests[0]

    result = seedance.get(f"/v1/results/{task_id}").json()
    data = {"task_id": task_id, "status": "completed", "model": "seedance-1.5-pro", "result": result["result"]}
    assert (request.method, request.path) == ("POST", "/hook?token=1")
    assert request.headers["content-type"] == "application/json"
    assert body == {"event": "task.completed", "timestamp": result["completed_at"], "data": data}


def test_a_failed_video_calls_back_with_why(make, receiver):
    task_id = make(prompt="forbidden")

    body = all_received(receiver, 1)[0]

    assert body["event"] == "task.failed"
    assert body["data"] == {
        "task_id": task_id,
        "status": "failed",
        "model": "seedance-1.5-pro",
        "error_message": "Content policy violation",
    }


def test_images_call_back_too(ask_seedream, receiver):
    data = ask_seedream(webhook_url=receiver.url()).json()["data"]

    body = all_received(receiver, 1)[0]

    assert (body["event"], body["data"]["task_id"]) == ("task.completed", data["task_id"])
    assert body["data"]["result"]["images"] == data["images"]


def test_a_task_that_takes_time_tells_of_its_progress(make, receiver):
    task_id = make(fault="slow=1")

    progress, completed = all_received(receiver, 2)

    assert (progress["event"], completed["event"]) == ("task.progress", "task.completed")
    told = {"task_id": task_id, "status": "processing", "model": "seedance-1.5-pro"}
    assert progress["data"].pop("progress") == pytest.approx(50, abs=3)
    assert progress["data"] == told


def test_a_refused_webhook_is_tried_again(make, receiver, sandbox):
    receiver.answers.append(answer(500))

    make()

    one, other = all_received(receiver, 2)
    wait_until(lambda: sandbox.state()["callbacks_answered"] == 1)
    assert one == other


def test_an_answered_webhook_is_not_tried_again(make, receiver):
    make(webhook_url=receiver.url("/first"))
    all_received(receiver, 1)

    make(fault="late_callback=1.5", webhook_url=receiver.url("/later"))

    all_received(receiver, 2)
    assert [request.path for request in receiver.requests] == ["/first", "/later"]


def test_lost_and_doubled_webhooks(make, receiver):
    make(fault="lost_callback,slow=0.2", webhook_url=receiver.url("/lost"))
    make(fault="doubled_callback", webhook_url=receiver.url("/doubled"))

    all_received(receiver, 2)
    time.sleep(0.3)
    assert [request.path for request in receiver.requests] == ["/doubled", "/doubled"]


def test_an_early_webhook_comes_before_the_create_is_answered(make, receiver, sandbox):
    sandbox.set(seconds=60)

    task_id = make(fault="early_callback")

    assert [body["data"]["task_id"] for body in bodies(receiver)] == [task_id]


def test_forged_webhooks_claim_what_is_not_so(make, receiver, seedance):
    task_id = make(fault="forged_callback,never")

    forged = [body["data"] for body in all_received(receiver, 2)]

    assert sorted(data["task_id"] == task_id for data in forged) == [False, True]
    assert {data["result"]["video_url"] for data in forged} == {"http://attacker.example/files/not-yours.mp4"}
    assert {data["status"] for data in forged} == {"completed"}
    assert seedance.get(f"/v1/tasks/{task_id}").json()["status"] == "processing"
