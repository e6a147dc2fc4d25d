"""The create form of every kind in a real browser: tabs, what a change of model keeps, inputs, keys, small screens."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils.translation import gettext
from PIL import Image
from playwright.sync_api import expect

from tests.browser.visits import LANGUAGES, Visit

DOUBAO = "doubao-seedance-2.0"
FAILS = "[[fault:fail=Content policy violation]]"
FORMS = [
    "/create/?task_type=text_to_video&model=seedance-2.0-hd",
    f"/create/?task_type=image_to_video&model={DOUBAO}&watermark=true",
    "/create/?task_type=text_to_image&model=seedream-5.0&seed=7",
]


@pytest.fixture
def maker(visit, language) -> Visit:
    return visit(locale=LANGUAGES[language])


@pytest.fixture
def picture(tmp_path):
    Image.new("RGB", (320, 180), "teal").save(tmp_path / "fox.png")
    return tmp_path / "fox.png"


def take_model(maker: Visit, slug: str) -> None:
    maker.page.locator("[name=model]").focus()
    maker.page.locator("[name=model]").select_option(slug)
    expect(maker.page.locator("[name=shown_model]")).to_have_value(slug)


def test_each_tab_has_its_own_controls_and_the_prompt_stays(maker, language):
    maker.open("/create/")
    maker.page.locator("[name=prompt]").fill("A gate")

    controls = {"image_to_video": "#images", "text_to_image": "[name=seed]", "text_to_video": "[name=fps]"}
    for tab, control in controls.items():
        maker.page.locator(f"#tab-{tab}").click()
        expect(maker.page.locator(f"#tab-{tab}")).to_have_attribute("aria-current", "page")
        if tab == "text_to_video":
            take_model(maker, "seedance-2.0-hd")
        expect(maker.page.locator(control).first).to_be_attached()
        assert maker.page.locator("[name=prompt]").input_value() == "A gate"

    assert maker.page.locator("[data-input]").count() == 0
    words = maker.page.locator("#controls").inner_text()
    assert bool(re.search(r"[一-鿿]", words)) is (language == "zh-hans")


def test_another_model_keeps_what_fits_and_says_what_it_changed(visit):
    maker = visit()
    maker.open(f"/create/?model={DOUBAO}")
    maker.page.locator("[name=prompt]").fill("A gate")
    maker.page.locator("[name=duration]").select_option("7")
    maker.choose(aspect_ratio="9:16", generate_audio="false")
    expect(maker.page.locator("#price")).to_contain_text("7 s × 10")

    take_model(maker, "seedance-2.0")

    expect(maker.page.locator("#changes")).to_have_text("Seedance 2.0 makes 5 or 10 s: duration is now 5 s.")
    expect(maker.page.locator("#changes")).to_have_attribute("aria-live", "polite")
    expect(maker.page.locator("#total")).to_have_text("30")
    expect(maker.page.locator("[name=aspect_ratio]:checked")).to_have_value("9:16")
    assert maker.page.locator("[name=prompt]").input_value() == "A gate"
    assert maker.page.evaluate("document.activeElement.name") == "model"


def test_a_prompt_too_long_for_another_model_is_marked_at_once(visit):
    maker = visit()
    maker.open("/create/")
    maker.page.locator("[name=prompt]").fill("x" * 301)

    take_model(maker, "seedance-1.0")

    expect(maker.page.locator("#prompt-count")).to_have_class(re.compile(r"\bover\b"))
    expect(maker.page.locator("#prompt-count")).to_contain_text("301 / 300")
    expect(maker.page.locator("#changes")).to_contain_text("1 character too long")


def test_a_single_input_takes_one_by_upload_or_by_link_and_lists_take_more(visit, picture):
    maker = visit()
    maker.open(f"/create/?task_type=image_to_video&model={DOUBAO}")
    page = maker.page

    page.locator("[name=first_frame_url-file]").set_input_files(picture)
    expect(page.locator("#first_frames img")).to_be_visible()
    page.locator("#first_frame-link").fill("https://example.com/fox.png")
    page.locator("#first_frame-link").press("Tab")
    expect(page.locator("#first_frames li")).to_have_text("https://example.com/fox.png")
    page.locator("#images ~ .drop input").set_input_files([picture, picture])
    expect(page.locator("#images img")).to_have_count(2)

    assert page.locator("[name=first_frame_url]").count() == 1
    page.locator("#advanced summary").click()
    page.locator("#video-link").fill("ftp://example.com/a.mp4")
    page.locator("[data-input=video] [data-add]").click()
    expect(page.locator("#video-errors")).to_contain_text("A link must be a public http or https address.")
    maker.expected("422")


def test_a_pasted_image_goes_where_the_focus_is(visit):
    maker = visit()
    maker.open(f"/create/?task_type=image_to_video&model={DOUBAO}")

    maker.page.locator("#last_frame-link").focus()
    maker.page.evaluate(
        """async () => {
          const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 36 });
          const blob = await new Promise((done) => canvas.toBlob(done));
          const clipboardData = new DataTransfer();
          clipboardData.items.add(new File([blob], "pasted.png", { type: "image/png" }));
          document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
        }"""
    )

    expect(maker.page.locator("#last_frames img")).to_be_visible()
    assert maker.page.locator("#images img").count() == 0


def test_cells_of_a_table_are_pasted_as_the_text_that_they_are(visit):
    """They come with a picture of themselves."""
    maker = visit()
    maker.open(f"/create/?task_type=image_to_video&model={DOUBAO}")

    maker.page.locator("[name=prompt]").focus()
    is_left_to_the_browser = maker.page.evaluate(
        """() => {
          const clipboardData = new DataTransfer();
          clipboardData.setData("text/plain", "A gate");
          clipboardData.items.add(new File(["picture"], "cells.png", { type: "image/png" }));
          const paste = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
          return document.activeElement.dispatchEvent(paste);
        }"""
    )

    assert is_left_to_the_browser
    assert maker.page.locator("#images-errors li, #image-errors li").count() == 0


def test_what_is_wrong_is_said_beside_each_field_in_the_readers_language(maker):
    maker.open("/create/?task_type=text_to_image")
    maker.page.locator("#advanced summary").click()
    maker.page.locator("[name=style]").fill("y" * 41)

    maker.page.locator("#generate").click()

    told = gettext("Describe what the image should show.")
    expect(maker.page.locator("#create-prompt + .errorlist")).to_have_text(told)
    expect(maker.page.locator("#create-style ~ .errorlist")).to_be_visible()
    maker.expected("422")


def test_an_image_set_is_asked_for_with_the_keyboard_alone(visit):
    maker = visit()
    maker.open("/create/")
    page = maker.page

    maker.tab_to(page.locator("#tab-text_to_image"))
    maker.press("Enter")
    expect(page.locator("[name=task_type]")).to_have_value("text_to_image")
    maker.tab_to(page.locator("[name=prompt]"))
    page.keyboard.type(f"keyboard {FAILS}")
    maker.tab_to(page.locator("[name=count]:checked"))
    maker.press("ArrowRight", "ArrowRight")
    expect(page.locator("#price")).to_contain_text("3 images × 2")
    maker.tab_to(page.locator("#advanced summary"))
    maker.press("Enter")
    maker.tab_to(page.locator("[name=seed]"))
    page.keyboard.type("7")
    maker.press("Enter")

    page.wait_for_url("**/gallery/")
    expect(maker.card(f"keyboard {FAILS}")).to_have_count(1)


def test_without_javascript_the_model_can_be_changed_and_what_was_typed_stays(visit):
    maker = visit(java_script_enabled=False)
    maker.open("/create/")
    page = maker.page

    page.locator("[name=prompt]").fill(f"plain model {FAILS}")
    page.locator("#tab-text_to_image").click()
    expect(page.locator("[name=shown_model]")).to_have_value("seedream-3.0")
    page.locator("[name=model]").select_option("seedream-5.0")
    page.get_by_role("button", name="Update choices and price").click()
    expect(page.locator("[name=shown_model]")).to_have_value("seedream-5.0")
    assert page.locator("[name=prompt]").input_value() == f"plain model {FAILS}"
    expect(page.locator("#total")).to_have_text("4")
    page.locator("#generate").click()

    page.wait_for_url("**/gallery/")
    assert maker.card(f"plain model {FAILS}").count() == 1


@pytest.mark.parametrize("path", FORMS)
def test_a_phone_shows_each_form_in_its_width(visit, path):
    maker = visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)

    maker.open(path)

    assert maker.page.locator("#advanced:not([open])").count() == 0
    assert maker.page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", FORMS)
def test_no_form_stands_in_the_way_of_anybody(visit, path, scheme):
    maker = visit(color_scheme=scheme, reduced_motion="reduce")
    maker.open(path)

    found = Axe().run(maker.page)

    assert found.violations_count == 0, found.generate_report()
