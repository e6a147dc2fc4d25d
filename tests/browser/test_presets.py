"""Presets, variations and advice, in a real browser."""

import pytest
from playwright.sync_api import expect

from tests.browser.visits import LANGUAGES, Visit

TEXT = "a lantern close to the water"


@pytest.fixture
def maker(visit, language, person) -> Visit:
    return visit(person=person, locale=LANGUAGES[language])


def save(maker: Visit, name: str, text: str) -> None:
    maker.open("/create/presets/new/")
    maker.page.locator("[name=name]").fill(name)
    maker.page.locator("[name=text]").fill(text)
    maker.page.locator("[name=name]").press("Enter")
    maker.arrive("/create/presets/")


def test_what_was_typed_is_kept_and_put_where_the_cursor_is(maker):
    page, prompt = maker.page, maker.page.locator("[name=prompt]")
    maker.open("/create/")
    prompt.fill(TEXT)

    page.locator("[data-dialog=save-preset]").click()
    expect(page.locator("#preset-form [name=text]")).to_have_value(TEXT)
    page.locator("#preset-form [name=name]").fill("Lantern")
    page.locator("#preset-form [type=submit]").click()
    page.locator("#save-preset button[data-close]").click()
    expect(page.locator("#save-preset")).to_be_hidden()
    assert prompt.input_value() == TEXT

    prompt.fill("Dusk, and rain")
    prompt.evaluate("field => field.setSelectionRange(5, 5)")
    page.locator("[data-dialog=presets]").click()
    page.locator("[data-preset]").click()

    expect(page.locator("#presets")).to_be_hidden()
    assert prompt.input_value() == f"Dusk, {TEXT} and rain"
    assert page.locator("#prompt-count [data-count]").inner_text() == str(len(f"Dusk, {TEXT} and rain"))
    assert page.evaluate("document.activeElement.name") == "prompt"
    page.reload()
    assert prompt.input_value() == f"Dusk, {TEXT} and rain"


def test_keys_pressed_in_a_dialog_send_nothing_that_is_behind_it(visit, person):
    maker = visit(person=person)
    maker.open("/create/")
    maker.page.locator("[name=prompt]").fill(TEXT)
    maker.page.locator("[data-dialog=save-preset]").click()
    maker.page.locator("#preset-form [name=name]").fill("Lantern")

    maker.page.locator("#preset-form [name=text]").press("Control+Enter")

    maker.page.wait_for_timeout(500)
    assert maker.page.url.endswith("/create/")
    assert maker.page.locator("#preset-form [name=name]").input_value() == "Lantern"
    maker.open("/gallery/")
    assert maker.page.locator("article").count() == 0


def test_what_is_selected_is_not_overwritten_and_an_untouched_prompt_is_added_to(visit, person):
    maker = visit(person=person)
    save(maker, "Lantern", TEXT)
    page, prompt = maker.page, maker.page.locator("[name=prompt]")

    maker.open("/create/?prompt=Dusk")
    page.locator("[data-dialog=presets]").click()
    page.locator("[data-preset]").click()
    added = prompt.input_value()
    prompt.select_text()
    page.locator("[data-dialog=presets]").click()
    page.locator("[data-preset]").click()

    assert added == f"Dusk {TEXT}"
    assert prompt.input_value() == f"Dusk {TEXT} {TEXT}"


def test_a_name_that_is_taken_is_said_in_the_dialog_and_nothing_typed_is_lost(visit, person):
    maker = visit(person=person)
    save(maker, "Lantern", TEXT)
    maker.open("/create/?prompt=Another")
    page = maker.page

    page.locator("[data-dialog=save-preset]").click()
    page.locator("#preset-form [name=name]").fill("Lantern")
    page.locator("#preset-form [name=name]").press("Enter")

    expect(page.locator("#preset-form .errorlist")).to_have_text("Your team has a preset of this name. Choose another.")
    page.locator("#preset-form [data-close]").click()
    expect(page.locator("#save-preset")).to_be_hidden()
    assert page.locator("[name=prompt]").input_value() == "Another"
    maker.expected("422")


