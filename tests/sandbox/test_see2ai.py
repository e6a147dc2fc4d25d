import io
import json
import time

import av
import httpx
import pytest

from tests.sandbox_process import wait_until

CREATE = "/api/v1/actions/see2ai_video_generation_v1"
FIELDS = {
    *("input_tokens", "output_tokens", "total_tokens", "model", "source", "cost_points", "result_urls", "task_id"),
    *("cost_time", "state", "provider_config_id", "error_message", "warnings"),
}


@pytest.fixture
def make(ask_see2ai):
    """Makes a task and returns its id."""

    def make(**asked):
        response = ask_see2ai(**asked)
        assert response.status_code == 200, response.text
        return response.json()["task_id"]

    return make


@pytest.fixture
def status(see2ai):
    def status(task_id):
        response = see2ai.get(f"/api/v1/status/{task_id}")
        assert response.status_code == 200, response.text
        return response.json()

    return status


def test_without_sync_a_create_is_answered_at_once_in_the_output_schema(ask_see2ai, sandbox):
    sandbox.set(seconds=60)

    body = ask_see2ai().json()

    task_id = body.pop("task_id")
    assert len(task_id) == 36
    assert body == {
        "input_tokens": 0,
        "output_tokens": 0,
        "total_tokens": 0,
        "model": "doubao-seedance-2-0-260128",
        "source": "see2ai",
        "cost_points": None,
        "result_urls": [],
        "cost_time": None,
        "state": "pending",
        "provider_config_id": 1,
        "error_message": None,
        "warnings": None,
    }


def test_even_a_task_that_ends_at_once_is_pending_in_the_answer(ask_see2ai, status):
    body = ask_see2ai().json()

    # With a length of nothing it is over in the instant in which it is made.
    assert (body["state"], status(body["task_id"])["state"]) == ("pending", "succeeded")


def test_a_succeeded_task_tells_link_time_and_cost(make, status, sandbox):
    sandbox.set(seconds=0.25)
    task_id = make(prompt="twelve chars", duration=4, resolution="480p", aspect_ratio="1:1")

    body = wait_until(lambda: told if (told := status(task_id))["state"] == "succeeded" else None)

    tokens = 480 * 480 * 4 * 24 // 1024
    assert set(body) == FIELDS
    assert body["result_urls"] == [f"{sandbox.url}/files/{task_id}.mp4"]
    assert (body["input_tokens"], body["output_tokens"], body["total_tokens"]) == (12, tokens, tokens + 12)
    assert (body["cost_points"], body["cost_time"]) == (tokens + 12, 250)


def test_the_fast_model_costs_eighty_percent(make, status):
    standard, fast = (
        status(make(model_name=f"doubao-seedance-2-0-{name}"))["cost_points"] for name in ("260128", "fast-260128")
    )

    assert fast == pytest.approx(standard * 0.8, abs=1)


def test_a_task_goes_from_pending_over_processing_to_succeeded(make, status, sandbox):
    sandbox.set(seconds=1.5)
    task_id, seen = make(), []

    def is_over():
        seen.append(status(task_id)["state"])
        return seen[-1] == "succeeded"

    wait_until(is_over)
    assert list(dict.fromkeys(seen)) == ["pending", "processing", "succeeded"]


def test_both_status_paths_tell_the_same(make, see2ai):
    task_id = make()

    answers = [see2ai.get(f"{path}/{task_id}") for path in ("/api/v1/status", "/status")]

    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["task_id"] == task_id


@pytest.mark.parametrize("asked", [{"sync": True}, {"sync": ...}])
def test_with_sync_which_is_the_default_a_create_waits_for_the_end(see2ai, sandbox, asked):
    sandbox.set(seconds=0.6)
    begun = time.monotonic()

    response = see2ai.post(CREATE, json={"prompt": "x"} | {name: on for name, on in asked.items() if on is not ...})

    assert time.monotonic() - begun >= 0.55
    assert response.status_code == 200
    assert (response.json()["state"], len(response.json()["result_urls"])) == ("succeeded", 1)
    assert response.json()["cost_points"] > 0


