import pytest

URL = "https://example.com/a.png"
VIDEO_MODELS = ["seedance-1.0", "seedance-1.5-pro", "seedance-2.0"]
IMAGE_MODELS = ["seedream-3.0", "seedream-4.0", "seedream-4.5", "seedream-5.0"]


@pytest.fixture
def ask(ask_seedance, ask_seedream):
    """Asks for a clip or an image, by the first word."""
    return lambda kind, **asked: (ask_seedance if kind == "video" else ask_seedream)(**asked)


@pytest.mark.parametrize(
    "sound",
    [
        *({"model": word} for word in VIDEO_MODELS),
        {"prompt": "长" * 300},
        *({"duration": seconds} for seconds in (5, 30)),
        *({"resolution": word} for word in ("720p", "1080p", "4k", None)),
        *({"fps": rate} for rate in (24, 30, 60, None)),
        {"image_input": URL},
        {"webhook_url": None},
        {"unknown": 1},
    ],
)
def test_what_the_document_allows_of_a_video_is_accepted(ask_seedance, sandbox, sound):
    response = ask_seedance(**sound)

    assert response.status_code == 200, response.text
    assert sandbox.state()["accepted"] == 1


@pytest.mark.parametrize(
    "sound",
    [
        *({"model": word} for word in IMAGE_MODELS),
        {"prompt": "长" * 300},
        *({"quality": word} for word in ("standard", "high", None)),
        *({"num_images": number} for number in (1, 4, None)),
        *({"seed": number} for number in (42, 0, -1, 2**64, None)),
        *({"style": word} for word in ("oil_painting", "watercolor", "cyberpunk", "ukiyo_e", None)),
    ],
)
def test_what_the_document_allows_of_an_image_is_accepted(ask_seedream, sandbox, sound):
    response = ask_seedream(**sound)

    assert response.status_code == 200, response.text
    assert sandbox.state()["accepted"] == 1


@pytest.mark.parametrize(
    ("kind", "wrong", "constraint", "limit"),
    [
        *(
            ("video", {"model": word}, "enum", ["seedance-1.0", "seedance-1.5-pro", "seedance-2.0"])
            for word in ("x", 5)
        ),
        *(("video", {"duration": seconds}, "minimum", 5) for seconds in (4, 0, -1)),
        ("video", {"duration": 31}, "maximum", 30),
        *(("video", {"duration": value}, "type", "integer") for value in (5.5, "5", True)),
        ("video", {"duration": None}, "required", True),
        ("video", {"model": None}, "required", True),
        *(("video", {"resolution": word}, "enum", ["720p", "1080p", "4k"]) for word in ("480p", "4K", 720)),
        *(("video", {"fps": rate}, "enum", [24, 30, 60]) for rate in (25, "24", True, 24.5)),
        *(("video", {"image_input": value}, "format", "url") for value in ("a.png", 5, [URL])),
        *(("video", {"webhook_url": value}, "format", "url") for value in ("example.com", 5)),
        *(("image", {"model": word}, "enum", IMAGE_MODELS) for word in ("seedance-2.0", "seedream-6.0")),
        ("image", {"model": None}, "required", True),
        *(
            ("image", {"resolution": word}, "enum", ["1024x1024", "2048x2048", "4k"])
            for word in ("512x512", "1024×1024", 4096)
        ),
        *(("image", {"quality": word}, "enum", ["standard", "high"]) for word in ("hd", 1)),
        ("image", {"num_images": 0}, "minimum", 1),
        ("image", {"num_images": 5}, "maximum", 4),
        *(("image", {"num_images": value}, "type", "integer") for value in ("1", 1.5, True)),
        *(("image", {"seed": value}, "type", "integer") for value in ("42", 4.2, True)),
        *(("image", {"style": value}, "type", "string") for value in (5, "", ["oil_painting"])),
        ("image", {"webhook_url": "example.com"}, "format", "url"),
    ],
)
def test_a_parameter_outside_its_documented_limits_is_told_in_detail(ask, sandbox, kind, wrong, constraint, limit):
    response = ask(kind, **wrong)

    (field, value), body = next(iter(wrong.items())), response.json()
    assert (response.status_code, body["status"], body["error"]["code"]) == (400, "error", "INVALID_REQUEST")
    assert body["error"]["message"].startswith(field)
    assert body["error"]["details"] == {"field": field, "value": value, "constraint": constraint, "limit": limit}
    assert sandbox.state()["accepted"] == 0


@pytest.mark.parametrize("kind", ["video", "image"])
def test_a_prompt_of_301_characters_is_refused_in_the_documented_words(ask, kind):
    prompt = "长" * 301

    response = ask(kind, prompt=prompt)

    assert response.status_code == 400
    assert response.json() == {
        "status": "error",
        "error": {
            "code": "INVALID_PROMPT",
            "message": "Prompt is too long (max 300 characters)",
            "details": {"field": "prompt", "value": prompt, "constraint": "max_length", "limit": 300},
        },
    }


@pytest.mark.parametrize("kind", ["video", "image"])
@pytest.mark.parametrize(
    ("prompt", "constraint"), [(None, "required"), ("", "min_length"), ("  ", "min_length"), (5, "type")]
)
def test_a_prompt_that_is_none_is_refused(ask, kind, prompt, constraint):
    response = ask(kind, prompt=prompt)

    assert response.status_code == 400
    assert response.json()["error"]["code"] == "INVALID_PROMPT"
    assert response.json()["error"]["details"]["constraint"] == constraint


@pytest.mark.parametrize("path", ["/v1/seedance/generate", "/v1/seedream/generate"])
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused(seedance, path, content):
    response = seedance.post(path, content=content)

    assert (response.status_code, response.json()["error"]["code"]) == (400, "INVALID_REQUEST")
