from io import BytesIO
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from generations.archive.uploads import adopt, keep_upload
from generations.models import Asset
from tests.api import completed_images
from tests.pages import HTMX, text_of
from tests.pipeline import media_folder  # noqa: F401 -- a fixture

ADDRESS = "/gallery/like/"

pytestmark = pytest.mark.usefixtures("media_folder")


def picture(color="red"):
    content = BytesIO()
    Image.new("RGB", (64, 64), color).save(content, "PNG")
    return content.getvalue()


def file_of(content):
    return SimpleUploadedFile("a.png", content, "image/png")


def image_of(generation, position=0):
    return generation.assets.get(kind=Asset.Kind.OUTPUT, position=position)


def test_the_page_shows_the_teams_images(browser, viewer, team, other_team):
    own, theirs = image_of(completed_images(team, 1)), image_of(completed_images(other_team, 1))

    for client in (browser, viewer):
        page = text_of(client.get(ADDRESS))
        assert f'value="{own.id}"' in page
        assert str(theirs.id) not in page


def test_an_image_that_was_made_here_leads_to_its_like(browser, team):
    generation = completed_images(team, 2, prompt="A heron")

    answer = browser.post(ADDRESS, {"picked": str(image_of(generation, 1).id)})

    assert answer.url == f"/gallery/?like={generation.id}"


def test_an_upload_of_what_was_made_here_does_too(browser, team):
    generation = completed_images(team, 1, prompt="A heron")
    upload = adopt(team, image_of(generation).id)

    assert browser.post(ADDRESS, {"picked": str(upload.id)}).url == f"/gallery/?like={generation.id}"


def test_a_file_that_was_made_here_leads_to_its_like_and_is_not_kept(browser, team):
    generation = completed_images(team, 1, prompt="A heron")  # its file is b"0"
    before = Asset.objects.count()

    answer = browser.post(ADDRESS, {"file": file_of(b"0")})

    assert answer.url == f"/gallery/?like={generation.id}"
    assert Asset.objects.count() == before


def test_a_picture_without_a_prompt_is_told_so(browser, team):
    upload = keep_upload(team, BytesIO(picture()))

    for posted in ({"picked": str(upload.id)}, {"file": file_of(picture("blue"))}):
        answer = browser.post(ADDRESS, posted)
        assert answer.status_code == 422
        assert "was not made here from a prompt" in text_of(answer)


def test_nothing_chosen_is_told_so(browser, team):
    assert "Choose a picture first." in text_of(browser.post(ADDRESS, {}))


def test_another_teams_picture_is_not_there(browser, team, other_team):  # A3
    generation = completed_images(other_team, 1, prompt="theirs")
    upload = adopt(other_team, image_of(generation).id)

    for id in (image_of(generation).id, upload.id, uuid4(), "x"):
        assert browser.post(ADDRESS, {"picked": str(id)}).status_code == 404
    answer = browser.post(ADDRESS, {"file": file_of(b"0")})
    assert answer.status_code == 422
    assert str(generation.id) not in text_of(answer)


def test_more_images_follow(browser, team):
    for number in range(25):
        keep_upload(team, BytesIO(picture((number, 0, 0))))

    first = browser.get(ADDRESS)
    second = browser.get(first.context["more_url"], headers=HTMX)

    assert (len(first.context["choices"]), len(second.context["choices"])) == (24, 1)
    assert "<html" not in text_of(second)


def test_other_methods_and_strangers_are_refused(browser, db):
    assert browser.put(ADDRESS).status_code == 405
    assert Client().post(ADDRESS).url.startswith("/sign/login/")
