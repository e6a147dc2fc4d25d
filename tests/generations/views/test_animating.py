"""From a finished image to a clip that begins with it, in one click."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from generations import lifecycle
from generations.models import Asset, Generation
from tests.api import completed, completed_images, failed
from tests.pages import HTMX, text_of


def address(generation: Generation, position: int = 0) -> str:
    return f"/generations/{generation.id}/animate/{position}/"


def test_the_form_begins_with_the_image_and_everything_else_as_it_comes(browser, team):
    generation = completed_images(team, 3)

    response = browser.post(address(generation, 2))

    upload = Asset.objects.get(kind="upload")
    assert upload.path == generation.assets.get(kind="output", position=2).path
    assert parse_qs(urlsplit(response.url).query) == {
        "task_type": ["image_to_video"],
        "model": ["doubao-seedance-2.0"],
        "first_frame_url": [f"upload:{upload.pk}"],
    }
    page = browser.get(response.url)
    form = page.context["form"]
    assert (form.task_type, form["first_frame_url"].value()) == ("image_to_video", [f"upload:{upload.pk}"])
    assert (form["prompt"].value(), form["duration"].value()) == ("", "5")
    assert f'src="/media/{upload.pk}' in text_of(page)


def test_htmx_is_led_there_by_header(browser, team):
    response = browser.post(address(completed_images(team, 1)), headers=HTMX)

    assert response.headers["HX-Redirect"].startswith("/create/?task_type=image_to_video&model=doubao-seedance-2.0")


def test_again_is_harmless(browser, team):
    generation = completed_images(team, 1)

    assert browser.post(address(generation)).url == browser.post(address(generation)).url
    assert Asset.objects.filter(kind="upload").count() == 1


def test_a_clip_of_it_can_be_asked_for(browser, team):
    form = browser.get(browser.post(address(completed_images(team, 1))).url).context["form"]
    given = {field.html_name: field.value() for field in form if field.value() is not None}

    response = browser.post("/create/", {**given, "task_type": form.task_type})

    clip = Generation.objects.get(task_type="image_to_video")
    assert response.url == "/gallery/"
    assert clip.params["first_frame_url"] == f"upload:{Asset.objects.get(kind='upload').pk}"


def test_the_page_and_the_card_of_images_offer_it_and_those_of_clips_do_not(browser, team):
    one, three, clip = completed_images(team, 1), completed_images(team, 3), completed(team)

    pages = {each: text_of(browser.get(each.get_absolute_url())) for each in (one, three, clip)}
    cards = text_of(browser.get("/gallery/"))

    assert [address(one, position) in pages[one] for position in range(2)] == [True, False]
    assert [address(three, position) in pages[three] for position in range(4)] == [True, True, True, False]
    assert "/animate/" not in pages[clip]
    assert [f'hx-post="{address(each)}"' in cards for each in (one, three, clip)] == [True, True, False]


@pytest.mark.parametrize("make", [completed, failed])
def test_what_is_no_image_can_not_be_animated(browser, team, make):
    assert browser.post(address(make(team))).status_code == 404
    assert not Asset.objects.filter(kind="upload").exists()


def test_an_image_that_is_not_there_can_not_be_animated(browser, team):
    generation = completed_images(team, 1)
    hidden = completed_images(team, 1)
    lifecycle.hide(hidden)

    assert [browser.post(address(generation, 1)).status_code, browser.post(address(hidden)).status_code] == [404, 404]


def test_another_team_s_is_not_there(browser, other_team):  # A1
    assert browser.post(address(completed_images(other_team, 1))).status_code == 404
    assert not Asset.objects.filter(kind="upload").exists()


def test_a_viewer_may_not(viewer, team):
    assert viewer.post(address(completed_images(team, 1))).status_code == 403
    assert not Asset.objects.filter(kind="upload").exists()


def test_it_is_posted(browser, team):
    generation = completed_images(team, 1)

    assert browser.get(address(generation)).headers["Location"] == generation.get_absolute_url()
    assert Client().post(address(generation)).url.startswith("/sign/login/")
