import pytest

from generations import lifecycle
from tests.api import CLIP, asked, completed, completed_images


def body(response) -> bytes:
    return b"".join(response.streaming_content)


def test_the_clip_is_sent_whole_with_its_headers(client, team):
    generation = completed(team)
    asset = generation.assets.get(kind="output")

    response = client.get(f"/api/v1/tasks/{generation.id}/content")

    assert (response.status_code, body(response)) == (200, CLIP)
    assert response.headers["Content-Type"] == "video/mp4"
    assert response.headers["Content-Length"] == "1000"
    assert response.headers["ETag"] == f'"{asset.sha256}"'
    assert response.headers["Accept-Ranges"] == "bytes"
    assert response.headers["Content-Disposition"] == f'inline; filename="{generation.id}.mp4"'
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert response.headers["X-RateLimit-Limit"] == "1000"


def test_a_range_of_the_clip_is_sent(client, team):
    generation = completed(team)

    response = client.get(f"/api/v1/tasks/{generation.id}/content", headers={"Range": "bytes=5-14"})

    assert (response.status_code, body(response)) == (206, b"5678901234")
    assert response.headers["Content-Range"] == "bytes 5-14/1000"


def test_the_poster_is_sent(client, team):
    generation = completed(team)

    response = client.get(f"/api/v1/tasks/{generation.id}/poster")

    assert (response.headers["Content-Type"], body(response)) == ("image/webp", b"still" + CLIP)


def test_the_images_of_a_set_are_counted_from_0(client, team):
    generation = completed_images(team, 2)

    images = [body(client.get(f"/api/v1/tasks/{generation.id}/content/{n}")) for n in (0, 1)]
    missing = [client.get(f"/api/v1/tasks/{generation.id}/content/{n}") for n in (2, -1, "a", 10**30)]

    assert images == [b"0", b"1"]
    assert [response.status_code for response in missing] == [404] * 4


def test_head_tells_of_the_clip_without_sending_it(client, team):
    generation = completed(team)

    response = client.head(f"/api/v1/tasks/{generation.id}/content")

    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["Content-Length"] == "1000"


@pytest.mark.parametrize("path", ["content", "content/0", "poster"])
def test_before_there_is_a_file_it_is_404(client, team, path):
    response = client.get(f"/api/v1/tasks/{asked(team).id}/{path}")

    assert (response.status_code, response.json()["error"]["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("path", ["content", "content/0", "poster"])
def test_after_the_task_was_deleted_it_is_410(client, team, path):
    generation = completed(team)
    lifecycle.hide(generation)

    response = client.get(f"/api/v1/tasks/{generation.id}/{path}")

    assert (response.status_code, response.json()["error"]["code"]) == (410, "GONE")


@pytest.mark.parametrize("path", ["content", "content/0", "poster"])
def test_a_stranger_finds_no_file_deleted_or_not(stranger, team, path):  # A1
    kept, deleted = completed(team), completed(team)
    lifecycle.hide(deleted)

    for generation in (kept, deleted):
        error = stranger.get(f"/api/v1/tasks/{generation.id}/{path}").json()["error"]
        assert error["code"] == "TASK_NOT_FOUND"


def test_other_methods_are_refused_in_json(client, team):
    response = client.post(f"/api/v1/tasks/{completed(team).id}/content")

    assert (response.status_code, response.json()["error"]["code"]) == (405, "METHOD_NOT_ALLOWED")
