from io import BytesIO
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from generations.archive.uploads import MAX_BYTES, adopt, keep_upload
from generations.models import Asset, Generation
from tests.api import completed_images
from tests.collecting import clips
from tests.pages import HTMX, text_of
from tests.pipeline import media_folder  # noqa: F401 -- a fixture

ADDRESS = "/gallery/like/"

pytestmark = pytest.mark.usefixtures("media_folder")


def picture(color="red"):
    content = BytesIO()
    Image.new("RGB", (64, 64), color).save(content, "PNG")
    return content.getvalue()


def photo():
    """As a camera makes them: turned, and with metadata, which an upload of it has not."""
    content, exif = BytesIO(), Image.Exif()
    exif[0x0112] = 6
    Image.effect_noise((64, 48), 90).save(content, "JPEG", exif=exif)
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


def made_from(upload, name="first_frame_url", **given):
    """A clip for which the upload was an input."""
    (clip,) = clips(upload.team, 1, prompt="A heron", task_type="image_to_video", **given)
    reference = f"upload:{upload.id}"
    clip.params = {"resolution": "480p", name: [reference] if name == "image_urls" else reference}
    clip.save(update_fields=["params"])
    return clip


@pytest.mark.parametrize("name", ["image_urls", "first_frame_url", "last_frame_url", "face_image_url"])
def test_an_upload_leads_to_the_newest_that_was_made_from_it(browser, team, name):
    upload = keep_upload(team, BytesIO(picture()))
    made_from(upload)
    newest = made_from(upload, name)
    made_from(upload, state="failed", failure_code="TIMEOUT")
    made_from(keep_upload(team, BytesIO(picture("blue"))))

    assert browser.post(ADDRESS, {"picked": str(upload.id)}).url == f"/gallery/?like={newest.id}"


def test_the_file_of_an_upload_sent_again_leads_there_too_and_is_not_kept(browser, team):
    content = photo()
    clip = made_from(keep_upload(team, BytesIO(content)))
    before = Asset.objects.count()

    answer = browser.post(ADDRESS, {"file": file_of(content)})

    assert answer.url == f"/gallery/?like={clip.id}"
    assert Asset.objects.count() == before


def test_uploaded_twice_it_is_one_picture(browser, team):
    first, second = (keep_upload(team, BytesIO(picture())) for _ in range(2))
    clip = made_from(first)

    choices = browser.get(ADDRESS).context["choices"]

    assert [choice.id for choice in choices] == [second.id]
    assert browser.post(ADDRESS, {"picked": str(second.id)}).url == f"/gallery/?like={clip.id}"


def test_what_was_made_here_leads_to_where_it_came_from_whatever_was_made_from_it(browser, team):
    image = completed_images(team, 1, prompt="A heron")
    made_from(adopt(team, image_of(image).id))

    assert browser.post(ADDRESS, {"picked": str(image_of(image).id)}).url == f"/gallery/?like={image.id}"


def test_pictures_that_lead_nowhere_are_no_choice(browser, team):
    leads, led, _new = (keep_upload(team, BytesIO(picture(color))) for color in ("red", "green", "blue"))
    made_from(leads)
    Generation.objects.filter(pk=made_from(led).pk).update(hidden_at=timezone.now())

    assert [choice.id for choice in browser.get(ADDRESS).context["choices"]] == [leads.id]


def test_a_picture_that_nothing_came_of_is_told_so(browser, team):
    upload = keep_upload(team, BytesIO(picture()))

    for posted in ({"picked": str(upload.id)}, {"file": file_of(picture("blue"))}):
        answer = browser.post(ADDRESS, posted)
        assert answer.status_code == 422
        assert "was not made here, nor was anything made from it" in text_of(answer)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"no picture", "not a JPEG, PNG or WebP image"), (bytes(MAX_BYTES + 1), "larger than 20 MB")],
)
def test_a_file_that_is_no_picture_is_told_so(browser, content, reason):
    answer = browser.post(ADDRESS, {"file": file_of(content)})

    assert (answer.status_code, reason in text_of(answer)) == (422, True)


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
        made_from(keep_upload(team, BytesIO(picture((number, 0, 0)))))

    first = browser.get(ADDRESS)
    second = browser.get(first.context["more_url"], headers=HTMX)

    assert (len(first.context["choices"]), len(second.context["choices"])) == (24, 1)
    assert "<html" not in text_of(second)


def test_other_methods_and_strangers_are_refused(browser, db):
    assert browser.put(ADDRESS).status_code == 405
    assert Client().post(ADDRESS).url.startswith("/sign/login/")
