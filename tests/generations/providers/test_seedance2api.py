import json
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from generations.intake import GenerationRequest
from generations.providers.base import AccountRefused, Busy, NotSent, Progress, Refused, TaskMissing, Unclear
from generations.providers.seedance2api import Seedance2api

VIDEO = GenerationRequest(prompt="Running", duration=15, resolution="1080p", fps=24, aspect_ratio="16:9")
IMAGES = GenerationRequest(prompt="Sunset", resolution="4k", quality="high", count=2, seed=42)
CALLBACK_URL = "https://filmgate.example/hooks/seedance2api/token"
TASK_ID = "task-uuid-67890"
ACCEPTED = {
    "status": "accepted",
    "data": {
        "task_id": TASK_ID,
        "status": "queued",
        "estimated_wait_time_seconds": 45,
        "check_status_url": f"/v1/tasks/{TASK_ID}",
    },
}
TASK = {
    "task_id": TASK_ID,
    "status": "processing",
    "progress": 45,
    "created_at": "2024-01-15T10:30:00Z",
    "updated_at": "2024-01-15T10:32:15Z",
}
RESULT = {
    "task_id": TASK_ID,
    "status": "completed",
    "result": {"video_url": "https://cdn.seedance2api.com/videos/1.mp4", "duration": 15, "resolution": "1080p"},
    "completed_at": "2024-01-15T10:35:00Z",
}
IMAGE_URLS = ("https://cdn.seedance2api.com/images/b.png", "https://cdn.seedance2api.com/images/a.png")
MADE = {
    "status": "success",
    "data": {
        "task_id": "task-uuid-12345",
        "images": [{"id": f"img-{n}", "url": url, "format": "png"} for n, url in enumerate(IMAGE_URLS)],
        "model": "seedream-4.5",
        "resolution": "4k",
        "processing_time_ms": 2500,
    },
}


