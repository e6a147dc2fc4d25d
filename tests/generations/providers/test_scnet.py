"""SCNet's call as its document writes it, OpenAI's own, and answers that the sandbox does not give."""

import base64
import json
import random
import struct

import httpx
import pytest

from generations.providers.base import AccountRefused, Busy, Refused, Unclear
from generations.providers.scnet import Scnet
from tests import embedding_documents, provider_documents

URL = "https://api.scnet.cn/api/llm/v1"
POEM = "风急天高猿啸哀,渚清沙白鸟飞回,无边落木萧萧下,不尽长江滚滚来"


def scnet(answer, *, url: str = URL, **options) -> Scnet:
    """The adapter over a network that gives `answer`: a response, or a function of the request."""

    def handle(request: httpx.Request) -> httpx.Response:
        return answer(request) if callable(answer) else answer

    return Scnet(url, "<API Key>", transport=httpx.MockTransport(handle), **options)


def answered(*vectors, **more) -> httpx.Response:
    """In the shape of OpenAI."""
    data = [{"index": place, "object": "embedding", "embedding": each} for place, each in enumerate(vectors)]
    return httpx.Response(200, json={"object": "list", "data": data, "model": "m", **more})


def sent_by(texts, *, size: int, url: str = URL, **options) -> list[httpx.Request]:
    sent = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return answered(*([1.0] * size for _ in json.loads(request.content)["input"]))

    scnet(answer, url=url, **options).embed_texts(texts)
    return sent


def test_the_call_of_the_document_is_made_field_by_field():  # P14
    (call,) = embedding_documents.curls(provider_documents.document("scnet"))
    assert (call.json["input"], call.json["dimension"]) == (POEM, "4096")

    (request,) = sent_by([POEM], size=4096)

    sent = json.loads(request.content)
    assert (request.method, str(request.url)) == (call.method, call.url)
    assert {name: request.headers[name] for name in call.headers} == call.headers
    # Several at once as its table has them; the dimensions are the model's own, and the only ones that it takes.
    assert sent == {name: value for name, value in call.json.items() if name != "dimension"} | {"input": [POEM]}


def test_the_address_of_the_python_sample_leads_to_the_same_place():
    (request,) = sent_by([POEM], size=4096, url=f"{URL}/embeddings")

    assert str(request.url) == f"{URL}/embeddings"


def test_every_row_of_the_documents_table_is_known():
    text = provider_documents.document("scnet")
    table = text[text.index("Body 参数") : text.index("3.响应参数")]

    assert [word for word in ("model", "input", "dimension", "encoding_format") if f"\n{word}" in table] == [
        *("model", "input", "dimension", "encoding_format")
    ]
    (request,) = sent_by(["a"], size=256, dims="256", encoding="base64")
    assert json.loads(request.content) == {
        "model": "Qwen3-Embedding-8B",
        "input": ["a"],
        "encoding_format": "base64",
        "dimensions": 256,
    }


@pytest.mark.parametrize(
    ("options", "size", "sent"),
    [
        ({}, 4096, None),
        ({"dims": "4096"}, 4096, None),
        ({"dims": "0"}, 7, None),
        ({"model": "bge-m3"}, 1024, None),
        ({"model": "text-embedding-3-small", "dims": "512"}, 512, 512),
    ],
    ids=str,
)
def test_dimensions_are_sent_only_where_an_operator_chose_others(options, size, sent):
    (request,) = sent_by(["a"], size=size, **options)

    assert json.loads(request.content).get("dimensions") == sent


def test_a_call_has_at_most_five_texts():
    sent = sent_by([f"text {number}" for number in range(12)], size=4096)

    assert [len(json.loads(request.content)["input"]) for request in sent] == [5, 5, 2]


def test_vectors_come_in_the_order_of_their_texts_whatever_the_answers():
    data = [{"index": 1, "embedding": [0, 1]}, {"index": 0, "embedding": [1, 0]}]

    assert scnet(httpx.Response(200, json={"data": data}), dims="2").embed_texts(["a", "b"]) == [(1, 0), (0, 1)]


def test_five_long_vectors_with_every_digit_fit_into_an_answer():
    numbers = random.Random(7)
    vectors = [[numbers.uniform(-1, 1) / 1000 for _ in range(4096)] for _ in range(5)]

    assert len(scnet(answered(*vectors)).embed_texts(["a"] * 5)) == 5


