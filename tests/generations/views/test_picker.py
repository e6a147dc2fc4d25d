"""The team's images, to choose one to start from."""

import io
import re

import pytest
from django.test import Client
from PIL import Image

from generations import lifecycle
from generations.archive.uploads import keep_upload
from generations.models import Asset, Generation
from tests.api import completed, completed_images
from tests.pages import HTMX, filled_in, queries, text_of

DOUBAO = {"model": "doubao-seedance-2.0", "task_type": "image_to_video", "aspect_ratio": "adaptive"}
FRAME = {"pick": "first_frame_url"}


def upload_of(team, colour: str = "teal") -> Asset:
    file = io.BytesIO()
    Image.new("RGB", (32, 18), colour).save(file, "PNG")
    file.seek(0)
    return keep_upload(team, file)


def output_of(generation: Generation, position: int = 0) -> Asset:
    return generation.assets.get(kind="output", position=position)


def offered(page: str) -> list[str]:
    return re.findall(r'name="picked"\s+value="first_frame_url ([0-9a-f-]{36})"', page)


def picked(asset: Asset, name: str = "first_frame_url") -> dict[str, str]:
    return {"input": name, "picked": f"{name} {asset.pk}"}


def test_uploads_and_finished_images_are_shown_the_newest_first(browser, team):
    first = upload_of(team)
    made = completed_images(team, 2, prompt="A fox, and light")
    last = upload_of(team, "red")
    completed(team)

    page = text_of(browser.get("/uploads/pick/", FRAME, headers=HTMX))

    expected = [last, output_of(made, 1), output_of(made, 0), first]
    assert offered(page) == [str(each.pk) for each in expected]
    assert 'alt="A fox, and light"' in page
    assert f'src="/media/{made.assets.get(kind="poster", position=1).pk}' in page
    assert f'src="/media/{first.pk}' in page
    assert 'hx-target="#first_frames"' in page
    assert "<html" not in page


def test_the_same_picture_is_shown_once(browser, team):
    upload_of(team)
    again = upload_of(team)
    made = output_of(completed_images(team, 1))
    browser.post("/uploads/", picked(made), headers=HTMX)

    page = text_of(browser.get("/uploads/pick/", FRAME, headers=HTMX))

    assert offered(page) == [str(Asset.objects.get(kind="upload", path=made.path).pk), str(again.pk)]


def test_what_was_deleted_and_what_is_another_team_s_is_not_shown(browser, team, other_team):  # A1
    lifecycle.hide(completed_images(team, 1))
    upload_of(other_team)
    completed_images(other_team, 1)

    page = text_of(browser.get("/uploads/pick/", FRAME, headers=HTMX))

    assert offered(page) == []
    assert "No images yet" in page
    assert 'href="/create/?task_type=text_to_image"' in page


def test_they_come_by_the_page_and_none_twice(browser, team):
    for number in range(30):
        upload_of(team, f"#0000{number:02x}")

    first = text_of(browser.get("/uploads/pick/", FRAME, headers=HTMX))
    more = re.search(r'hx-get="([^"]+)"', first)[1].replace("&amp;", "&")
    second = text_of(browser.get(more, headers=HTMX))

    assert (len(offered(first)), len(offered(second))) == (24, 6)
    assert len({*offered(first), *offered(second)}) == 30
    assert "hx-get" not in second
    assert "No images yet" not in second


def test_it_asks_as_much_for_one_as_for_three(browser, team):
    completed_images(team, 1)
    with queries(6):  # session, user, team, images, posters, how many are in progress
        browser.get("/uploads/pick/", FRAME, headers=HTMX)
    completed_images(team, 3)

    with queries(6):
        browser.get("/uploads/pick/", FRAME, headers=HTMX)


def test_an_upload_that_is_chosen_is_put_into_the_input(browser, team):
    asset = upload_of(team)

    fragment = text_of(browser.post("/uploads/", picked(asset), headers=HTMX))

    assert f'name="first_frame_url" value="upload:{asset.pk}"' in fragment
    assert Asset.objects.count() == 1


def test_a_finished_image_that_is_chosen_becomes_an_upload_of_the_same_file(browser, team):
    output = output_of(completed_images(team, 1))

    for _ in range(2):
        fragment = text_of(browser.post("/uploads/", picked(output), headers=HTMX))

    upload = Asset.objects.get(kind="upload")
    assert f'name="first_frame_url" value="upload:{upload.pk}"' in fragment
    assert (upload.path, upload.sha256, upload.size_bytes) == (output.path, output.sha256, output.size_bytes)
    assert (upload.width, upload.height, upload.content_type) == (1024, 1024, "image/png")


