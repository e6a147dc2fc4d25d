import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from generations.intake import GenerationRequest
from generations.providers.base import AccountRefused, Busy, NotSent, Progress, Refused, TaskMissing, Unclear
from generations.providers.vibegen import Vibegen

REQUEST = GenerationRequest(
    prompt="一座未来城市", duration=5, aspect_ratio="16:9", resolution="720p", generate_audio=True, metadata={"a": "b"}
)
TASK = {
    "id": "550e8400-e29b-41d4-a716-446655440000",
    "status": "processing",
    "model": "seedance 2.0",
    "task_type": "text_to_video",
    "prompt": "一座未来城市",
    "video_url": None,
    "created_at": "2025-03-10T10:00:00Z",
    "completed_at": None,
    "error": None,
}


def vibegen(answer) -> Vibegen:
    """The adapter over a network that gives `answer`: a response, an exception, or a function of the request."""

    def handle(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else answer

    return Vibegen("https://vibegen.example/api/v1/", "sk-video-secret", transport=httpx.MockTransport(handle))


def documented_error(status: int, code: str, message: str = "…", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json={"error": {"code": code, "message": message}}, headers=named)


def submit(adapter: Vibegen):
    return adapter.submit(REQUEST, model="seedance 2.0", callback_url="https://filmgate.example/hooks/vibegen/token")


def test_a_request_is_sent_with_the_documented_fields_and_no_others():  # P14
    sent = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(201, json={"success": True, "data": {"id": TASK["id"], "status": "pending"}})

    report = submit(vibegen(answer))

    assert report.progress == Progress.RUNNING
    assert str(sent[0].url) == "https://vibegen.example/api/v1/generations"
    assert sent[0].headers["authorization"] == "Bearer sk-video-secret"
    assert json.loads(sent[0].content) == {
        "model": "seedance 2.0",
        "prompt": "一座未来城市",
        "duration": 5,
        "aspect_ratio": "16:9",
        "resolution": "720p",
        "generate_audio": True,
        "callback_url": "https://filmgate.example/hooks/vibegen/token",
    }


@pytest.mark.parametrize(
    "error", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout], ids=lambda error: error.__name__
)
def test_what_never_left_is_not_sent(error):  # P1
    with pytest.raises(NotSent):
        submit(vibegen(error("gone")))


@pytest.mark.parametrize(
    "error",
    [httpx.ReadTimeout, httpx.WriteTimeout, httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError],
    ids=lambda error: error.__name__,
)
def test_what_broke_after_the_bytes_left_is_unclear(error):  # P2, P3
    with pytest.raises(Unclear):
        submit(vibegen(error("gone")))


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, "INVALID_PARAMETER", Refused),
        (401, "INVALID_API_KEY", AccountRefused),
        (402, "INSUFFICIENT_CREDITS", AccountRefused),
        (404, "TASK_NOT_FOUND", TaskMissing),
        (429, "RATE_LIMIT_EXCEEDED", Busy),
        (502, "PROVIDER_ERROR", Refused),
        (500, "INTERNAL_ERROR", Refused),
        (503, "SERVICE_UNAVAILABLE", Busy),
        (500, "SOMETHING_NEW", Unclear),
    ],
)
def test_an_answer_in_the_documented_envelope_is_the_providers_word(status, code, expected):  # P6, P13
    with pytest.raises(expected):
        submit(vibegen(documented_error(status, code)))


@pytest.mark.parametrize("status", [301, 401, 429, 500, 502, 503, 504, 520, 522, 524])
def test_a_proxys_page_is_nobodys_word(status):  # P6
    with pytest.raises(Unclear):
        submit(vibegen(httpx.Response(status, html="<h1>Bad gateway</h1>")))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b'{"success": true, "data": {"id": "5',
        b'{"success": true}',
        b'{"success": false, "data": {"id": "1"}}',
        b'{"success": true, "data": {"id": null}}',
        b'{"success": true, "data": {"id": 7}}',
        b'{"success": true, "data": {"id": ""}}',
        b'{"success": true, "data": {"id": "a\\u0000b"}}',
        b'{"success": true, "data": {"id": "' + b"x" * 10_000 + b'"}}',
        b'["success"]',
        b"\xff\xfe{}",
        b"[" * 100_000,
        b" " * (1 << 20) + b"  {}",
    ],
    ids=range(14),
)
def test_a_success_that_can_not_be_read_is_unclear(content):  # P7
    with pytest.raises(Unclear):
        submit(vibegen(httpx.Response(201, content=content)))


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("Content policy violation", "CONTENT_POLICY"),
        ("内容审核未通过", "CONTENT_POLICY"),
        ("Prompt is too long", "PROMPT_TOO_LONG"),
        ("Missing required parameters: model", "INVALID_REQUEST"),
    ],
)
def test_reasons_become_our_codes_and_their_words_go_no_further(message, code):
    with pytest.raises(Refused) as caught:
        submit(vibegen(documented_error(400, "INVALID_PARAMETER", message)))

    assert caught.value.failure_code == code
    assert message not in str(caught.value)


