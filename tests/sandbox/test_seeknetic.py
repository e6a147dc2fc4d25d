import base64

import httpx
import pytest

from tests.sandbox_process import wait_until

KEY = {"x-api-key": "any-key"}
TENSOR = {"data": base64.b64encode(b"\xff" * (2 * 3 * 4 * 4)).decode(), "shape": [1, 2, 3, 4, 4], "dtype": "uint8"}


@pytest.fixture
def seeknetic(sandbox):
    with httpx.Client(base_url=sandbox.url, headers=KEY, timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture
def clip_url(api, make):
    """Makes a clip of the prompt and returns the link to its file."""

    def clip_url(prompt, **asked):
        return api.get(f"/tasks/{make(prompt=prompt, **asked)}").json()["data"]["video_url"]

    return clip_url


@pytest.fixture
def text_vector(seeknetic):
    def text_vector(text):
        return seeknetic.post("/video_embedding/encode_text", json={"text": text}).json()["embedding"]

    return text_vector


def begin(client, path, **body):
    response = client.post(path, json=body)
    assert response.status_code == 200, response.text
    return response.json()["request_id"]


def ended(client, request_id):
    def ask():
        told = client.get(f"/async_status/{request_id}").json()
        return told if told["status"] in ("completed", "failed") else None

    return wait_until(ask, seconds=60)


def embedded(client, url):
    return ended(client, begin(client, "/video_embedding/encode_video/async", video_url=url))


def tagged(client, url):
    return ended(client, begin(client, "/video_tagging/async", video_url=url))


def nearness(one, other):
    return sum(a * b for a, b in zip(one, other, strict=True))


def test_a_text_becomes_a_vector_of_length_one_the_same_every_time(text_vector):
    vector = text_vector("雨 in the park")

    assert (len(vector), round(nearness(vector, vector), 4)) == (512, 1)
    assert text_vector("雨 in the park") == vector


@pytest.mark.parametrize("header", [{"x-api-key": "k"}, {"authorization": "Bearer k"}])
def test_either_header_carries_the_key(sandbox, header):
    response = httpx.post(f"{sandbox.url}/video_embedding/encode_text", json={"text": "a"}, headers=header)

    assert response.status_code == 200


@pytest.mark.parametrize(
    ("near", "query", "far"),
    [
        ("A red fox jumps over a frozen brook", "fox in the snow by a brook", "An old tram climbs a steep street"),
        ("一只红色的狐狸跳过结冰的小溪", "狐狸跳过小溪", "一辆旧电车爬上陡峭的街道"),
    ],
)
def test_a_clip_lies_near_what_its_prompt_says(seeknetic, clip_url, text_vector, near, query, far):
    vectors = [embedded(seeknetic, clip_url(prompt))["embedding"] for prompt in (near, far)]

    found = [nearness(vector, text_vector(query)) for vector in vectors]

    assert found[0] > found[1] + 0.2


def test_a_clip_without_a_prompt_in_it_goes_by_its_colours(seeknetic, text_vector):
    keys = seeknetic.post("/files/upload/tensors", json={"service": "embedding", "video_input": TENSOR}).json()
    vector = ended(seeknetic, begin(seeknetic, "/video_embedding/encode_video/async", tensor=keys["r2_keys"]))

    white, night = (nearness(vector["embedding"], text_vector(text)) for text in ("white", "夜"))

    assert white > 0.1
    assert abs(night) < 0.05


def test_tags_say_how_the_camera_moves(seeknetic, clip_url):
    told = tagged(seeknetic, clip_url("Desert dunes in the evening"))

    assert told["status"] == "completed"
    assert set(told["tags"]) == {"shot_size", "camera_movement", "angle"}
    assert told["tags"]["camera_movement"] == "pan_right"


def test_tags_are_there_at_once_where_nobody_wants_to_wait(seeknetic, clip_url):
    told = seeknetic.post("/video_tagging", json={"video_url": clip_url("Desert dunes in the evening")}).json()

    assert told["tags"]["camera_movement"] == "pan_right"


def test_tensors_are_tagged_as_clips_are(seeknetic):
    asked = {"service": "tagging", "video_input": TENSOR, "video_kwargs": {"fps": 12}, "request_id": "mine"}
    keys = seeknetic.post("/files/upload/tensors", json=asked).json()["r2_keys"]

    told = ended(seeknetic, begin(seeknetic, "/video_tagging/async", tensor=keys))

    assert set(keys) == {"video_input_key", "video_kwargs_key"}
    assert told["tags"]["camera_movement"] == "static"


def test_answers_say_that_this_is_the_sandbox(seeknetic):
    assert seeknetic.post("/video_embedding/encode_text", json={"text": "a"}).json()["model"] == (
        "filmgate-sandbox-ngrams"
    )


@pytest.mark.parametrize(
    ("fault", "words"),
    [("link_404", "Failed to download video: HTTP 404"), ("link_html", "Unsupported or corrupt video")],
)
def test_a_clip_that_can_not_be_had_or_read_fails_and_says_why(seeknetic, clip_url, fault, words):
    told = embedded(seeknetic, clip_url("A fox", fault=fault))

    assert (told["status"], told["error_message"], told["embedding"]) == ("failed", words, None)


def test_a_tensor_that_does_not_fit_its_shape_fails(seeknetic):
    wrong = TENSOR | {"shape": [1, 2, 3, 9, 9]}
    keys = seeknetic.post("/files/upload/tensors", json={"service": "embedding", "video_input": wrong}).json()

    told = ended(seeknetic, begin(seeknetic, "/video_embedding/encode_video/async", tensor=keys["r2_keys"]))

    assert told["error_message"] == "Tensor data does not fit its shape"


@pytest.mark.parametrize(
    ("path", "body", "missing"),
    [
        ("/video_embedding/encode_text", {}, "text"),
        ("/video_embedding/encode_text", {"text": 5}, "text"),
        ("/video_embedding/encode_video/async", {}, "video_url"),
        ("/video_tagging/async", {"video_url": 5}, "video_url"),
        ("/video_tagging/async", {"tensor": {}}, "tensor.video_input_key"),
        ("/files/upload/tensors", {"video_input": TENSOR}, "service"),
        ("/files/upload/tensors", {"service": "embedding"}, "video_input"),
        ("/files/upload/tensors", {"service": "embedding", "video_input": TENSOR | {"shape": [0]}}, "video_input"),
    ],
)
def test_what_is_missing_is_named(seeknetic, path, body, missing):
    response = seeknetic.post(path, json=body)

    assert (response.status_code, response.json()["detail"][0]["loc"]) == (422, ["body", missing])


@pytest.mark.parametrize(
    ("body", "content"),
    [
        ({"video_url": "ftp://example.com/1.mp4"}, None),
        ({"tensor": {"video_input_key": "nobody's"}}, None),
        (None, b"{"),
        (None, b"[]"),
    ],
)
def test_what_can_not_be_is_refused(seeknetic, body, content):
    assert seeknetic.post("/video_tagging/async", json=body, content=content).status_code == 400


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        *(("reject", 400), ("401", 401), ("402", 402), ("413", 413), ("422", 422), ("429=7", 429)),
        *(("500", 500), ("502", 502), ("504", 504), ("503", 503)),
    ],
)
def test_every_documented_error_can_be_had(seeknetic, sandbox, fault, status):
    sandbox.set_fault(fault, vendor="seeknetic")

    texts, clips = (
        seeknetic.post(path, json={"text": "a", "video_url": "http://127.0.0.1:9/1.mp4"}).status_code
        for path in ("/video_embedding/encode_text", "/video_embedding/encode_video/async")
    )

    assert (texts, clips) == (status, status)