def test_presets_are_changed_and_deleted_on_their_page(maker):
    save(maker, "Lantern", TEXT)
    page = maker.page

    page.locator(".presets .row a").nth(1).click()
    page.locator("[name=text]").fill("Two lanterns")
    page.locator("#preset-form [type=submit]").click()
    maker.arrive("/create/presets/")
    expect(page.locator(".preset-text")).to_have_text("Two lanterns")
    page.locator(".presets .row a").nth(1).click()
    page.locator("form[data-confirm] button").click()
    page.locator("dialog[open] button[value=confirm]").click()

    maker.arrive("/create/presets/")
    expect(page.locator(".presets")).to_have_count(0)
    expect(page.locator(".empty")).to_be_visible()


def test_without_javascript_a_preset_is_saved_and_used(visit, person):
    maker = visit(person=person, java_script_enabled=False)
    page = maker.page
    maker.open("/create/")

    page.locator("[name=prompt]").fill(TEXT)
    page.locator("[data-dialog=save-preset]").click()
    page.locator("[name=name]").fill("Lantern")
    page.locator("#preset-form [type=submit]").click()
    maker.arrive("/create/presets/")
    page.locator(".presets .row a").first.click()

    assert page.locator("[name=prompt]").input_value() == TEXT


def test_variations_are_priced_made_together_and_lead_to_each_other(maker):
    page = maker.page
    maker.open("/create/")
    page.locator("[name=prompt]").fill("A gate, and light behind it")
    maker.choose(variations="3")
    expect(page.locator("#total")).to_have_text("45")

    page.locator("#generate").click()
    page.wait_for_url("**/gallery/")

    cards = maker.card("A gate, and light behind it")
    expect(cards).to_have_count(3)
    expect(page.locator("article[data-status=completed]")).to_have_count(3)
    cards.first.locator(".cover").click()
    expect(page.locator("#variations a")).to_have_count(2)
    expect(page.locator("#variations img")).to_have_count(2)
    page.locator("#variations a").first.click()
    expect(page.locator("#variations a")).to_have_count(2)


def test_advice_follows_what_is_typed_chosen_and_given(maker, language):
    page = maker.page
    maker.open("/create/?task_type=image_to_video&model=doubao-seedance-2.0")
    advice = page.locator("#advice [data-advice]")

    page.locator("[name=prompt]").fill("一只狐狸" if language == "zh-hans" else "A fox")
    page.locator("[name=prompt]").press("Tab")
    expect(page.locator("[data-advice=short_prompt]")).to_be_visible()
    page.locator("[name=prompt]").fill(
        "一只黄铜狐狸缓缓转头" if language == "zh-hans" else "A fox of brass turns its head"
    )
    page.locator("[name=prompt]").press("Tab")
    expect(advice).to_have_count(0)
    page.locator("#last_frame-link").fill("https://example.com/fox.png")
    page.locator("#last_frame-link").press("Tab")
    expect(page.locator("[data-advice=last_frame_without_first]")).to_be_visible()
    page.locator("#last_frames [data-remove]").click()
    expect(advice).to_have_count(0)
    page.locator("[name=duration]").select_option("-1")

    expect(page.locator("[data-advice=automatic_duration]")).to_be_visible()
    expect(page.locator("#generate")).to_be_enabled()


def test_what_failed_is_edited_and_tried_again_and_each_leads_to_the_other(maker):
    page, prompt = maker.page, "A gate [[fault:fail=Content policy violation]]"
    maker.open("/create/")
    page.locator("[name=prompt]").fill(prompt)
    page.locator("#generate").click()
    page.wait_for_url("**/gallery/")
    maker.expect_status(prompt, "failed")
    maker.card(prompt).locator(".cover").click()
    expect(page.locator("#actions .primary")).to_contain_text("15")

    page.locator("#actions a.only-member").click()
    page.locator("[name=prompt]").fill("A gate, and no offence")
    page.locator("#generate").click()
    page.wait_for_url("**/gallery/")
    maker.card("A gate, and no offence").locator(".cover").click()
    page.locator(".params a.link").click()

    expect(page.locator("#retries a")).to_have_count(1)