def test_with_sync_a_failure_is_a_500_that_names_the_task(ask_see2ai, status):
    response = ask_see2ai(sync=True, fault="fail=No capacity")

    body = response.json()
    assert response.status_code == 500
    assert (body["state"], body["error_message"], body["cost_points"]) == ("failed", "No capacity", None)
    assert status(body["task_id"]) == body


def test_with_sync_a_task_that_takes_too_long_is_a_504_and_alive(ask_see2ai, status, sandbox):
    sandbox.set(polling_seconds=0.3)

    response = ask_see2ai(sync=True, fault="slow=1.2")

    body = response.json()
    assert (response.status_code, set(body)) == (504, FIELDS)
    assert (body["state"], body["error_message"]) == ("processing", "任务轮询超时")
    assert wait_until(lambda: status(body["task_id"])["state"] == "succeeded")


@pytest.mark.parametrize("prompt", ["Something Forbidden", "违禁的东西"])
def test_a_prompt_against_the_content_policy_is_accepted_and_fails(make, status, prompt):
    body = status(make(prompt=prompt))

    assert (body["state"], body["error_message"]) == ("failed", "Content policy violation")
    assert (body["result_urls"], body["cost_points"], body["total_tokens"]) == ([], None, 0)


def test_warnings_stay_with_the_task(ask_see2ai, status):
    body = ask_see2ai(force_asset_upload=True).json()

    assert len(body["warnings"]) == 1
    assert status(body["task_id"])["warnings"] == body["warnings"]


@pytest.mark.parametrize(
    ("fault", "code", "words", "retry_after"),
    [
        ("reject", 400, "参数错误", None),
        ("401", 401, "API Key 无效或未授权", None),
        ("402", 402, "账号余额不足", None),
        ("429=7", 429, "请求超限，达到速率限制", "7"),
        ("500", 500, "上游服务器内部错误或生成失败", None),
    ],
)
def test_a_refusal_is_of_the_output_schema_and_makes_nothing(ask_see2ai, sandbox, fault, code, words, retry_after):
    # P5, P6
    response = ask_see2ai(fault=fault)

    body = response.json()
    assert (response.status_code, response.headers.get("retry-after")) == (code, retry_after)
    assert set(body) == FIELDS
    assert (body["task_id"], body["state"], body["error_message"]) == ("", "failed", words)
    assert (sandbox.state()["creates"], sandbox.state()["accepted"]) == (1, 0)


@pytest.mark.parametrize(("fault", "code", "retry_after"), [("502", 502, None), ("503=9", 503, "9")])
def test_what_is_not_in_the_documents_table_comes_from_a_proxy(ask_see2ai, sandbox, fault, code, retry_after):
    # P6
    response = ask_see2ai(fault=fault)

    assert (response.status_code, response.headers["content-type"]) == (code, "text/html")
    assert response.headers.get("retry-after") == retry_after
    assert sandbox.state()["accepted"] == 0


@pytest.mark.parametrize(
    ("fault", "code", "content_type"),
    [("502_after_accepting", 502, "text/html"), ("garbage", 200, "text/html"), ("truncated", 200, "application/json")],
)
def test_a_spoiled_answer_hides_a_task_that_was_made(ask_see2ai, sandbox, fault, code, content_type):
    # P7
    response = ask_see2ai(fault=fault)

    assert (response.status_code, response.headers["content-type"]) == (code, content_type)
    with pytest.raises(json.JSONDecodeError):
        response.json()
    assert sandbox.state()["accepted"] == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [("hang", httpx.ReadTimeout), ("slow_answer=2", httpx.ReadTimeout), ("reset", httpx.RemoteProtocolError)],
)
def test_an_answer_that_never_comes_hides_a_task_that_was_made(see2ai, ask_see2ai, sandbox, fault, error):
    # P2, P3
    see2ai.timeout = httpx.Timeout(0.5)

    with pytest.raises(error):
        ask_see2ai(fault=fault)

    assert sandbox.state()["accepted"] == 1


