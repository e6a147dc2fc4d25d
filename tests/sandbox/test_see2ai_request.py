import pytest

from sandbox.see2ai_request import Wanted

URL = "https://example.com/a.png"


@pytest.mark.parametrize(
    "sound",
    [
        {"model_name": "doubao-seedance-2-0-260128"},
        {"model_name": "doubao-seedance-2-0-fast-260128"},
        {"prompt": "长" * 5000},
        {"prompt": None, "non_face_image_url": URL},
        {"prompt": "", "non_face_image_urls": [URL] * 9},
        {"prompt": None, "face_image_url": URL},
        {"prompt": None, "first_frame_url": URL},
        {"prompt": None, "video_url": URL},
        {"non_face_image_urls": []},
        {"video_urls": [URL] * 3},
        {"audio_url": URL},
        {"audio_urls": [URL] * 3},
        {"last_frame_url": URL},
        *({"duration": seconds} for seconds in (4, 15, -1, None)),
        *({"resolution": word} for word in ("480p", "720p", None)),
        *({"aspect_ratio": word} for word in ("adaptive", "16:9", "9:16", "1:1", "21:9", "4:3", "3:4", None)),
        *({name: value} for name in ("watermark", "enable_web_search") for value in (True, False, None)),
        *({name: value} for name in ("generate_audio", "force_asset_upload") for value in (True, False, None)),
        {"unknown": 1},
    ],
)
def test_what_the_document_allows_is_accepted(ask_see2ai, sandbox, sound):
    response = ask_see2ai(**sound)

    assert response.status_code == 200, response.text
    assert sandbox.state()["accepted"] == 1


@pytest.mark.parametrize(
    "wrong",
    [
        *({"model_name": word} for word in ("doubao-seedance-2-0", "", None, 5)),
        *({"prompt": value} for value in (5, ["x"], None, "  ")),
        *({"non_face_image_url": value} for value in ("example.com", "ftp://example.com/a.png", 5, [URL])),
        *({"non_face_image_urls": value} for value in (URL, ["a.png"], [5])),
        *({"face_image_url": value} for value in ("a.png", 5)),
        *({"video_url": value} for value in ("a.mp4", 5)),
        *({"video_urls": value} for value in ([URL] * 4, URL, ["a.mp4"])),
        *({"audio_url": value} for value in ("a.mp3", 5)),
        *({"audio_urls": value} for value in ([URL] * 4, URL, ["a.mp3"])),
        *({"first_frame_url": value} for value in ("a.png", 5)),
        *({"last_frame_url": value} for value in ("a.png", 5)),
        *({"duration": value} for value in (3, 16, 0, -2, 5.5, "5", True)),
        *({"resolution": value} for value in ("1080p", "720P", 720)),
        *({"aspect_ratio": value} for value in ("9:21", "keep_ratio", 1)),
        *({"watermark": value} for value in ("true", 1)),
        *({"generate_audio": value} for value in ("true", 1)),
        *({"enable_web_search": value} for value in ("true", 0)),
        *({"force_asset_upload": value} for value in ("true", 0)),
        *({"sync": value} for value in ("false", 0, None)),
    ],
)
def test_a_parameter_outside_its_documented_limits_is_a_400_that_names_it(ask_see2ai, sandbox, wrong):
    response = ask_see2ai(**wrong)

    assert response.status_code == 400
    body = response.json()
    assert (body["state"], body["task_id"]) == ("failed", "")
    assert body["error_message"].startswith(f"参数错误: {next(iter(wrong))} ")
    assert sandbox.state()["accepted"] == 0


def test_sound_alone_is_nothing_to_go_by(ask_see2ai):
    response = ask_see2ai(prompt=None, audio_url="https://example.com/a.mp3", last_frame_url=URL)

    assert response.status_code == 400
    assert "prompt" in response.json()["error_message"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused(see2ai, content):
    response = see2ai.post("/api/v1/actions/see2ai_video_generation_v1", content=content)

    assert response.status_code == 400
    assert response.json()["state"] == "failed"


def test_defaults_are_those_of_the_document():
    wanted = Wanted.from_body({"prompt": "x"})

    assert (wanted.model_name, wanted.duration, wanted.resolution) == ("doubao-seedance-2-0-260128", 5, "720p")
    assert (wanted.aspect_ratio, wanted.generate_audio, wanted.sync) == ("adaptive", True, True)
    assert (wanted.force_asset_upload, wanted.images, wanted.videos, wanted.audios) == (False, (), (), ())


def test_a_duration_left_to_the_model_is_one_of_the_documented_and_the_same_for_a_prompt():
    chosen = [Wanted.from_body({"prompt": f"clip {number}", "duration": -1}).duration for number in range(100)]

    assert set(chosen) == set(range(4, 16))
    assert Wanted.from_body({"prompt": "clip 0", "duration": -1}).duration == chosen[0]


def test_every_reference_is_counted():
    asked = {"non_face_image_url": URL, "non_face_image_urls": [URL, URL], "face_image_url": URL}
    moving = {"video_url": URL, "video_urls": [URL], "audio_url": URL, "audio_urls": [URL]}

    wanted = Wanted.from_body(asked | moving | {"first_frame_url": URL, "last_frame_url": URL})

    assert (len(wanted.images), len(wanted.videos), len(wanted.audios)) == (4, 2, 2)
    assert wanted.input_tokens == 10 * 1000


def test_uploads_by_force_cost_much_more():
    wanted = Wanted.from_body({"prompt": "four", "first_frame_url": URL, "audio_url": URL, "force_asset_upload": True})

    assert wanted.input_tokens == 4 + 2 * 1000 + 20_000


@pytest.mark.parametrize(
    ("asked", "warnings"),
    [
        ({"prompt": "x" * 500}, []),
        ({"prompt": "x" * 501}, ["500 characters"]),
        ({"force_asset_upload": True}, ["force_asset_upload"]),
        ({"first_frame_url": URL, "face_image_url": URL}, ["first frame"]),
        ({"first_frame_url": URL}, []),
        ({"prompt": "x" * 501, "force_asset_upload": True}, ["force_asset_upload", "500 characters"]),
    ],
)
def test_legal_but_poor_choices_are_warned_of(asked, warnings):
    told = Wanted.from_body({"prompt": "x"} | asked).warnings

    assert len(told) == len(warnings)
    assert all(part in words for part, words in zip(warnings, told, strict=True))
