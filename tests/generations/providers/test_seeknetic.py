"""Seeknetic's calls as its document writes them, and answers that the sandbox does not give."""

import json

import httpx
import pytest

from generations.providers.base import AccountRefused, Busy, Progress, Refused, TaskMissing, Unclear
from generations.providers.seeknetic import Seeknetic, Tensor
from tests import embedding_documents, provider_documents

FRAMES = Tensor(data=b"\x00\x00\x01", shape=(1, 12, 3, 224, 224), dtype="uint8")
SOUND = Tensor(data=b"\x00\x00\x01", shape=(1, 1, 220500), dtype="float32")
CLIP = "https://example.com/video.mp4"


def seeknetic(answer, **options) -> Seeknetic:
    """The adapter over a network that gives `answer`: a response, an exception, or a function of the request."""

    def handle(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else answer

    return Seeknetic("https://api.seeknetic.com", "{your_api_key}", transport=httpx.MockTransport(handle), **options)


def sent_by(call, answered=None, **options):
    """The one request that `call` of the adapter makes."""
    sent = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json=answered or {"request_id": "7", "embedding": [1.0], "status": "processing"})

    call(seeknetic(answer, **options))
    (request,) = sent
    return request


def upload(adapter: Seeknetic):
    return adapter.upload_tensors(
        service="embedding", request_id="emb-task-0001", video_input=FRAMES, audio_input=SOUND
    )


# What an answer must have, where it is not the usual one.
ANSWERED = {
    "/files/upload/tensors": {"r2_keys": {"video_input_key": "v", "audio_input_key": "a"}},
    "/async_status/{request_id}": {"status": "processing"},
}
# By path, what of ours makes each call of the document. It shows /video_tagging for its headers alone.
CALLS = {
    "/files/upload/tensors": upload,
    "/video_embedding/encode_text": lambda adapter: adapter.embed_texts(["A dog playing in the park"]),
    "/video_embedding/encode_video/async": lambda adapter: adapter.begin_embedding(CLIP),
    "/video_tagging/async": lambda adapter: adapter.begin_tagging(CLIP),
    "/async_status/{request_id}": lambda adapter: adapter.fetch("{request_id}"),
}


def test_every_call_that_the_document_shows_is_made_field_by_field():  # P14
    shown = embedding_documents.curls(provider_documents.document("seeknetic"))
    calls = [each for each in shown if each.path != "/video_tagging"]

    assert {each.path for each in calls} == set(CALLS)
    for call in calls:
        request = sent_by(CALLS[call.path], answered=ANSWERED.get(call.path))
        assert request.method == call.method
        assert str(request.url).replace("%7B", "{").replace("%7D", "}") == call.url
        assert {name: request.headers.get(name) for name in call.headers} == call.headers
        assert "authorization" not in request.headers
        assert (json.loads(request.content) if request.content else None) == with_our_data(call.json)


def with_our_data(body):
    """The document's data breaks off: "AAAB...". Ours is whole."""
    return json.loads(json.dumps(body).replace("AAAB...", "AAAB"))


def test_the_key_goes_in_the_other_header_where_an_operator_says_so():
    shown = embedding_documents.curls(provider_documents.document("seeknetic"))
    (call,) = [each for each in shown if "authorization" in each.headers]

    request = sent_by(CALLS["/video_tagging/async"], key_header="bearer")

    assert request.headers["authorization"] == call.headers["authorization"] == "Bearer {your_api_key}"
    assert "x-api-key" not in request.headers


def test_tensors_are_named_in_place_of_the_link():
    keys = {"video_input_key": "v", "audio_input_key": "a"}

    request = sent_by(lambda adapter: adapter.begin_embedding(tensor=keys))

    assert json.loads(request.content) == {"tensor": keys}


def test_the_flow_of_the_python_sample_ends_with_the_vector():
    told = [
        {"request_id": "r/7"},
        {"status": "queued"},
        {"status": "processing"},
        {"status": "completed", "embedding": [3, 4]},
    ]
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path.decode())
        return httpx.Response(200, json=told[len(asked) - 1])

    adapter = seeknetic(answer)
    request_id = adapter.begin_embedding(CLIP)
    reports = [adapter.fetch(request_id) for _ in range(3)]

    assert [report.progress for report in reports] == [Progress.RUNNING, Progress.RUNNING, Progress.SUCCEEDED]
    assert reports[-1].vector == pytest.approx((0.6, 0.8))
    assert asked == ["/video_embedding/encode_video/async", *["/async_status/r%2F7"] * 3]


