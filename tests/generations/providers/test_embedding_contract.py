"""What every adapter that makes vectors must do, shown over HTTP against the sandbox. A new one is one more row."""

import math
import threading
import time
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from generations.failures import FAILURES
from generations.providers.base import AccountRefused, Busy, NotSent, Progress, Refused, TaskMissing, Unclear
from generations.providers.embedding import ClipReader, TextEmbedder
from generations.providers.registry import CLIP_READERS, EMBEDDERS
from generations.providers.scnet import Scnet
from generations.providers.seeknetic import Seeknetic, Tensor
from tests.pipeline import sandbox, sandbox_process
from tests.receiver import Receiver, hang
from tests.sandbox_process import SandboxProcess, wait_until

__all__ = ["sandbox", "sandbox_process"]

KEY = "sk-embedding-contract"
TEXTS = ["A lone lighthouse", "一座未来城市", "Tea is poured", "雨", "A fox"]


@dataclass(frozen=True, kw_only=True)
class Contracted:
    make: type[Any]
    vendor: str
    path: str
    dims: int


CONTRACTED = {
    "seeknetic": Contracted(make=Seeknetic, vendor="seeknetic", path="", dims=512),
    "scnet": Contracted(make=Scnet, vendor="scnet", path="/api/llm/v1", dims=4096),
}


@pytest.fixture(params=sorted(CONTRACTED))
def contracted(request: pytest.FixtureRequest) -> Contracted:
    return CONTRACTED[request.param]


@pytest.fixture
def adapter(contracted: Contracted, sandbox: SandboxProcess) -> TextEmbedder:
    return contracted.make(sandbox.url + contracted.path, KEY)


@pytest.fixture
def reader(sandbox: SandboxProcess) -> ClipReader:
    return Seeknetic(sandbox.url, KEY)


@pytest.fixture
def clip_url(sandbox: SandboxProcess) -> str:
    """The link to a clip of TEXTS[0]."""
    headers = {"authorization": f"Bearer {KEY}"}
    body = {"prompt": TEXTS[0], "model": "seedance-1.5-pro", "duration": 5, "resolution": "720p"}
    made = httpx.post(f"{sandbox.url}/v1/seedance/generate", json=body, headers=headers).json()["data"]["task_id"]

    def link():
        answer = httpx.get(f"{sandbox.url}/v1/results/{made}", headers=headers).json()
        return answer.get("data", answer).get("result", {}).get("video_url")

    return wait_until(link)


def ended(reader: ClipReader, request_id: str):
    def ask():
        report = reader.fetch(request_id)
        return report if report.progress != Progress.RUNNING else None

    return wait_until(ask, seconds=60)


def nearness(one, other) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def test_every_registered_adapter_is_under_contract():
    assert set(CONTRACTED) == set(EMBEDDERS)
    assert set(CLIP_READERS) == {name for name, each in CONTRACTED.items() if hasattr(each.make, "fetch")}


def test_texts_become_vectors_of_one_size_in_their_order(adapter, contracted):
    vectors = adapter.embed_texts(TEXTS)

    assert [len(vector) for vector in vectors] == [contracted.dims] * len(TEXTS)
    assert [math.hypot(*vector) for vector in vectors] == pytest.approx([1] * len(TEXTS))
    assert [adapter.embed_texts([text])[0] for text in TEXTS] == vectors


def test_of_no_texts_nothing_is_asked(adapter, sandbox):
    assert adapter.embed_texts([]) == []
    assert sandbox.state()["text_calls"] == 0


def test_a_call_has_no_more_texts_than_the_api_takes(adapter, sandbox):
    texts = [f"text {number}" for number in range(2 * adapter.most_texts + 1)]

    assert len(adapter.embed_texts(texts)) == len(texts)
    assert sandbox.state()["text_calls"] == 3


def test_what_its_vectors_belong_to_is_said(adapter):
    assert (adapter.model != "", adapter.version) == (True, 1)


@pytest.mark.parametrize("fault", ["reject", "413", "422"])
def test_a_documented_refusal_is_for_good(adapter, contracted, sandbox, fault):
    sandbox.set_fault(fault, vendor=contracted.vendor)

    with pytest.raises(Refused) as caught:
        adapter.embed_texts(["a"])

    assert caught.value.failure_code in FAILURES


@pytest.mark.parametrize(("fault", "waited"), [("429=7", 7), ("429=9000", 300), ("502", 30), ("503=5", 5)])
def test_later_says_how_long(adapter, contracted, sandbox, fault, waited):  # P5
    sandbox.set_fault(fault, vendor=contracted.vendor)

    with pytest.raises(Busy) as caught:
        adapter.embed_texts(["a"])

    assert caught.value.retry_after_seconds == waited


