import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from generations.intake import GenerationRequest
from generations.providers.base import AccountRefused, Busy, NotSent, Progress, Refused, TaskMissing, Unclear
from generations.providers.see2ai import See2ai

MODEL = "doubao-seedance-2-0-260128"
REQUEST = GenerationRequest(prompt="一座未来城市", duration=-1, generate_audio=False, metadata={"a": "b"})
TASK = {
    "input_tokens": 0,
    "output_tokens": 0,
    "total_tokens": 0,
    "model": MODEL,
    "source": "see2ai",
    "cost_points": None,
    "result_urls": [],
    "task_id": "task/7",
    "cost_time": None,
    "state": "processing",
    "provider_config_id": 3,
    "error_message": None,
    "warnings": None,
}
DONE = TASK | {
    "state": "succeeded",
    "result_urls": ["https://cdn.example.com/1.mp4"],
    "cost_points": 120,
    "output_tokens": 90_000,
    "total_tokens": 90_000,
}


def see2ai(answer, **options) -> See2ai:
    """The adapter over a network that gives `answer`: a response, an exception, or a function of the request."""

    def handle(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else answer

    return See2ai("https://see2ai.example/", "sk-secret", transport=httpx.MockTransport(handle), **options)


def documented_error(status: int, message: str = "…", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json=TASK | {"state": "failed", "error_message": message}, headers=named)


def submit(adapter: See2ai, request: GenerationRequest = REQUEST):
    return adapter.submit(request, model=MODEL, callback_url="https://filmgate.example/hooks/see2ai/token")


def sent_by(request: GenerationRequest):
    """The body of the POST."""
    sent = []

    def answer(asked: httpx.Request) -> httpx.Response:
        sent.append(json.loads(asked.content))
        return httpx.Response(200, json=TASK)

    submit(see2ai(answer), request)
    return sent[0]


def test_a_request_is_sent_with_what_is_set_and_never_waits_for_the_end():  # P14
    sent = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json={"task_id": "7", "state": "pending"})

    report = submit(see2ai(answer))

    assert (report.provider_task_id, report.progress) == ("7", Progress.RUNNING)
    assert str(sent[0].url) == "https://see2ai.example/api/v1/actions/see2ai_video_generation_v1"
    assert sent[0].headers["authorization"] == "Bearer sk-secret"
    assert json.loads(sent[0].content) == {
        "model_name": MODEL,
        "prompt": "一座未来城市",
        "sync": False,
        "duration": -1,
        "generate_audio": False,
    }


def test_an_image_alone_needs_no_prompt():
    sent = sent_by(GenerationRequest(prompt="", first_frame_url="https://a.example/1.png"))

    assert sent == {
        "model_name": MODEL,
        "prompt": None,
        "sync": False,
        "first_frame_url": "https://a.example/1.png",
    }


@pytest.mark.parametrize(
    ("field", "one", "many"),
    [
        ("image_urls", "non_face_image_url", "non_face_image_urls"),
        ("video_urls", "video_url", "video_urls"),
        ("audio_urls", "audio_url", "audio_urls"),
    ],
)
def test_one_link_has_its_own_parameter_and_several_are_a_list(field, one, many):
    links = ("https://a.example/1", "https://a.example/2")

    single = sent_by(GenerationRequest(prompt="a", **{field: links[:1]}))
    several = sent_by(GenerationRequest(prompt="a", **{field: links}))

    assert (single[one], many in single) == (links[0], False)
    assert (several[many], one in several) == (list(links), False)


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
def test_what_never_left_is_not_sent(error):  # P1
    with pytest.raises(NotSent):
        submit(see2ai(error("gone")))