def seedance2api(answer) -> Seedance2api:
    """The adapter over a network that gives `answer`: a response, an exception, or a function of the request."""

    def handle(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else answer

    return Seedance2api("https://api.example/", "secret-key", transport=httpx.MockTransport(handle))


def by_path(**answers) -> Seedance2api:
    """The adapter over one answer for each collection: tasks, results."""
    return seedance2api(lambda request: answers[request.url.path.split("/")[2]])


def documented_error(status: int, code: str, message: str = "…", details=None, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    error = {"code": code, "message": message} | ({"details": details} if details else {})
    return httpx.Response(status, json={"status": "error", "error": error}, headers=named)


def submit(adapter: Seedance2api, request: GenerationRequest = VIDEO, model: str = "seedance-1.5-pro"):
    return adapter.submit(request, model=model, callback_url=CALLBACK_URL)


def test_a_video_is_asked_for_with_the_documented_fields_and_no_others():  # P14
    sent = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(202, json=ACCEPTED)

    report = submit(seedance2api(answer))

    assert (report.provider_task_id, report.progress, report.unknown_word) == (TASK_ID, Progress.RUNNING, "")
    assert str(sent[0].url) == "https://api.example/v1/seedance/generate"
    assert sent[0].headers["authorization"] == "Bearer secret-key"
    assert json.loads(sent[0].content) == {
        "prompt": "Running",
        "model": "seedance-1.5-pro",
        "duration": 15,
        "resolution": "1080p",
        "fps": 24,
        "webhook_url": CALLBACK_URL,
    }


def test_the_first_image_is_the_one_a_video_starts_from():
    sent = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(json.loads(request.content))
        return httpx.Response(202, json=ACCEPTED)

    links = ("https://a.example/1.png", "https://a.example/2.png")
    submit(seedance2api(answer), GenerationRequest(prompt="Running", duration=5, image_urls=links))

    assert sent[0]["image_input"] == links[0]


def test_images_are_asked_for_elsewhere_and_come_in_the_answer_in_their_order():  # P14
    sent = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json=MADE)

    report = submit(seedance2api(answer), IMAGES, "seedream-4.5")

    assert (report.progress, report.output_urls) == (Progress.SUCCEEDED, IMAGE_URLS)
    assert abs(report.link_expires_at - datetime.now(UTC) - timedelta(hours=24)) < timedelta(minutes=1)
    assert str(sent[0].url) == "https://api.example/v1/seedream/generate"
    assert json.loads(sent[0].content) == {
        "prompt": "Sunset",
        "model": "seedream-4.5",
        "resolution": "4k",
        "quality": "high",
        "num_images": 2,
        "seed": 42,
    }


def test_images_may_take_the_whole_of_the_time_there_is():
    patience = []

    def answer(request: httpx.Request) -> httpx.Response:
        patience.append(request.extensions["timeout"]["read"])
        return httpx.Response(200, json=MADE)

    submit(seedance2api(answer), IMAGES, "seedream-4.5")
    submit(seedance2api(answer))

    assert patience == [60, 30]


@pytest.mark.parametrize(
    "images", [[], None, "x", [None], [{}], [{"url": IMAGE_URLS[0]}, {"url": ""}], [{"url": "https://a.example/\0"}]]
)
def test_a_set_without_all_of_its_links_is_no_success(images):
    answer = {"status": "success", "data": MADE["data"] | {"images": images}}

    report = submit(seedance2api(httpx.Response(200, json=answer)), IMAGES, "seedream-4.5")

    assert (report.progress, report.output_urls) == (Progress.RUNNING, ())


def test_a_model_of_neither_family_is_never_sent():
    with pytest.raises(Refused):
        submit(seedance2api(AssertionError("was sent")), VIDEO, "lumen-1")


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
def test_what_never_left_is_not_sent(error):  # P1
    with pytest.raises(NotSent):
        submit(seedance2api(error("gone")))


@pytest.mark.parametrize("error", [httpx.ReadTimeout, httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError])
def test_what_broke_after_the_bytes_left_is_unclear(error):  # P2, P3
    with pytest.raises(Unclear):
        submit(seedance2api(error("gone")))


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, "INVALID_REQUEST", Refused),
        (400, "INVALID_PROMPT", Refused),
        (401, "UNAUTHORIZED", AccountRefused),
        (401, "INVALID_API_KEY", AccountRefused),
        (403, "FORBIDDEN", AccountRefused),
        (404, "INVALID_REQUEST", Refused),
        (404, "NOT_FOUND", Unclear),
        (429, "RATE_LIMITED", Busy),
        (500, "INTERNAL_ERROR", Refused),
        (503, "SERVICE_UNAVAILABLE", Busy),
        (500, "SOMETHING_NEW", Unclear),
    ],
)
def test_an_answer_in_the_documented_envelope_is_the_providers_word(status, code, expected):  # P6, P13
    with pytest.raises(expected):
        submit(seedance2api(documented_error(status, code)))


@pytest.mark.parametrize("status", [301, 401, 403, 404, 429, 500, 502, 503, 504, 520])
@pytest.mark.parametrize(
    "content",
    [
        b"<h1>Bad gateway</h1>",
        b'{"error": {"code": "INVALID_REQUEST", "message": "no"}}',
        b'{"status": "error", "error": "INVALID_REQUEST"}',
        b'{"status": "error", "error": {"code": 7}}',
    ],
    ids=["page", "another envelope", "a word", "a number"],
)
def test_any_other_body_is_nobodys_word(status, content):  # P6
    with pytest.raises(Unclear):
        submit(seedance2api(httpx.Response(status, content=content)))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b'{"status": "accepted", "data": {"task_id": "5',
        b'{"status": "accepted"}',
        b'{"status": "error", "error": {"code": "INTERNAL_ERROR"}}',
        b'{"status": "accepted", "data": {"task_id": null}}',
        b'{"status": "accepted", "data": {"task_id": 7}}',
        b'{"status": "accepted", "data": {"task_id": ""}}',
        b'{"status": "accepted", "data": {"task_id": "a\\u0000b"}}',
        b'{"status": "accepted", "data": {"task_id": "' + b"x" * 10_000 + b'"}}',
        b'["accepted"]',
        b"\xff\xfe{}",
        b"[" * 100_000,
        b" " * (1 << 20) + b"  {}",
    ],
    ids=range(14),
)
def test_a_success_that_can_not_be_read_is_unclear(content):  # P7
    with pytest.raises(Unclear):
        submit(seedance2api(httpx.Response(200, content=content)))


