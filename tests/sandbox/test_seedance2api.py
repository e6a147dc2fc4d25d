import io
import json
import re
import time

import av
import httpx
import pytest

from tests.sandbox_process import wait_until

DOCUMENTED_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
LIMIT_HEADERS = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "x-ratelimit-retryafter")


@pytest.fixture
def make(ask_seedance):
    """Makes a task and returns its id."""

    def make(**asked):
        response = ask_seedance(**asked)
        assert response.status_code == 200, response.text
        return response.json()["data"]["task_id"]

    return make


@pytest.fixture
def task(seedance):
    return lambda task_id: seedance.get(f"/v1/tasks/{task_id}").json()


def test_a_video_is_accepted_as_documented(ask_seedance, sandbox):
    sandbox.set(seconds=44.2)

    response = ask_seedance()

    body = response.json()
    task_id = body["data"].pop("task_id")
    assert response.status_code == 200
    assert re.fullmatch(r"task-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", task_id)
    assert body["status"] == "accepted"
    assert body["data"] == {
        "status": "queued",
        "estimated_wait_time_seconds": 45,
        "check_status_url": f"/v1/tasks/{task_id}",
    }


def test_a_task_is_shown_without_an_envelope(make, task, sandbox):
    sandbox.set(seconds=60)
    task_id = make()

    body = task(task_id)

    assert DOCUMENTED_TIME.fullmatch(body["created_at"])
    assert body == {
        "task_id": task_id,
        "status": "queued",
        "progress": 0,
        "created_at": body["created_at"],
        "updated_at": body["created_at"],
    }


def test_a_task_goes_from_queued_over_processing_to_completed_and_its_progress_grows(make, task, sandbox):
    sandbox.set(seconds=1.5)
    task_id, seen = make(), []

    def is_over():
        seen.append(task(task_id))
        return seen[-1]["status"] == "completed"

    wait_until(is_over)
    progress = [body["progress"] for body in seen]
    assert list(dict.fromkeys(body["status"] for body in seen)) == ["queued", "processing", "completed"]
    assert progress == sorted(progress)
    assert (progress[0], progress[-1]) == (0, 100)
    assert any(15 <= share <= 99 for share in progress)


def test_the_result_is_told_as_documented(make, seedance, sandbox):
    task_id = make(duration=7, resolution="1080p")

    response = seedance.get(f"/v1/results/{task_id}")

    body = response.json()
    assert response.status_code == 200
    assert DOCUMENTED_TIME.fullmatch(body.pop("completed_at"))
    assert body == {
        "task_id": task_id,
        "status": "completed",
        "result": {"video_url": f"{sandbox.url}/files/{task_id}.mp4", "duration": 7, "resolution": "1080p"},
    }


def test_there_is_no_result_before_the_end(make, seedance):
    response = seedance.get(f"/v1/results/{make(fault='never')}")

    error = {"code": "INVALID_REQUEST", "message": "The task has no result yet"}
    assert (response.status_code, response.json()) == (404, {"status": "error", "error": error})


@pytest.mark.parametrize(
    ("asked", "message"),
    [({"fault": "fail=No capacity"}, "No capacity"), ({"prompt": "forbidden"}, "Content policy violation")],
)
def test_a_failed_task_tells_why_in_both_places(make, task, seedance, asked, message):
    task_id = make(**asked)

    shown, result = task(task_id), seedance.get(f"/v1/results/{task_id}")

    assert (shown["status"], shown["error_message"]) == ("failed", message)
    assert shown["progress"] < 100
    assert (result.status_code, result.json()["status"], result.json()["error_message"]) == (200, "failed", message)
    assert "result" not in result.json()