@pytest.mark.parametrize("error", [httpx.ReadTimeout, httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError])
def test_what_broke_after_the_bytes_left_is_unclear(error):  # P2, P3
    with pytest.raises(Unclear):
        submit(see2ai(error("gone")))


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, Refused("INVALID_REQUEST")),
        (401, AccountRefused("INVALID_API_KEY")),
        (402, AccountRefused("INSUFFICIENT_CREDITS")),
        (429, Busy(30.0)),
        (500, Refused("PROVIDER_ERROR")),
        (403, Unclear("403 is no documented refusal")),
        (404, Unclear("404 is no documented refusal")),
        (503, Unclear("503 is no documented refusal")),
        (504, Unclear("504 is no documented refusal")),
    ],
    ids=lambda value: value if isinstance(value, int) else type(value).__name__,
)
def test_a_documented_status_with_the_documented_output_is_the_providers_word(status, expected):  # P6, P13
    with pytest.raises(type(expected)) as caught:
        submit(see2ai(documented_error(status)))

    assert str(caught.value) == str(expected)


@pytest.mark.parametrize("status", [301, 400, 401, 402, 429, 500, 502, 503, 504, 520])
@pytest.mark.parametrize(
    "content",
    [b"<h1>Bad gateway</h1>", b'{"detail": "Not here"}', b'["failed"]', b'{"state": 7}', b'{"state": "processing"}'],
    ids=["page", "another object", "list", "no word", "alive"],
)
def test_any_other_body_is_nobodys_word(status, content):  # P6
    with pytest.raises(Unclear):
        submit(see2ai(httpx.Response(status, content=content)))


@pytest.mark.parametrize("body", [{"error_message": "no"}, {"state": "failed"}, {"state": "invalid_input"}])
def test_a_reason_or_a_state_is_enough_of_the_output(body):
    with pytest.raises(Refused):
        submit(see2ai(httpx.Response(400, json=body)))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b'{"task_id": "5',
        b'{"state": "pending"}',
        b'{"task_id": null, "state": "pending"}',
        b'{"task_id": 7, "state": "pending"}',
        b'{"task_id": "", "state": "pending"}',
        b'{"task_id": "a\\u0000b", "state": "pending"}',
        b'{"task_id": "' + b"x" * 10_000 + b'", "state": "pending"}',
        b'["task_id"]',
        b"\xff\xfe{}",
        b"[" * 100_000,
        b" " * (1 << 20) + b"  {}",
    ],
    ids=range(13),
)
def test_a_success_that_can_not_be_read_is_unclear(content):  # P7
    with pytest.raises(Unclear):
        submit(see2ai(httpx.Response(200, content=content)))


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("图片包含人脸", "FACE_NOT_ALLOWED"),
        ("内容审核未通过", "CONTENT_POLICY"),
        ("缺失 prompt", "INVALID_REQUEST"),
    ],
)
def test_reasons_become_our_codes_and_their_words_go_no_further(message, code):
    with pytest.raises(Refused) as caught:
        submit(see2ai(documented_error(400, message)))

    assert caught.value.failure_code == code
    assert message not in str(caught.value)


def test_busy_says_for_how_long():  # P5
    with pytest.raises(Busy) as caught:
        submit(see2ai(documented_error(429, Retry_After="7")))

    assert caught.value.retry_after_seconds == 7


@pytest.mark.parametrize(
    ("options", "path"),
    [({}, "/api/v1/status/task%2F7"), ({"status_path": "/status/{task_id}"}, "/status/task%2F7")],
    ids=["by default", "as the account has it"],
)
def test_the_status_path_is_a_setting_of_the_account(options, path):
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path.decode())
        return httpx.Response(200, json=TASK)

    see2ai(answer, **options).fetch("task/7")

    assert asked == [path]


@pytest.mark.parametrize("status_path", ["", "status/{task_id}", "/status", "/a\n{task_id}", "@evil.example/{task_id}"])
def test_a_status_path_that_names_no_task_is_refused(status_path):
    with pytest.raises(ValueError, match="task_id"):
        see2ai(httpx.Response(200), status_path=status_path)


@pytest.mark.parametrize("word", ["unknown", "", None, 0, {}], ids=["unknown", "empty", "null", "0", "{}"])
def test_an_unknown_state_means_still_running(word):  # P8
    report = see2ai(httpx.Response(200, json=TASK | {"state": word})).fetch("task/7")

    assert (report.progress, report.unknown_word) == (Progress.RUNNING, repr(word))