@pytest.mark.parametrize(
    ("message", "details", "code"),
    [
        ("Check the field", {"field": "prompt", "constraint": "max_length", "limit": 300}, "PROMPT_TOO_LONG"),
        ("Check the field", {"field": "style", "constraint": "max_length", "limit": 40}, "INVALID_REQUEST"),
        ("Prompt is too long (max 300 characters)", None, "PROMPT_TOO_LONG"),
        ("Blocked by content policy", None, "CONTENT_POLICY"),
        ("Empty prompt", "details", "INVALID_REQUEST"),
    ],
)
def test_reasons_become_our_codes_and_their_words_go_no_further(message, details, code):
    with pytest.raises(Refused) as caught:
        submit(seedance2api(documented_error(400, "INVALID_PROMPT", message, details)))

    assert caught.value.failure_code == code
    assert message not in str(caught.value)


def test_a_rate_limit_says_when_it_ends_in_seconds_since_the_epoch():  # P5
    resets_at = str(int(time.time()) + 90)

    with pytest.raises(Busy) as caught:
        submit(seedance2api(documented_error(429, "RATE_LIMITED", X_RateLimit_Reset=resets_at)))

    assert 80 < caught.value.retry_after_seconds <= 90


@pytest.mark.parametrize(("headers", "seconds"), [({}, 30), ({"Retry_After": "7"}, 7)])
def test_an_outage_lasts_not_as_long_as_the_quotas_hour(headers, seconds):  # P5
    quota = {"X_RateLimit_Remaining": "999", "X_RateLimit_RetryAfter": "3600"}

    with pytest.raises(Busy) as caught:
        submit(seedance2api(documented_error(503, "SERVICE_UNAVAILABLE", **quota, **headers)))

    assert caught.value.retry_after_seconds == seconds


def test_a_running_task_tells_how_far_it_is_and_no_result_is_asked_for():
    report = by_path(tasks=httpx.Response(200, json=TASK)).fetch(TASK_ID)

    assert (report.progress, report.percent) == (Progress.RUNNING, 45)


@pytest.mark.parametrize("progress", [-1, 101, 45.5, "45", True, None])
def test_a_progress_that_is_no_percentage_is_not_told(progress):
    report = by_path(tasks=httpx.Response(200, json=TASK | {"progress": progress})).fetch(TASK_ID)

    assert report.percent is None


@pytest.mark.parametrize("word", ["unknown", "", None, 0, {}], ids=["unknown", "empty", "null", "0", "{}"])
def test_an_unknown_status_word_means_still_running(word):  # P8
    report = by_path(tasks=httpx.Response(200, json=TASK | {"status": word})).fetch(TASK_ID)

    assert (report.progress, report.unknown_word) == (Progress.RUNNING, repr(word))


@pytest.mark.parametrize("wrap", [lambda told: told, lambda told: {"status": "success", "data": told}])
def test_a_finished_video_has_its_link_in_the_results(wrap):
    tasks = httpx.Response(200, json=wrap(TASK | {"status": "completed"}))

    report = by_path(tasks=tasks, results=httpx.Response(200, json=wrap(RESULT))).fetch(TASK_ID)

    assert (report.progress, report.output_urls) == (Progress.SUCCEEDED, (RESULT["result"]["video_url"],))
    assert report.created_at == datetime(2024, 1, 15, 10, 30, tzinfo=UTC)
    assert report.link_expires_at == datetime(2024, 1, 16, 10, 35, tzinfo=UTC)