@pytest.mark.parametrize(
    ("fault", "status", "code", "retry_after"),
    [
        ("reject", 400, "INVALID_REQUEST", None),
        ("401", 401, "INVALID_API_KEY", None),
        ("402", 403, "FORBIDDEN", None),
        ("429=7", 429, "RATE_LIMITED", "7"),
        ("500", 500, "INTERNAL_ERROR", None),
        ("503=9", 503, "SERVICE_UNAVAILABLE", "9"),
    ],
)
def test_a_refusal_has_the_documented_envelope_and_makes_nothing(
    ask_seedance, ask_seedream, sandbox, fault, status, code, retry_after
):
    # P5, P6
    for response in (ask_seedance(fault=fault), ask_seedream(fault=fault)):
        body = response.json()
        assert (response.status_code, set(body), body["status"]) == (status, {"status", "error"}, "error")
        assert (set(body["error"]), body["error"]["code"]) == ({"code", "message"}, code)
        assert response.headers.get("x-ratelimit-retryafter") == retry_after
    assert (sandbox.state()["creates"], sandbox.state()["accepted"]) == (2, 0)


def test_a_429_tells_when_to_come_again_in_epoch_seconds(ask_seedance):
    # P5
    headers = ask_seedance(fault="429=30").headers

    assert (headers["x-ratelimit-limit"], headers["x-ratelimit-remaining"]) == ("1000", "0")
    assert int(headers["x-ratelimit-reset"]) == pytest.approx(time.time() + 30, abs=3)
    assert "retry-after" not in headers


def test_a_502_comes_from_a_proxy_and_makes_nothing(ask_seedance, sandbox):
    # P6
    response = ask_seedance(fault="502")

    assert (response.status_code, response.headers["content-type"]) == (502, "text/html")
    assert sandbox.state()["accepted"] == 0


@pytest.mark.parametrize(
    ("fault", "status", "content_type"),
    [("502_after_accepting", 502, "text/html"), ("garbage", 200, "text/html"), ("truncated", 200, "application/json")],
)
def test_a_spoiled_answer_hides_a_task_that_was_made(ask_seedance, sandbox, fault, status, content_type):
    # P7
    response = ask_seedance(fault=fault)

    assert (response.status_code, response.headers["content-type"]) == (status, content_type)
    with pytest.raises(json.JSONDecodeError):
        response.json()
    assert sandbox.state()["accepted"] == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [("hang", httpx.ReadTimeout), ("slow_answer=2", httpx.ReadTimeout), ("reset", httpx.RemoteProtocolError)],
)
def test_an_answer_that_never_comes_hides_a_task_that_was_made(seedance, ask_seedance, sandbox, fault, error):
    # P2, P3
    seedance.timeout = httpx.Timeout(0.5)

    with pytest.raises(error):
        ask_seedance(fault=fault)

    assert sandbox.state()["accepted"] == 1


@pytest.mark.parametrize(
    ("fault", "status"), [("never", "processing"), ("slow=60", "queued"), ("status_word=unknown,slow=60", "unknown")]
)
def test_a_task_that_does_not_end(make, task, fault, status):
    # P8
    assert task(make(fault=fault))["status"] == status


@pytest.mark.parametrize("path", ["tasks", "results"])
def test_faults_of_the_polls(make, seedance, path):
    # P9
    missing, broken = make(fault="poll_404=2"), make(fault="poll_500=1")

    assert [seedance.get(f"/v1/{path}/{missing}").status_code for _ in range(3)] == [404, 404, 200]
    assert [seedance.get(f"/v1/{path}/{broken}").status_code for _ in range(2)] == [500, 200]


@pytest.mark.parametrize("headers", [{"authorization": "Bearer any-key"}, {"x-api-key": "any-key"}])
def test_a_key_may_come_in_either_header_and_is_the_same(make, sandbox, headers):
    task_id = make()

    assert httpx.get(f"{sandbox.url}/v1/tasks/{task_id}", headers=headers).status_code == 200


@pytest.mark.parametrize("headers", [{}, {"authorization": "Basic any-key"}, {"authorization": "Bearer"}])
def test_without_a_key_nothing_is_told_or_made(sandbox, headers):
    body = {"prompt": "x", "model": "seedance-2.0", "duration": 5}

    answers = [
        httpx.post(f"{sandbox.url}/v1/seedance/generate", json=body, headers=headers),
        httpx.post(f"{sandbox.url}/v1/seedream/generate", json=body, headers=headers),
        httpx.get(f"{sandbox.url}/v1/tasks/1", headers=headers),
        httpx.get(f"{sandbox.url}/v1/results/1", headers=headers),
    ]

    for answer in answers:
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "UNAUTHORIZED")
    assert sandbox.state()["accepted"] == 0