@pytest.mark.parametrize(
    "word",
    ["unknown", "", None, 0, "완료", "almost_there", {}],
    ids=["unknown", "empty", "null", "0", "ko", "new", "{}"],
)
def test_an_unknown_status_word_means_still_running(word):  # P8
    report = vibegen(httpx.Response(200, json={"success": True, "data": TASK | {"status": word}})).fetch(TASK["id"])

    assert report.progress == Progress.RUNNING
    assert report.unknown_word == repr(word)


def test_a_finished_task_tells_its_link_and_when_that_dies():
    done = TASK | {
        "status": "Completed ",
        "video_url": "https://cdn.example.com/videos/abc123.mp4",
        "completed_at": "2025-03-10T10:02:30Z",
    }

    report = vibegen(httpx.Response(200, json={"success": True, "data": done})).fetch(TASK["id"])

    assert report.progress == Progress.SUCCEEDED
    assert report.output_urls == ("https://cdn.example.com/videos/abc123.mp4",)
    assert report.link_expires_at == datetime(2025, 3, 11, 10, 2, 30, tzinfo=UTC)


def test_a_success_without_a_link_is_still_running():
    report = vibegen(httpx.Response(200, json={"success": True, "data": TASK | {"status": "succeeded"}})).fetch(
        TASK["id"]
    )

    assert report.progress == Progress.RUNNING


def test_a_fetch_that_answers_for_another_task_is_unclear():
    with pytest.raises(Unclear):
        vibegen(httpx.Response(200, json={"success": True, "data": TASK})).fetch("another")


def test_a_page_of_tasks_is_as_large_as_documented():
    sent = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(str(request.url))
        return httpx.Response(200, json={"success": True, "data": {"tasks": [TASK]}})

    listed = vibegen(answer).list_tasks(offset=40)

    assert sent == ["https://vibegen.example/api/v1/tasks?limit=20&offset=40"]
    assert [(task.provider_task_id, task.prompt) for task in listed] == [(TASK["id"], "一座未来城市")]


@pytest.mark.parametrize("data", [{}, {"tasks": None}, {"tasks": {}}])
def test_a_list_without_tasks_is_unclear(data):
    with pytest.raises(Unclear):
        vibegen(httpx.Response(200, json={"success": True, "data": data})).list_tasks(offset=0)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"task_id": 7}',
        b'{"task_id": ""}',
        b"\xff",
        b"[" * 100_000,
        b'{"task_id": "a\\u0000"}',
    ],
)
def test_a_callback_that_names_no_task_is_malformed(body):
    with pytest.raises(ValueError):
        vibegen(httpx.Response(200)).read_callback(headers={}, body=body)


def test_the_documented_callback_names_its_task():
    body = (
        b'{"event": "task.completed", "task_id": "550e8400", "status": "completed", "video_url": "https://a.example/b"}'
    )

    assert vibegen(httpx.Response(200)).read_callback(headers={}, body=body) == "550e8400"


def test_busy_says_for_how_long():  # P5
    with pytest.raises(Busy) as caught:
        submit(vibegen(documented_error(429, "RATE_LIMIT_EXCEEDED", Retry_After="7")))

    assert caught.value.retry_after_seconds == 7


def test_the_key_is_in_no_error():  # P17
    with pytest.raises(Unclear) as caught:
        submit(vibegen(httpx.ReadTimeout("secret sk-video-secret")))

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("completed_at", ["9999-12-31T23:59:59Z", "3000-01-01T00:00:00Z"])
def test_a_link_lives_a_day_from_now_at_most_whatever_their_clock_says(completed_at):
    task = {**TASK, "status": "completed", "video_url": "https://cdn.example/a.mp4", "completed_at": completed_at}

    report = vibegen(httpx.Response(200, json={"success": True, "data": task})).fetch(TASK["id"])

    assert report.link_expires_at is not None
    assert report.link_expires_at <= datetime.now(UTC) + timedelta(hours=24)


def test_a_link_that_could_not_be_stored_is_none():
    task = {**TASK, "status": "completed", "video_url": "https://cdn.example/\0.mp4"}

    report = vibegen(httpx.Response(200, json={"success": True, "data": task})).fetch(TASK["id"])

    assert (report.progress, report.output_urls) == (Progress.RUNNING, ())