def test_an_upload_that_is_too_large_is_answered_as_documented(seeknetic):
    response = seeknetic.post("/files/upload/tensors", content=b" " * (16 * 1024 * 1024 + 1))

    assert response.status_code == 413


def test_faults_of_others_and_markers_in_prompts_are_not_its_own(seeknetic, sandbox):
    sandbox.set_fault("500")
    sandbox.set_fault("500", vendor="scnet")

    response = seeknetic.post("/video_embedding/encode_text", json={"text": "[[fault:500]] a fox"})

    assert response.status_code == 200
    assert len(sandbox.state()["faults"]) == 2


@pytest.mark.parametrize("path", ["/video_embedding/encode_text", "/async_status/1"])
def test_down_is_down_for_every_call(seeknetic, sandbox, path):
    sandbox.set_fault("down", vendor="seeknetic")

    with pytest.raises(httpx.RemoteProtocolError):
        seeknetic.request("GET" if "status" in path else "POST", path, json={"text": "a"})


def test_another_key_does_not_see_a_request(seeknetic, sandbox, clip_url):
    request_id = begin(seeknetic, "/video_tagging/async", video_url=clip_url("A fox"))

    response = httpx.get(f"{sandbox.url}/async_status/{request_id}", headers={"x-api-key": "another"})

    assert response.status_code == 404


def test_a_key_that_is_refused_or_has_no_quota_left(seeknetic, sandbox):
    codes = []
    for state in ("refused", "out_of_credits"):
        sandbox.set_key("any-key", state)
        codes.append(seeknetic.post("/video_embedding/encode_text", json={"text": "a"}).status_code)

    assert codes == [401, 402]


def test_it_counts_what_it_was_asked_and_keeps_the_latest_without_tensors(seeknetic, sandbox):
    seeknetic.post("/video_embedding/encode_text", json={"text": "a fox"})
    seeknetic.post("/video_tagging/async", json={"video_url": "http://127.0.0.1:9/1.mp4"})
    seeknetic.post("/files/upload/tensors", json={"service": "embedding", "video_input": TENSOR})

    state, asked = sandbox.state(), sandbox.asked()

    assert (state["text_calls"], state["clip_calls"], state["uploads"], state["creates"]) == (1, 1, 1, 0)
    assert state["texts_by_text"] == {"a fox": 1}
    assert state["clips_by_url"] == {"tagging http://127.0.0.1:9/1.mp4": 1}
    assert [each["vendor"] for each in asked] == ["seeknetic"] * 3
    assert asked[-1]["json"]["video_input"]["data"] == len(TENSOR["data"])


def test_a_key_has_so_many_requests_a_second_whatever_they_are(seeknetic, sandbox):
    sandbox.set(requests_a_second=2)

    answers = [
        seeknetic.post("/video_embedding/encode_text", json={"text": "fox"}),
        seeknetic.get("/async_status/none"),
        seeknetic.post("/video_embedding/encode_text", json={"text": "fox"}),
        seeknetic.post("/video_embedding/encode_text", json={"text": "fox"}, headers={"x-api-key": "another"}),
    ]

    assert [answer.status_code for answer in answers] == [200, 404, 429, 200]
    assert answers[2].headers["retry-after"] == "1"
    assert sandbox.state()["most_a_second"] == {"seeknetic": 3}