def test_a_failure_is_told_in_our_words():
    body = {"status": "failed", "error_message": "Failed to download video", "embedding": None}

    report = seeknetic(httpx.Response(200, json=body)).fetch("7")

    assert (report.progress, report.failure_code) == (Progress.FAILED, "INPUT_UNREACHABLE")


# The documented table, row by row, and a few statuses that are in no table.
WITH_AN_OBJECT = {
    400: Refused,
    401: AccountRefused,
    402: AccountRefused,
    413: Refused,
    422: Refused,
    429: Busy,
    500: Unclear,
    502: Busy,
    504: Unclear,
    301: Unclear,
    403: Unclear,
    404: Unclear,
    503: Busy,
    520: Unclear,
}
FROM_A_PROXY = dict.fromkeys(WITH_AN_OBJECT, Unclear) | {413: Refused, 429: Busy, 502: Busy, 503: Busy}


@pytest.mark.parametrize(("status", "raised"), WITH_AN_OBJECT.items())
def test_every_documented_error_is_what_it_says(status, raised):
    with pytest.raises(raised):
        seeknetic(httpx.Response(status, json={"detail": "…"})).embed_texts(["a"])


@pytest.mark.parametrize(("status", "raised"), FROM_A_PROXY.items())
def test_a_proxys_page_refuses_nothing_for_good(status, raised):  # P7
    with pytest.raises(raised):
        seeknetic(httpx.Response(status, text="<html>")).begin_embedding(CLIP)


def test_the_table_of_the_document_is_all_of_ours():
    text = provider_documents.document("seeknetic")
    table = text[text.index("常见错误码") :]

    documented = {int(line.split("|")[1]) for line in table.splitlines() if line.startswith("| ") and line[2].isdigit()}

    assert documented == {400, 401, 402, 413, 422, 429, 500, 502, 504}
    assert documented <= set(WITH_AN_OBJECT)


def test_a_request_that_is_not_known_any_more_is_missing_and_a_page_says_nothing():
    with pytest.raises(TaskMissing):
        seeknetic(httpx.Response(404, json={"detail": "Not Found"})).fetch("7")
    with pytest.raises(Unclear):
        seeknetic(httpx.Response(404, text="<html>")).fetch("7")


@pytest.mark.parametrize(
    "body",
    [
        {"status": "completed"},
        {"status": "completed", "embedding": None, "tags": None},
        {"status": "completed", "embedding": []},
        {"status": "completed", "embedding": [1, None]},
        {"status": "completed", "embedding": {"vector": [1, 2]}},
        {"status": "completed", "embedding": [float("nan"), 1.0]},
        {"status": "completed", "embedding": [1.0], "request_id": "8"},
    ],
    ids=str,
)
def test_a_completed_request_without_its_result_is_unclear(body):  # P7
    with pytest.raises(Unclear):
        seeknetic(httpx.Response(200, content=json.dumps(body).encode())).fetch("7")


@pytest.mark.parametrize("request_id", [None, "", 7, "x" * 201, "a\nb"])
def test_a_request_without_an_id_is_unclear(request_id):
    with pytest.raises(Unclear):
        seeknetic(httpx.Response(200, json={"request_id": request_id})).begin_tagging(CLIP)


@pytest.mark.parametrize(
    "answered",
    [
        {"r2_keys": {"video_input_key": "v", "audio_input_key": "a"}},
        {"r2_keys": {"video_input": "v", "audio_input": "a"}},
        {"video_input_key": "v", "audio_input_key": "a"},
    ],
)
def test_the_keys_of_an_upload_are_read_as_the_tensor_mode_takes_them(answered):
    assert upload(seeknetic(httpx.Response(200, json=answered))) == {"video_input_key": "v", "audio_input_key": "a"}


@pytest.mark.parametrize("answered", [{}, {"r2_keys": {"video_input_key": "v"}}, {"r2_keys": ["v", "a"]}])
def test_an_upload_without_its_keys_is_unclear(answered):
    with pytest.raises(Unclear):
        upload(seeknetic(httpx.Response(200, json=answered)))


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"key_header": "cookie"}, "key_header must be one of: x-api-key, bearer"),
        ({"version": "0"}, "version must be"),
        ({"model": ""}, "model must be"),
    ],
)
def test_an_option_that_can_not_be_is_said(option, words):
    with pytest.raises(ValueError, match=words):
        seeknetic(httpx.Response(200), **option)


def test_a_model_and_its_version_are_the_accounts_own():
    adapter = seeknetic(httpx.Response(200), model="seeknetic-2", version="3")

    assert (adapter.model, adapter.version, adapter.dims) == ("seeknetic-2", 3, 0)
