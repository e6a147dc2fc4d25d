"""Sets of images are kept in their order, and what is charged is how many there are."""

import io
import json

import pytest
from django.conf import settings
from PIL import Image

from accounts.models import WebhookEvent
from generations.archive import archive
from generations.models import Asset, Submission
from tests.generations.archive.conftest import picture
from tests.pipeline import figures, hurry
from tests.receiver import answer

COLOURS = ("red", "lime", "blue", "white")
SEEDREAM = {"model": "seedream-4.0", "count": 4}


def colours_kept(generation) -> list[tuple[int, int, int]]:
    outputs = generation.assets.filter(kind=Asset.Kind.OUTPUT).order_by("position")
    assert [output.position for output in outputs] == list(range(len(outputs)))
    return [Image.open(settings.MEDIA_FOLDER / output.path).getpixel((0, 0)) for output in outputs]


def links(files, count: int) -> tuple[str, ...]:
    return tuple(files.url(f"/{number}.png") for number in range(count))


def test_the_images_of_a_set_keep_their_order_and_have_a_poster_each(done, files, team):
    files.answers.extend(answer(200, picture(colour=colour)) for colour in COLOURS)
    generation = done(urls=links(files, 4), **SEEDREAM)

    archive.crew.run()

    generation.refresh_from_db()
    outputs = generation.assets.filter(kind=Asset.Kind.OUTPUT)
    posters = generation.assets.filter(kind=Asset.Kind.POSTER)
    assert generation.state == "completed"
    assert colours_kept(generation) == [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)]
    assert {(each.content_type, each.width, each.height, each.duration_seconds) for each in outputs} == {
        ("image/png", 1024, 640, None)
    }
    assert {each.path.endswith(".png") for each in outputs} == {True}
    assert sorted(each.position for each in posters) == [0, 1, 2, 3]
    assert {Image.open(settings.MEDIA_FOLDER / each.path).size for each in posters} == {(960, 600)}
    assert figures(team) == (10_000 - 12, 0, 12)


def test_where_fewer_came_only_those_are_charged(done, files, team):
    files.otherwise = answer(200, picture())
    generation = done(urls=links(files, 3), **SEEDREAM)

    archive.crew.run()

    generation.refresh_from_db()
    assert (generation.state, generation.held_credits, generation.charged_credits) == ("completed", 12, 9)
    assert figures(team) == (10_000 - 9, 0, 9)
    assert Submission.objects.get().loss_credits == 0


def test_what_comes_beyond_what_was_asked_for_is_left(done, files, team):
    files.otherwise = answer(200, picture())
    generation = done(urls=links(files, 50), model="seedream-4.0", count=2)

    archive.crew.run()

    assert len(files.requests) == 2
    assert len(colours_kept(generation)) == 2
    assert figures(team) == (10_000 - 6, 0, 6)


def test_none_delivered_is_a_failure_that_costs_nothing(done, files, team):
    files.otherwise = answer(404)
    generation = done(urls=links(files, 4), **SEEDREAM)
    for _ in range(len(archive.RETRY_SECONDS) + 1):
        archive.crew.run()
        hurry()

    generation.refresh_from_db()
    assert (generation.state, generation.failure_code) == ("failed", "ARCHIVE_FAILED")
    assert figures(team) == (10_000, 0, 0)
    assert Submission.objects.get().loss_credits == 12


def test_an_image_that_can_not_be_had_is_waited_for_and_then_the_others_are_kept(done, files, team):  # M13
    urls = (files.url("/0.png"), "http://127.0.0.1:1/secret", files.url("/2.png"), files.url("/3.png"))
    files.answers.extend([answer(200, picture(colour="red")), answer(500), answer(200, picture(colour="blue"))])
    files.otherwise = answer(200, picture(colour="lime"))
    generation = done(urls=urls, **SEEDREAM)

    archive.crew.run()
    generation.refresh_from_db()
    after_one = generation.state, Asset.objects.count()
    hurry()
    archive.crew.run()

    generation.refresh_from_db()
    assert after_one == ("archiving", 0)
    assert generation.state == "completed"
    assert colours_kept(generation) == [(0, 255, 0)] * 3
    assert figures(team) == (10_000 - 9, 0, 9)


def test_a_callback_tells_of_all_images(done, files):
    files.otherwise = answer(200, picture())
    generation = done(urls=links(files, 2), callback_url="https://example.com/hook", **SEEDREAM)

    archive.crew.run()

    body = json.loads(WebhookEvent.objects.get().body)
    outputs = generation.assets.filter(kind=Asset.Kind.OUTPUT).order_by("position")
    assert (body["event"], body["video_url"]) == ("task.completed", None)
    assert [url.split("?")[0].rsplit("/", 1)[1] for url in body["images"]] == [str(each.id) for each in outputs]


@pytest.mark.parametrize("format", ["JPEG", "WEBP"])
def test_jpeg_and_webp_are_kept_as_what_they_are(done, files, format):
    content = picture(format, (640, 640))
    files.otherwise = answer(200, content, Content_Type="video/mp4")
    generation = done(url=files.url("/image.mp4"), model="seedream-4.0")

    archive.crew.run()

    output = generation.assets.get(kind=Asset.Kind.OUTPUT)
    kept = (settings.MEDIA_FOLDER / output.path).read_bytes()
    assert output.content_type == f"image/{format.lower()}"
    assert kept == content
    assert Image.open(io.BytesIO(kept)).format == format


def test_a_picture_in_a_clips_place_is_no_clip(done, files):  # M13
    files.otherwise = answer(200, picture())
    generation = done()

    archive.crew.run()

    generation.refresh_from_db()
    assert (generation.state, Asset.objects.count()) == ("archiving", 0)


def test_a_clip_in_an_images_place_is_no_image(done, files, clip):  # M13
    files.otherwise = answer(200, clip)
    generation = done(model="seedream-4.0")

    archive.crew.run()

    generation.refresh_from_db()
    assert (generation.state, Asset.objects.count()) == ("archiving", 0)