@pytest.mark.parametrize("what", ["another team's", "deleted", "a clip", "nothing"])
def test_what_can_not_be_chosen_is_refused_beside_the_input(browser, team, other_team, what):  # A2
    made = completed_images(other_team if what == "another team's" else team, 1)
    asset = output_of(completed(team) if what == "a clip" else made)
    if what == "deleted":
        lifecycle.hide(made)
    if what == "nothing":
        Asset.objects.filter(pk=asset.pk).delete()

    response = browser.post("/uploads/", picked(asset), headers=HTMX)

    assert (response.status_code, response.headers["HX-Retarget"]) == (422, "#first_frame-errors")
    assert "This image is no longer there." in text_of(response)
    assert not Asset.objects.filter(kind="upload").exists()


def test_what_is_chosen_for_another_input_or_no_image_is_left_out(browser, team):
    asset = upload_of(team)

    for given in (
        {"input": "last_frame_url", "picked": f"first_frame_url {asset.pk}"},
        {"input": "video_urls", "picked": f"video_urls {asset.pk}"},
        {"input": "first_frame_url", "picked": "first_frame_url junk"},
    ):
        assert "upload:" not in text_of(browser.post("/uploads/", given, headers=HTMX))


def test_without_javascript_the_page_holds_what_was_filled_in_and_gives_it_back_with_the_choice(browser, team):
    output = output_of(completed_images(team, 1))
    given = filled_in(**DOUBAO, shown_model=DOUBAO["model"], prompt="Kept as typed", retry_of="x", variations="2")
    given |= {"image_urls": "https://example.com/a.png", "last_frame_url-link": "https://example.com/typed.png"}

    page = text_of(browser.post("/uploads/pick/", {**given, **FRAME}))
    held = dict(re.findall(r'<input type="hidden" name="([\w-]+)" value="([^"]*)"', page))
    back = browser.post("/create/quote/", {**held, "picked": f"first_frame_url {output.pk}"})

    assert "<html" in page
    assert "Choose one for: First frame" in page
    form = back.context["form"]
    upload = Asset.objects.get(kind="upload")
    assert form["prompt"].value() == "Kept as typed"
    assert form["first_frame_url"].value() == [f"upload:{upload.pk}"]
    assert form["last_frame_url"].value() == ["https://example.com/typed.png"]
    assert form["image_urls"].value() == ["https://example.com/a.png"]
    assert (form["variations"].value(), form["retry_of"].value()) == ("2", "x")
    assert form["form_key"].value() != given["form_key"]


def test_without_javascript_there_is_a_next_page_too(browser, team):
    for number in range(25):
        upload_of(team, f"#0000{number:02x}")

    first = text_of(browser.post("/uploads/pick/", {**filled_in(**DOUBAO), **FRAME}))
    before = re.search(r'name="before"\s+value="([^"]+)"', first)[1]
    second = text_of(browser.post("/uploads/pick/", {**filled_in(**DOUBAO), **FRAME, "before": before}))

    assert (len(offered(first)), len(offered(second))) == (24, 1)


def test_a_file_that_came_along_is_not_lost_on_the_way(browser, team):
    file = io.BytesIO()
    Image.new("RGB", (32, 18)).save(file, "PNG")
    file.seek(0)
    file.name = "a.png"

    page = text_of(browser.post("/uploads/pick/", {**filled_in(**DOUBAO), **FRAME, "last_frame_url-file": file}))

    assert f'name="last_frame_url" value="upload:{Asset.objects.get(kind="upload").pk}"' in page


def test_looked_at_by_its_address_it_leads_to_image_to_video(browser, team):
    page = text_of(browser.get("/uploads/pick/?pick=junk"))

    assert '<input type="hidden" name="task_type" value="image_to_video">' in page


def test_a_hostile_prompt_is_the_name_of_a_picture_and_no_more(browser, team):  # B1
    completed_images(team, 1, prompt='"><script>alert(1)</script>')

    assert "<script>alert" not in text_of(browser.get("/uploads/pick/", FRAME, headers=HTMX))


def test_a_viewer_may_not_choose(viewer, team):
    output = output_of(completed_images(team, 1))

    statuses = [viewer.get("/uploads/pick/").status_code, viewer.post("/uploads/", picked(output)).status_code]

    assert statuses == [403, 403]
    assert not Asset.objects.filter(kind="upload").exists()


def test_a_stranger_is_led_to_the_sign_in(db):
    assert Client().get("/uploads/pick/").url == "/sign/login/?next=/uploads/pick/"


def test_other_methods_are_refused(browser):
    assert browser.put("/uploads/pick/").status_code == 405
