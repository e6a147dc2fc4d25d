from pathlib import Path

import pytest
from django.test import RequestFactory

from project import files

CONTENT = b"0123456789"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "file").write_bytes(CONTENT)
    return tmp_path / "file"


def send(path: Path, method: str = "GET", name: str = "clip.mp4", query: str = "", **headers: str):
    named = {each.replace("_", "-"): value for each, value in headers.items()}
    request = RequestFactory().generic(method, f"/{query}", headers=named)
    return files.respond(request, path, content_type="video/mp4", etag="abc", name=name, max_age_seconds=60)


def body(response) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


# M8
@pytest.mark.parametrize(
    ("asked", "content", "range"),
    [
        ("bytes=0-0", b"0", "bytes 0-0/10"),
        ("bytes=2-4", b"234", "bytes 2-4/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=-99", CONTENT, "bytes 0-9/10"),
        ("bytes=5-99", b"56789", "bytes 5-9/10"),
    ],
)
def test_one_range_is_sent_as_asked(path, asked, content, range):
    response = send(path, Range=asked)

    assert (response.status_code, body(response)) == (206, content)
    assert response.headers["Content-Range"] == range
    assert response.headers["Content-Length"] == str(len(content))


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=10-20", "bytes=-0", f"bytes={10**18}-"])
def test_a_range_outside_the_file_is_416(path, asked):
    response = send(path, Range=asked)

    assert (response.status_code, response.content) == (416, b"")
    assert response.headers["Content-Range"] == "bytes */10"


# M9
@pytest.mark.parametrize(
    "asked",
    [
        "bytes=0-0,2-2",
        "bytes=" + ",".join(f"{n}-{n}" for n in range(1000)),
        "bytes=5-2",
        "bytes=-",
        "bytes=a-b",
        "items=0-1",
        "bytes",
        "bytes=" + "9" * 5000 + "-",
        "",
    ],
)
def test_more_than_one_range_or_none_that_makes_sense_is_the_whole_file(path, asked):
    response = send(path, Range=asked)

    assert (response.status_code, body(response)) == (200, CONTENT)
    assert "Content-Range" not in response.headers


def test_an_empty_file_has_no_range(tmp_path):
    (tmp_path / "empty").write_bytes(b"")

    assert send(tmp_path / "empty", Range="bytes=0-").status_code == 416
    assert body(send(tmp_path / "empty")) == b""


@pytest.mark.parametrize("tags", ['"abc"', 'W/"abc"', '"x", "abc"', "*"])
def test_a_copy_that_the_asker_has_is_304(path, tags):
    response = send(path, If_None_Match=tags)

    assert (response.status_code, response.content, response.headers["ETag"]) == (304, b"", '"abc"')


def test_a_range_of_another_copy_is_not_sent(path):
    assert send(path, Range="bytes=2-4", If_Range='"old"').status_code == 200
    assert send(path, Range="bytes=2-4", If_Range='"abc"').status_code == 206
    assert send(path, Range="bytes=2-4", If_Range="Fri, 21 Nov 2025 05:00:30 GMT").status_code == 200


def test_head_sends_the_headers_of_the_whole_file(path):
    response = send(path, "HEAD", Range="bytes=2-4")

    assert (response.status_code, response.content, response.headers["Content-Length"]) == (200, b"", "10")


# M7
@pytest.mark.parametrize(
    ("name", "disposition"),
    [
        ("clip.mp4", 'attachment; filename="clip.mp4"'),
        ('a"b\\.mp4', 'attachment; filename="a\\"b\\\\.mp4"'),
        ("字.mp4", "attachment; filename*=utf-8''%E5%AD%97.mp4"),
    ],
)
def test_a_name_to_save_by_is_quoted_or_encoded(path, name, disposition):
    assert send(path, name=name, query="?download=1").headers["Content-Disposition"] == disposition


def test_a_file_that_is_not_there_is_said_so(tmp_path):
    with pytest.raises(FileNotFoundError):
        send(tmp_path / "nothing")
