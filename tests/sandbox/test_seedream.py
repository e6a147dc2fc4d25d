import io
import json
import re
import time

import httpx
import pytest
from PIL import Image

SMALL = {"resolution": "1024x1024"}


@pytest.fixture
def images(ask_seedream):
    """Asks for images and returns their documented descriptions."""

    def images(**asked):
        response = ask_seedream(**asked)
        assert response.status_code == 200, response.text
        return response.json()["data"]["images"]

    return images


@pytest.fixture
def contents(images):
    return lambda **asked: [httpx.get(image["url"]).content for image in images(**asked)]


def test_images_come_in_the_answer_as_documented(ask_seedream, sandbox):
    response = ask_seedream(resolution="1024x1024", num_images=2)

    body = response.json()
    data, images = body["data"], body["data"].pop("images")
    task_id = data.pop("task_id")
    assert (response.status_code, body["status"]) == (200, "success")
    assert isinstance(data.pop("processing_time_ms"), int)
    assert data == {"model": "seedream-4.5", "resolution": "1024x1024"}
    assert [image["url"] for image in images] == [f"{sandbox.url}/files/{task_id}/{number}.png" for number in (1, 2)]
    for image in images:
        assert set(image) == {"id", "url", "width", "height", "format", "size_bytes"}
        assert re.fullmatch(r"img-[0-9a-f-]{36}-00[12]", image["id"])


@pytest.mark.parametrize(("resolution", "side"), [("1024x1024", 1024), ("2048x2048", 2048), ("4k", 4096)])
@pytest.mark.parametrize("quality", ["standard", "high"])
def test_each_is_a_png_of_the_size_and_length_that_is_told(images, resolution, side, quality):
    told = images(resolution=resolution, quality=quality)[0]

    response = httpx.get(told["url"])

    with Image.open(io.BytesIO(response.content)) as picture:
        picture.load()
        assert (picture.format, picture.size) == ("PNG", (side, side))
    assert (told["width"], told["height"], told["format"]) == (side, side, "png")
    assert response.headers["content-type"] == "image/png"
    assert told["size_bytes"] == len(response.content)


def test_without_a_resolution_or_a_number_it_is_one_of_the_smallest(images):
    assert [(image["width"], image["height"]) for image in images()] == [(1024, 1024)]


def test_four_images_are_four_pictures(contents):
    assert len(set(contents(**SMALL, num_images=4))) == 4


def test_a_seed_makes_the_same_again(contents):
    first, again, other = (contents(**SMALL, num_images=2, seed=seed) for seed in (42, 42, 43))

    assert first == again
    assert not set(first) & set(other)


def test_high_quality_shows_more(contents):
    standard, high = (contents(**SMALL, seed=1, quality=quality)[0] for quality in ("standard", "high"))

    assert standard != high


def test_a_style_changes_the_colours(contents):
    pictures = [
        contents(**SMALL, seed=1, **style)[0] for style in ({}, {"style": "watercolor"}, {"style": "cyberpunk"})
    ]

    assert len(set(pictures)) == 3


def test_an_image_takes_its_time(ask_seedream):
    begun = time.monotonic()

    body = ask_seedream(fault="slow=1.2").json()

    assert time.monotonic() - begun >= 1.15
    assert body["data"]["processing_time_ms"] >= 1150


def test_a_finished_set_has_a_task_and_a_result_too(ask_seedream, seedance):
    data = ask_seedream().json()["data"]

    shown, result = (seedance.get(f"/v1/{path}/{data['task_id']}").json() for path in ("tasks", "results"))

    assert (shown["status"], shown["progress"]) == ("completed", 100)
    assert result["result"] == {"images": data["images"], "resolution": "1024x1024"}


@pytest.mark.parametrize(
    ("asked", "status", "error"),
    [
        ({"fault": "fail=No capacity"}, 500, {"code": "INTERNAL_ERROR", "message": "No capacity"}),
        (
            {"prompt": "forbidden"},
            400,
            {
                "code": "INVALID_PROMPT",
                "message": "Content policy violation",
                "details": {"field": "prompt", "constraint": "content_policy"},
            },
        ),
    ],
)
def test_a_set_that_fails_is_an_error(ask_seedream, asked, status, error):
    response = ask_seedream(**asked)

    assert (response.status_code, response.json()) == (status, {"status": "error", "error": error})


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("hang", httpx.ReadTimeout),
        ("never", httpx.ReadTimeout),
        ("slow_answer=20", httpx.ReadTimeout),
        ("reset", httpx.RemoteProtocolError),
    ],
)
def test_an_answer_that_never_comes_hides_images_that_were_made(seedance, ask_seedream, sandbox, fault, error):
    # P2, P3
    ask_seedream()
    seedance.timeout = httpx.Timeout(1)

    with pytest.raises(error):
        ask_seedream(fault=fault)

    assert sandbox.state()["accepted"] == 2


@pytest.mark.parametrize("fault", ["502_after_accepting", "garbage", "truncated"])
def test_a_spoiled_answer_hides_images_that_were_made(ask_seedream, sandbox, fault):
    # P7
    response = ask_seedream(fault=fault)

    with pytest.raises(json.JSONDecodeError):
        response.json()
    assert sandbox.state()["accepted"] == 1


def test_an_image_has_ranges_and_a_head(images):
    told = images(**SMALL)[0]
    whole = httpx.get(told["url"]).content

    head, part = httpx.head(told["url"]), httpx.get(told["url"], headers={"range": "bytes=0-7"})

    assert (head.status_code, int(head.headers["content-length"])) == (200, told["size_bytes"])
    assert (part.status_code, part.content) == (206, whole[:8])


def test_links_to_images_die_when_their_time_is_up(images, sandbox):
    url = images()[0]["url"]
    before = httpx.head(url).status_code

    sandbox.set(link_seconds=0)

    assert (before, httpx.get(url).status_code) == (200, 404)


def test_faults_of_links_meet_images_too(images):
    missing, page, short = (images(fault=f"link_{word}")[0]["url"] for word in ("404", "html", "truncated"))

    assert httpx.get(missing).status_code == 404
    assert httpx.get(page).headers["content-type"] == "text/html"
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(short)


def test_only_images_that_were_made_are_served(images, ask_seedance, sandbox):
    url = images(num_images=2)[0]["url"].removesuffix("/1.png")
    video = f"{sandbox.url}/files/{ask_seedance().json()['data']['task_id']}"

    wrong = [
        f"{url}/0.png",
        f"{url}/3.png",
        f"{url}/x.png",
        f"{url}.mp4",
        f"{video}/1.png",
        f"{sandbox.url}/files/x/1.png",
    ]

    assert [httpx.get(link).status_code for link in wrong] == [404] * len(wrong)