def test_base64_is_understood_in_the_answer():
    packed = base64.b64encode(struct.pack("<2f", 3, 4)).decode()

    assert scnet(answered(packed), dims="2", encoding="base64").embed_texts(["a"])[0] == pytest.approx((0.6, 0.8))


@pytest.mark.parametrize(
    "answer",
    [
        answered([1.0] * 4095),
        answered([1.0] * 4096, [1.0] * 4096),
        answered(),
        answered([float("1")] * 4095 + [None]),
        httpx.Response(200, json={"data": None}),
        httpx.Response(200, json=[]),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, content=b'{"data": [{"index": 0, "embedding": [' + b"NaN," * 4095 + b"1]}]}"),
        httpx.Response(204),
        httpx.Response(307, headers={"location": "https://elsewhere.example"}),
    ],
)
def test_vectors_that_are_not_all_there_not_finite_or_of_another_size_are_no_answer(answer):  # P7
    with pytest.raises(Unclear):
        scnet(answer).embed_texts(["a"])


def test_calls_that_bring_vectors_of_several_sizes_are_no_answer():
    sizes = iter([2, 3])

    def answer(request: httpx.Request) -> httpx.Response:
        size = next(sizes)
        return answered(*([1.0] * size for _ in json.loads(request.content)["input"]))

    with pytest.raises(Unclear):
        scnet(answer, dims="0").embed_texts(["a"] * 6)


ENVELOPE = {"error": {"message": "…", "type": "invalid_request_error", "param": None, "code": None}}
WITH_AN_OBJECT = {
    400: Refused,
    401: AccountRefused,
    402: AccountRefused,
    403: AccountRefused,
    404: AccountRefused,
    413: Refused,
    422: Refused,
    429: Busy,
    500: Unclear,
    502: Busy,
    503: Busy,
    504: Unclear,
}
FROM_A_PROXY = dict.fromkeys(WITH_AN_OBJECT, Unclear) | {429: Busy, 502: Busy, 503: Busy}


@pytest.mark.parametrize(("status", "raised"), WITH_AN_OBJECT.items())
@pytest.mark.parametrize("body", [ENVELOPE, {"detail": "…"}, {"object": "error", "message": "…", "code": 400}])
def test_errors_of_servers_like_openais_are_what_they_say(status, raised, body):
    with pytest.raises(raised):
        scnet(httpx.Response(status, json=body)).embed_texts(["a"])


@pytest.mark.parametrize(("status", "raised"), FROM_A_PROXY.items())
def test_a_proxys_page_refuses_nothing_for_good(status, raised):  # P7
    with pytest.raises(raised):
        scnet(httpx.Response(status, text="<html>")).embed_texts(["a"])


def test_a_quota_that_is_used_up_is_not_gone_by_waiting():
    error = {"message": "You exceeded your current quota", "type": "insufficient_quota", "code": "insufficient_quota"}

    with pytest.raises(AccountRefused, match="INSUFFICIENT_CREDITS"):
        scnet(httpx.Response(429, json={"error": error})).embed_texts(["a"])


def test_a_text_that_is_too_long_is_said_to_be():
    error = {"message": "This model's maximum length is 8192 tokens", "code": "context_length_exceeded"}

    with pytest.raises(Refused) as caught:
        scnet(httpx.Response(400, json={"error": error})).embed_texts(["a"])

    assert caught.value.failure_code == "PROMPT_TOO_LONG"


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"encoding": "hex"}, "encoding must be one of: float, base64"),
        ({"dims": "many"}, "dims must be a whole number from 0 to 16000"),
        ({"dims": "16001"}, "dims must be"),
        ({"version": "x"}, "version must be"),
        ({"model": "a\nb"}, "model must be"),
    ],
)
def test_an_option_that_can_not_be_is_said(option, words):
    with pytest.raises(ValueError, match=words):
        scnet(httpx.Response(200), **option)


def test_what_its_vectors_belong_to_is_told_by_its_options():
    usual, other = scnet(httpx.Response(200)), scnet(httpx.Response(200), model="bge-m3", version="2")

    assert (usual.model, usual.dims, usual.version) == ("Qwen3-Embedding-8B", 4096, 1)
    assert (other.model, other.dims, other.version) == ("bge-m3", 0, 2)
