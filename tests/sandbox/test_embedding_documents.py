"""What stands in the documents of the APIs that make vectors runs against the sandbox as it stands there."""

import json
import re

import httpx
import pytest

from tests import embedding_documents, provider_documents

SEEKNETIC = "https://api.seeknetic.com"
SCNET = "https://api.scnet.cn"
CLIP = "https://example.com/video.mp4"
KEY = "{your_api_key}"


@pytest.fixture
def seeknetic_text():
    return provider_documents.document("seeknetic")


@pytest.fixture
def scnet_text():
    return provider_documents.document("scnet")


@pytest.fixture
def clip_url(api, make):
    return api.get(f"/tasks/{make(prompt='A dog playing in the park')}").json()["data"]["video_url"]


@pytest.fixture
def request_id(sandbox, clip_url):
    """Of a request about a clip that the documents' key made."""
    asked = {"video_url": clip_url}
    path = "/video_embedding/encode_video/async"
    return httpx.post(sandbox.url + path, json=asked, headers={"x-api-key": KEY}).json()["request_id"]


def test_every_curl_of_seeknetic_is_answered(sandbox, seeknetic_text, clip_url, request_id):
    answers = {}

    for call in embedding_documents.curls(seeknetic_text):
        url = call.url.replace(SEEKNETIC, sandbox.url).replace("{request_id}", request_id)
        body = json.loads(json.dumps(call.json).replace(CLIP, clip_url))
        response = httpx.request(call.method, url, headers=call.headers, json=body, timeout=60)
        answers.setdefault(call.path, []).append(response)

    assert {path: [each.status_code for each in came] for path, came in answers.items()} == {
        # Shown for its keys alone, without what it is to be asked.
        "/video_tagging": [422, 422],
        "/files/upload/tensors": [200],
        "/video_embedding/encode_text": [200],
        "/video_embedding/encode_video/async": [200],
        "/async_status/{request_id}": [200, 200],
        "/video_tagging/async": [200],
    }
    assert len(answers["/video_embedding/encode_text"][0].json()["embedding"]) == 512
    assert set(answers["/files/upload/tensors"][0].json()["r2_keys"]) == {"video_input_key", "audio_input_key"}


def test_every_python_sample_of_seeknetic_runs(sandbox, seeknetic_text, clip_url, request_id, capsys):
    samples = embedding_documents.pythons(seeknetic_text)

    for sample in samples:
        here = sample.replace(SEEKNETIC, sandbox.url).replace(CLIP, clip_url)
        exec(here.replace("your_request_id_from_async_call", request_id), {})  # noqa: S102 - it is what is tested

    told = capsys.readouterr().out
    assert len(samples) == 6
    assert "Text embedding dimension: 512" in told
    assert "Complete! Dimension: 512" in told
    assert "Tagging task submitted, Request ID: " in told
    assert re.search(r"Status: (queued|processing|completed)", told)


def test_the_curl_of_scnet_is_answered_with_all_that_its_sample_answer_has(sandbox, scnet_text):
    (call,) = embedding_documents.curls(scnet_text)
    shown = scnet_text[scnet_text.index('{\n  "id": "embd-') :]
    sample = json.loads(shown.replace("..., ", ""))

    answer = httpx.request(
        call.method, call.url.replace(SCNET, sandbox.url), headers=call.headers, json=call.json
    ).json()

    assert set(answer) == set(sample)
    assert set(answer["usage"]) == set(sample["usage"])
    assert set(answer["data"][0]) == set(sample["data"][0])
    assert {name: answer["data"][0][name] for name in ("index", "object")} == {"index": 0, "object": "embedding"}
    assert len(answer["data"][0]["embedding"]) == 4096
