"""What a clip starts from: images dropped, uploaded with their progress, and chosen from those of the team."""

import re

import pytest
from PIL import Image
from playwright.sync_api import CDPSession, Locator, expect

from tests.browser.visits import LANGUAGES, Visit

IMAGE_TO_VIDEO = "/create/?task_type=image_to_video&model=doubao-seedance-2.0"
PROMPT = "A fox of brass, seen from the side"
SLOW = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 200_000}


@pytest.fixture
def picture(tmp_path):
    Image.new("RGB", (320, 180), "teal").save(tmp_path / "fox.png")
    return tmp_path / "fox.png"


def middle_of(place: Locator) -> dict[str, float]:
    place.scroll_into_view_if_needed()
    box = place.bounding_box()
    assert box
    return {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}


def drop(session: CDPSession, path, place: Locator) -> None:
    """As a file manager does."""
    data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    for step in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": step, **middle_of(place), "data": data})


def make_image(maker: Visit) -> None:
    maker.open("/create/?task_type=text_to_image&model=seedream-3.0")
    maker.page.locator("[name=prompt]").fill(PROMPT)
    maker.page.locator("#generate").click()
    maker.page.wait_for_url("**/gallery/")
    maker.expect_status(PROMPT, "completed")


def test_a_dropped_image_goes_to_the_input_under_it_or_the_first_one(visit, picture):
    maker = visit()
    maker.open(IMAGE_TO_VIDEO)
    page, session = maker.page, maker.context.new_cdp_session(maker.page)

    drop(session, picture, page.locator("#last_frames ~ .drop"))
    expect(page.locator("#last_frames img")).to_be_visible()
    drop(session, picture, page.locator("[name=prompt]"))

    expect(page.locator("#images img")).to_be_visible()
    assert page.locator("#last_frames img").count() == 1
    assert page.url.endswith(IMAGE_TO_VIDEO)


def test_an_upload_shows_how_far_it_is(visit, tmp_path):
    Image.effect_noise((700, 700), 90).save(tmp_path / "noise.png")
    maker = visit()
    maker.open(IMAGE_TO_VIDEO)
    session = maker.context.new_cdp_session(maker.page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", SLOW)
    bar = maker.page.locator("#first_frames ~ .drop progress")
    expect(bar).to_be_hidden()

    maker.page.locator("[name=first_frame_url-file]").set_input_files(tmp_path / "noise.png")

    expect(bar).to_be_visible()
    maker.until("document.querySelector('#first_frames ~ .drop progress').value > 20")
    assert bar.evaluate("bar => bar.value") <= 100
    expect(maker.page.locator("#first_frames img")).to_be_visible()
    expect(bar).to_be_hidden()


@pytest.mark.parametrize("language", LANGUAGES, indirect=True)
def test_an_image_is_made_animated_and_chosen_again(visit, language, person):
    maker = visit(person=person, locale=LANGUAGES[language])
    make_image(maker)
    page = maker.page

    maker.card(PROMPT).locator(".meta a.link").click()
    maker.arrive("/create/")
    expect(page.locator("#tab-image_to_video")).to_have_attribute("aria-current", "page")
    expect(page.locator("#first_frames img")).to_be_visible()
    assert page.locator("[name=prompt]").input_value() == ""
    page.locator("[name=prompt]").fill("It turns its head, slowly")
    page.locator("#generate").click()
    page.wait_for_url("**/gallery/")
    maker.expect_status("It turns its head, slowly", "completed")

    maker.open(IMAGE_TO_VIDEO)
    page.locator("[name=pick][value=face_image_url]").click()
    expect(page.locator("#picker")).to_be_visible()
    expect(page.locator("#pick-from button[name=picked]")).to_have_count(1)
    page.locator("#pick-from button[name=picked]").click()

    expect(page.locator("#face_images img")).to_be_visible()
    expect(page.locator("#picker")).to_be_hidden()
    assert re.fullmatch(r"upload:[0-9a-f-]{36}", page.locator("[name=face_image_url]").input_value())


def test_from_its_own_page_an_image_is_animated_too(visit, person):
    maker = visit(person=person)
    make_image(maker)
    maker.card(PROMPT).locator(".cover").click()

    maker.page.get_by_role("button", name="Animate").click()

    maker.arrive("/create/")
    expect(maker.page.locator("#first_frames img")).to_be_visible()


def test_without_images_the_picker_says_where_they_come_from(visit, person):
    maker = visit(person=person)
    maker.open(IMAGE_TO_VIDEO)

    maker.page.locator("[name=pick][value=first_frame_url]").click()
    expect(maker.page.locator("#picker h2").last).to_have_text("No images yet")
    maker.page.locator("#picker [data-close]").click()

    expect(maker.page.locator("#picker")).to_be_hidden()


def test_a_picture_is_chosen_with_the_keyboard_alone(visit, person, picture):
    maker = visit(person=person)
    maker.open(IMAGE_TO_VIDEO)
    page = maker.page
    page.locator("[name=first_frame_url-file]").set_input_files(picture)
    expect(page.locator("#first_frames img")).to_be_visible()

    maker.tab_to(page.locator("[name=pick][value=last_frame_url]"))
    maker.press("Enter")
    expect(page.locator("#pick-from button[name=picked]")).to_have_count(1)
    maker.tab_to(page.locator("#pick-from button[name=picked]"))
    maker.press("Enter")

    expect(page.locator("#last_frames img")).to_be_visible()


def test_without_javascript_an_image_is_chosen_and_what_was_typed_stays(visit, person, picture):
    maker = visit(person=person, java_script_enabled=False)
    maker.open(IMAGE_TO_VIDEO)
    page = maker.page

    page.locator("[name=prompt]").fill("Kept as typed")
    page.locator("[name=first_frame_url-file]").set_input_files(picture)
    page.locator("[name=pick][value=last_frame_url]").click()
    page.locator("button[name=picked]").click()

    assert page.locator("[name=prompt]").input_value() == "Kept as typed"
    expect(page.locator("#first_frames img")).to_be_visible()
    expect(page.locator("#last_frames img")).to_be_visible()