@pytest.mark.parametrize(
    ("state", "status", "code"), [("refused", 401, "INVALID_API_KEY"), ("out_of_credits", 403, "FORBIDDEN")]
)
def test_key_states_by_control_call(ask_seedance, ask_seedream, sandbox, state, status, code):
    # P13
    sandbox.set_key("any-key", state)

    for response in (ask_seedance(), ask_seedream()):
        assert (response.status_code, response.json()["error"]["code"]) == (status, code)


def test_every_answer_tells_the_limit_while_one_holds(ask_seedance, seedance, sandbox):
    sandbox.set(requests_a_minute=3)

    answers = [ask_seedance(), ask_seedance(duration=31), ask_seedance(), ask_seedance()]
    read = seedance.get(f"/v1/tasks/{answers[0].json()['data']['task_id']}")

    told = [[int(answer.headers[name]) for name in LIMIT_HEADERS] for answer in (*answers, read)]
    assert [answer.status_code for answer in answers] == [200, 400, 200, 429]
    assert [limits[:2] for limits in told] == [[3, 2], [3, 1], [3, 0], [3, 0], [3, 2]]
    for _, _, reset_at, retry_after in told:
        assert 1 <= retry_after <= 60
        assert reset_at == pytest.approx(time.time() + retry_after, abs=3)


def test_without_a_limit_no_limit_is_told(ask_seedance):
    assert not set(LIMIT_HEADERS) & set(ask_seedance().headers)


def test_another_keys_or_vendors_task_does_not_exist(make, ask_see2ai, seedance, sandbox):
    task_id, see2ais = make(), ask_see2ai().json()["task_id"]
    stranger = {"authorization": "Bearer stranger"}

    for path in ("tasks", "results"):
        answers = [
            httpx.get(f"{sandbox.url}/v1/{path}/{task_id}", headers=stranger),
            seedance.get(f"/v1/{path}/{see2ais}"),
        ]
        for answer in answers:
            error = {"code": "INVALID_REQUEST", "message": "Task not found"}
            assert (answer.status_code, answer.json()) == (404, {"status": "error", "error": error})


def test_a_body_over_a_mebibyte_is_refused_in_the_envelope(seedance):
    response = seedance.post("/v1/seedance/generate", content=b" " * (1024 * 1024 + 1))

    assert (response.status_code, response.json()["status"]) == (400, "error")


@pytest.mark.parametrize(
    ("asked", "size", "rate"),
    [
        ({}, (1280, 720), 24),
        ({"fps": 30}, (1280, 720), 30),
        ({"resolution": "1080p", "fps": 60, "duration": 6}, (1920, 1080), 60),
    ],
)
def test_the_file_is_what_was_asked_for(make, sandbox, asked, size, rate):
    content = httpx.get(f"{sandbox.url}/files/{make(**asked)}.mp4", timeout=150).content

    seconds = asked.get("duration", 5)
    with av.open(io.BytesIO(content)) as container:
        video = container.streams.video[0]
        assert [stream.type for stream in container.streams] == ["video"]
        assert (video.width, video.height, video.average_rate) == (*size, rate)
        assert round(container.duration / av.time_base, 2) == seconds
        assert sum(1 for _ in container.decode(video=0)) == seconds * rate


def test_a_large_and_fast_clip_is_whole_and_goes_round(make, sandbox):
    url = f"{sandbox.url}/files/{make(resolution='4k', fps=60)}.mp4"

    content = httpx.get(url, timeout=150).content

    with av.open(io.BytesIO(content)) as container:
        video = container.streams.video[0]
        assert (video.width, video.height, video.average_rate) == (3840, 2160, 60)
        assert round(container.duration / av.time_base, 2) == 5
        seen = {place: bytes(frame.planes[0]) for place, frame in enumerate(container.decode(video)) if place % 60 == 9}
    # Four seconds of so many pixels are encoded, and repeated.
    assert list(seen) == [9, 69, 129, 189, 249]
    assert seen[249] == seen[9] != seen[189]
