import pytest
from hypothesis import given
from hypothesis import strategies as st

from generations.intake import GenerationRequest, InvalidParameter, parse_json


def read(**given_fields) -> GenerationRequest:
    return GenerationRequest.from_mapping({"prompt": "A gate", **given_fields})


def test_a_request_keeps_what_was_asked():
    request = read(duration=10, generate_audio=True, image_urls=["https://example.com/a.png"], metadata={"a": "b"})

    assert (request.duration, request.generate_audio, request.image_urls) == (10, True, ("https://example.com/a.png",))
    assert request.metadata == {"a": "b"}
    assert request.task_type == "image_to_video"


def test_null_is_as_good_as_nothing():
    assert read(duration=None, image_urls=None) == read()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prompt", 5),
        ("prompt", ["a"]),
        ("prompt", "a\0b"),
        ("prompt", "a\ud800b"),
        ("duration", "5"),
        ("duration", 5.0),
        ("duration", True),
        ("duration", 10**30),
        ("duration", [5]),
        ("generate_audio", 1),
        ("generate_audio", "true"),
        ("resolution", 720),
        ("image_urls", "https://example.com/a.png"),
        ("image_urls", [5]),
        ("image_urls", [""]),
        ("image_urls", ["ftp://example.com/a.png"]),
        ("image_urls", ["http://127.0.0.1/a.png"]),
        ("image_urls", ["upload:nonsense"]),
        ("image_urls", ["https://example.com/" + "a" * 2000]),
        ("image_urls", ["https://example.com/a.png"] * 21),
        ("callback_url", "http://169.254.169.254/"),
        ("callback_url", "javascript:alert(1)"),
        ("metadata", ["a"]),
        ("metadata", {"a": 1}),
        ("metadata", {"a": "x" * 501}),
        ("metadata", {str(number): "x" for number in range(17)}),
        ("metadata", {"a": "\0"}),
    ],
)
def test_what_is_of_the_wrong_kind_is_refused_by_name(field, value):  # L12, M10
    with pytest.raises(InvalidParameter) as caught:
        read(**{field: value})

    assert caught.value.field == field


@pytest.mark.parametrize(
    "name", ["team_id", "is_admin", "balance", "price", "status", "provider_task_id", "Prompt", "prompt ", "\ud800"]
)
def test_a_field_that_nobody_knows_is_refused(name):  # A10
    with pytest.raises(InvalidParameter) as caught:
        read(**{name: 1})

    assert caught.value.constraint == "unknown"
    caught.value.message.encode()


@pytest.mark.parametrize("name", ["image_urls", "first_frame_url", "last_frame_url", "face_image_url"])
def test_an_uploaded_image_is_as_good_as_a_link_to_one(name):
    upload = "upload:0199a0de-0000-7000-8000-000000000001"

    request = read(**{name: [upload] if name == "image_urls" else upload})

    assert request.image_inputs == request.input_urls == (upload,)


@pytest.mark.parametrize("name", ["video_urls", "audio_urls"])
def test_clips_and_sounds_are_links(name):
    with pytest.raises(InvalidParameter) as caught:
        read(**{name: ["upload:0199a0de-0000-7000-8000-000000000001"]})

    assert caught.value.field == name


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"[1]",
        b'"a"',
        b"null",
        b"7",
        b"{" * 100_000,
        b'{"a":' * 100_000,
        b'{"duration": ' + b"9" * 5000 + b"}",
        b'{"duration": NaN}',
        b'{"duration": Infinity}',
        b'{"prompt": "a", "prompt": "b"}',
        b'{"metadata": {"a": "1", "a": "2"}}',
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{\x00}\x00",
        b'{"prompt": "\xed\xa0\x80"}',
        b"{'prompt': 'a'}",
        b'{"prompt": "a",}',
    ],
)
def test_a_body_that_is_not_one_plain_object_is_refused(body):  # M11
    with pytest.raises(InvalidParameter):
        parse_json(body)


def test_a_body_may_hold_any_characters():
    assert parse_json('{"prompt": "一座未来城市 🎬"}'.encode()) == {"prompt": "一座未来城市 🎬"}


@given(
    st.dictionaries(
        st.text(), st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text())
    )
)
def test_whatever_comes_is_a_request_or_a_refusal_that_can_be_answered(given_fields):
    try:
        GenerationRequest.from_mapping(given_fields)
    except InvalidParameter as refusal:
        refusal.message.encode()
        str(refusal.value).encode()