@pytest.mark.parametrize("state", ["refused", "out_of_credits"])
def test_an_account_turned_away_is_the_operators_problem(adapter, sandbox, state):  # P13
    sandbox.set_key(KEY, state)

    with pytest.raises(AccountRefused) as caught:
        adapter.embed_texts(["a"])

    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    "fault",
    [
        *("500", "504", "truncated", "garbage", "reset", "down", "gateway=500", "gateway=520", "cut=headers"),
        *("odd=empty", "odd=null", "odd=list", "odd=nan", "odd=deep", "odd=huge", "odd=packed", "odd=utf16"),
    ],
)
def test_an_answer_that_is_none_is_unclear(adapter, contracted, sandbox, fault):  # P3 P7 P12 P16
    sandbox.set_fault(fault, vendor=contracted.vendor)

    with pytest.raises(Unclear) as caught:
        adapter.embed_texts(["a secret text"])

    assert KEY not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_silence_ends_when_the_caller_says(contracted):  # P2
    stop, started = threading.Event(), time.monotonic()
    with Receiver() as receiver:
        receiver.answers.append(hang(stop))

        with pytest.raises(Unclear):
            contracted.make(receiver.url(), KEY).embed_texts(["a"], total_seconds=0.5)

        stop.set()
    assert time.monotonic() - started < 3


def test_a_closed_port_was_surely_not_sent(contracted):  # P1
    with pytest.raises(NotSent):
        contracted.make("http://127.0.0.1:9", KEY).embed_texts(["a"])


def test_a_clip_becomes_a_vector_in_the_space_of_its_texts(reader, clip_url):
    report = ended(reader, reader.begin_embedding(clip_url))

    near, far = reader.embed_texts([TEXTS[0], TEXTS[2]])
    assert (report.progress, report.tags, len(report.vector)) == (Progress.SUCCEEDED, (), 512)
    assert nearness(report.vector, near) > nearness(report.vector, far) + 0.5


def test_a_clip_is_tagged_in_our_words_for_the_kinds(reader, clip_url):
    report = ended(reader, reader.begin_tagging(clip_url))

    assert (report.progress, report.vector) == (Progress.SUCCEEDED, ())
    assert {tag.kind for tag in report.tags} == {"shot_size", "camera_movement", "angle"}
    assert all(tag.name for tag in report.tags)


def test_tensors_stand_in_for_a_link(reader):
    frames = Tensor(data=bytes(2 * 3 * 8 * 8), shape=(1, 2, 3, 8, 8), dtype="uint8")
    sound = Tensor(data=bytes(40), shape=(1, 1, 10), dtype="float32")
    keys = reader.upload_tensors(service="embedding", request_id="one", video_input=frames, audio_input=sound)
    more = reader.upload_tensors(service="tagging", request_id="two", video_input=frames, video_kwargs={"fps": 12})

    embedded = ended(reader, reader.begin_embedding(tensor=keys))
    tagged = ended(reader, reader.begin_tagging(tensor=more))

    assert (set(keys), set(more)) == (
        {"video_input_key", "audio_input_key"},
        {"video_input_key", "video_kwargs_key"},
    )
    assert nearness(embedded.vector, reader.embed_texts(["夜"])[0]) > 0.1
    assert ("camera_movement", "static") in [(tag.kind, tag.name) for tag in tagged.tags]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("fail=Content policy violation", "CONTENT_POLICY"),
        ("fail=Flux capacitor exhausted", "PROVIDER_ERROR"),
    ],
)
def test_a_clip_that_fails_says_why_in_our_words(reader, clip_url, sandbox, fault, code):
    sandbox.set_fault(fault, vendor="seeknetic")

    report = ended(reader, reader.begin_embedding(clip_url))

    assert (report.progress, report.failure_code) == (Progress.FAILED, code)


def test_a_link_that_leads_nowhere_is_said_to(reader):
    report = ended(reader, reader.begin_tagging("http://127.0.0.1:9/1.mp4"))

    assert (report.progress, report.failure_code) == (Progress.FAILED, "INPUT_UNREACHABLE")


def test_an_unknown_status_word_is_still_running(reader, clip_url, sandbox):  # P8
    sandbox.set_fault("status_word=simmering", vendor="seeknetic")
    sandbox.set_fault("never", vendor="seeknetic")

    assert reader.fetch(reader.begin_embedding(clip_url)).progress == Progress.RUNNING


@pytest.mark.parametrize("fault", ["reject", "422", "413"])
def test_a_clip_that_is_refused_was_not_taken(reader, clip_url, sandbox, fault):
    sandbox.set_fault(fault, vendor="seeknetic")

    with pytest.raises(Refused):
        reader.begin_embedding(clip_url)

    assert sandbox.state()["clips_by_url"] == {}


def test_a_request_nobody_made_is_missing(reader):
    with pytest.raises(TaskMissing):
        reader.fetch("550e8400-e29b-41d4-a716-446655440000")


@pytest.mark.parametrize("fault", ["down", "odd_poll=html", "odd_poll=truncated", "poll_500=1"])
def test_a_status_that_is_none_is_unclear(reader, clip_url, sandbox, fault):  # P7
    standing = "never" if fault == "down" else f"never,{fault}"
    sandbox.set_fault(standing, vendor="seeknetic")
    request_id = reader.begin_embedding(clip_url)
    if fault == "down":
        sandbox.set_fault("down", vendor="seeknetic")

    with pytest.raises(Unclear):
        reader.fetch(request_id)