def test_a_finished_task_tells_its_links_and_a_day_to_fetch_them():
    urls = ["https://cdn.example.com/1.mp4", "https://cdn.example.com/2.mp4"]

    report = see2ai(httpx.Response(200, json=DONE | {"result_urls": urls})).fetch("task/7")

    assert (report.progress, report.output_urls) == (Progress.SUCCEEDED, tuple(urls))
    assert abs(report.link_expires_at - datetime.now(UTC) - timedelta(hours=24)) < timedelta(minutes=1)


@pytest.mark.parametrize("urls", [[], None, "https://a.example", [None], [""], ["https://a.example/\0"]])
def test_a_success_without_a_link_is_still_running(urls):
    report = see2ai(httpx.Response(200, json=DONE | {"result_urls": urls})).fetch("task/7")

    assert (report.progress, report.output_urls) == (Progress.RUNNING, ())
    assert report.unknown_word == "succeeded without a link"


def test_a_failed_task_says_why_in_our_words():
    failed = TASK | {"state": "failed", "error_message": "Content policy violation"}

    report = see2ai(httpx.Response(200, json=failed)).fetch("task/7")

    assert (report.progress, report.failure_code) == (Progress.FAILED, "CONTENT_POLICY")


def test_what_it_charged_us_and_what_it_remarks_is_told():
    warnings = ["Prefer 16:9 here", 7, "half a pair \ud800 and \0", "x" * 10_000]

    told = DONE | {"warnings": warnings, "cost_time": 41_000}
    report = see2ai(httpx.Response(200, content=json.dumps(told))).fetch("task/7")

    costs = {"cost_points": 120, "input_tokens": 0, "output_tokens": 90_000, "total_tokens": 90_000}
    assert report.cost == costs | {"cost_time": 41_000, "provider_config_id": 3, "source": "see2ai"}
    assert report.warnings == ("Prefer 16:9 here", "half a pair ? and ?", "x" * 500)


@pytest.mark.parametrize("told", [None, True, -1, 1.5, "120", 10**30])
def test_a_cost_that_is_no_number_is_not_told(told):
    report = see2ai(httpx.Response(200, json=DONE | {"cost_points": told})).fetch("task/7")

    assert "cost_points" not in report.cost


@pytest.mark.parametrize("told", [None, "", 7, ["a"]])
def test_a_source_that_is_no_word_is_not_told(told):
    report = see2ai(httpx.Response(200, json=DONE | {"source": told, "provider_config_id": "x"})).fetch("task/7")

    assert {"source", "provider_config_id"}.isdisjoint(report.cost)


def test_a_fetch_that_answers_for_another_task_is_unclear():
    with pytest.raises(Unclear):
        see2ai(httpx.Response(200, json=TASK)).fetch("another")


def test_a_task_it_does_not_know_is_missing_but_a_proxys_404_says_nothing():  # P9
    with pytest.raises(TaskMissing):
        see2ai(documented_error(404)).fetch("task/7")
    with pytest.raises(Unclear):
        see2ai(httpx.Response(404, html="<h1>Not Found</h1>")).fetch("task/7")


@pytest.mark.parametrize("body", [b"", b"{}", b'{"task_id": "task/7"}', b'{"data": {"task_id": "task/7"}}'])
def test_no_callback_is_documented_so_none_names_a_task(body):
    with pytest.raises(ValueError):
        see2ai(httpx.Response(200)).read_callback(headers={}, body=body)


def test_no_list_is_documented():
    assert See2ai.lists_tasks is False
    with pytest.raises(Unclear):
        see2ai(httpx.Response(200)).list_tasks(offset=0)


def test_the_key_is_in_no_error():  # P17
    with pytest.raises(Unclear) as caught:
        submit(see2ai(httpx.ReadTimeout("secret sk-secret")))

    assert "secret" not in str(caught.value)