def test_faults_of_the_polls(make, see2ai):
    # P9
    missing, broken = make(fault="poll_404=2"), make(fault="poll_500=1")

    assert [see2ai.get(f"/status/{missing}").status_code for _ in range(3)] == [404, 404, 200]
    assert [see2ai.get(f"/status/{broken}").status_code for _ in range(2)] == [500, 200]


@pytest.mark.parametrize(
    ("fault", "state"), [("never", "processing"), ("slow=60", "pending"), ("status_word=brewing,slow=60", "brewing")]
)
def test_a_task_that_does_not_end(make, status, fault, state):
    # P8
    body = status(make(fault=fault))

    assert (body["state"], body["result_urls"]) == (state, [])


def test_a_marker_in_the_prompt_and_a_standing_fault_are_met(ask_see2ai, sandbox):
    marked = ask_see2ai(prompt="A fox [[fault:429=3]]")
    sandbox.set_fault("402", count=1, match="cat")
    standing = [ask_see2ai(prompt="a cat").status_code for _ in range(2)]

    assert (marked.status_code, marked.headers["retry-after"]) == (429, "3")
    assert standing == [402, 200]


@pytest.mark.parametrize("key", ["", "Basic sk-tests", "Bearer", "Bearer other-key"])
def test_without_a_good_key_nothing_is_told_or_made(sandbox, key):
    headers = {"authorization": key} if key else {}

    answers = [
        httpx.post(f"{sandbox.url}{CREATE}", json={"prompt": "x"}, headers=headers),
        httpx.get(f"{sandbox.url}/status/1", headers=headers),
    ]

    for answer in answers:
        assert (answer.status_code, answer.json()["error_message"]) == (401, "API Key 无效或未授权")
    assert sandbox.state()["accepted"] == 0


@pytest.mark.parametrize(("state", "code"), [("refused", 401), ("out_of_credits", 402), ("accepted", 200)])
def test_key_states_by_control_call(ask_see2ai, sandbox, state, code):
    # P13
    sandbox.set_key("sk-tests", state)

    assert ask_see2ai().status_code == code


def test_a_limit_on_requests_holds(ask_see2ai, sandbox, see2ai):
    sandbox.set(requests_a_minute=2)

    answers = [ask_see2ai() for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 1 <= int(answers[2].headers["retry-after"]) <= 60
    assert see2ai.get(f"/status/{answers[0].json()['task_id']}").status_code == 200


def test_another_keys_or_vendors_task_does_not_exist(make, create, sandbox, see2ai):
    task_id = make()
    vibegens = create().json()["data"]["id"]
    stranger = {"authorization": "Bearer sk-stranger"}

    answers = [httpx.get(f"{sandbox.url}/status/{task_id}", headers=stranger), see2ai.get(f"/status/{vibegens}")]

    for answer in answers:
        assert (answer.status_code, answer.json()["state"]) == (404, "failed")


def test_a_body_over_a_mebibyte_is_refused_in_the_output_schema(see2ai):
    response = see2ai.post(CREATE, content=b" " * (1024 * 1024 + 1))

    assert (response.status_code, set(response.json())) == (400, FIELDS)


@pytest.mark.parametrize(
    ("asked", "size", "seconds", "streams"),
    [
        ({"duration": 4}, (1280, 720), 4, ["audio", "video"]),
        ({"duration": 4, "resolution": "480p", "aspect_ratio": "9:16"}, (480, 854), 4, ["audio", "video"]),
        ({"prompt": "short -1", "duration": -1, "resolution": "480p", "generate_audio": False}, None, None, ["video"]),
    ],
)
def test_the_file_is_what_was_asked_for(make, status, asked, size, seconds, streams):
    body = status(make(**asked))

    content = httpx.get(body["result_urls"][0], timeout=60).content

    with av.open(io.BytesIO(content)) as container:
        video, length = container.streams.video[0], container.duration / av.time_base
        assert (video.width, video.height) == (size or (854, 480))
        assert sorted(stream.type for stream in container.streams) == streams
        assert length == pytest.approx(seconds or body["output_tokens"] * 1024 / (854 * 480 * 24), abs=0.05)
        assert 4 <= length <= 15