@pytest.mark.parametrize(
    "result",
    [
        httpx.Response(200, json=RESULT | {"result": {}}),
        httpx.Response(200, json=RESULT | {"result": None}),
        httpx.Response(200, json=RESULT | {"result": {"video_url": "https://cdn.example/\0.mp4"}}),
        documented_error(404, "NOT_FOUND"),
    ],
    ids=range(4),
)
def test_a_success_without_a_link_is_still_running(result):
    tasks = httpx.Response(200, json=TASK | {"status": "completed"})

    report = by_path(tasks=tasks, results=result).fetch(TASK_ID)

    assert (report.progress, report.output_urls) == (Progress.RUNNING, ())


def test_a_failed_task_says_why_in_our_words():
    failed = TASK | {"status": "failed", "error_message": "Content policy violation"}

    report = by_path(tasks=httpx.Response(200, json=failed)).fetch(TASK_ID)

    assert (report.progress, report.failure_code) == (Progress.FAILED, "CONTENT_POLICY")


@pytest.mark.parametrize("completed_at", ["9999-12-31T23:59:59Z", "3000-01-01T00:00:00Z"])
def test_a_link_lives_a_day_from_now_at_most_whatever_their_clock_says(completed_at):
    tasks = httpx.Response(200, json=TASK | {"status": "completed"})
    results = httpx.Response(200, json=RESULT | {"completed_at": completed_at})

    report = by_path(tasks=tasks, results=results).fetch(TASK_ID)

    assert report.link_expires_at <= datetime.now(UTC) + timedelta(hours=24)


@pytest.mark.parametrize("stray", ["tasks", "results"])
def test_a_fetch_that_answers_for_another_task_is_unclear(stray):
    told = {"tasks": TASK | {"status": "completed"}, "results": RESULT}
    told[stray] = told[stray] | {"task_id": "another"}

    with pytest.raises(Unclear):
        by_path(**{name: httpx.Response(200, json=each) for name, each in told.items()}).fetch(TASK_ID)


@pytest.mark.parametrize("code", ["INVALID_REQUEST", "NOT_FOUND"])
def test_a_task_it_does_not_know_is_missing_but_a_proxys_404_says_nothing(code):  # P9
    with pytest.raises(TaskMissing):
        by_path(tasks=documented_error(404, code)).fetch(TASK_ID)
    with pytest.raises(Unclear):
        by_path(tasks=httpx.Response(404, html="<h1>Not Found</h1>")).fetch(TASK_ID)


def test_no_list_is_documented():
    assert Seedance2api.lists_tasks is False
    with pytest.raises(Unclear):
        seedance2api(httpx.Response(200)).list_tasks(offset=0)


@pytest.mark.parametrize("event", ["task.completed", "task.failed", "task.progress"])
def test_the_documented_event_names_its_task(event):
    body = {"event": event, "timestamp": "2024-01-15T10:35:00Z", "data": {"task_id": TASK_ID, "status": "completed"}}

    named = seedance2api(httpx.Response(200)).read_callback(headers={}, body=json.dumps(body).encode())

    assert named == TASK_ID


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"task_id": "a"}',
        b'{"data": "a"}',
        b'{"data": {"task_id": 7}}',
        b'{"data": {"task_id": ""}}',
        b'{"data": {"task_id": "a\\u0000"}}',
        b"\xff",
        b"[" * 100_000,
    ],
    ids=range(11),
)
def test_a_callback_that_names_no_task_is_malformed(body):  # W11
    with pytest.raises(ValueError):
        seedance2api(httpx.Response(200)).read_callback(headers={}, body=body)


def test_the_key_is_in_no_error():  # P17
    with pytest.raises(Unclear) as caught:
        submit(seedance2api(httpx.ReadTimeout("secret-key")))

    assert "secret" not in str(caught.value)
