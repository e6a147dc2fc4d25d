"""Tags of a clip and of the team, in a real browser."""

import json

import pytest
from django.utils.translation import gettext
from playwright.sync_api import expect

from generations import tag_words
from tests.browser.people import Person
from tests.browser.visits import LANGUAGES, Visit

PROMPT = "A heron, over reeds"
HOSTILE = "<img src=x onerror=alert(1)>"
TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
PHONE = {"width": 390, "height": 844}
# As a reading of a clip is kept. Images are never read, so nothing comes in between.
READ = """
from generations import tags
from generations.models import Generation
from generations.providers.embedding import MachineTag
for one in Generation.objects.filter(team_id={team!r}):
    tags.keep_read(one, [MachineTag(*each) for each in {read}])
"""


@pytest.fixture
def maker(visit, language, person) -> Visit:
    return with_an_image(visit(person=person, locale=LANGUAGES[language]))


def with_an_image(maker: Visit) -> Visit:
    """On the page of a finished one."""
    maker.open(f"/create/?task_type=text_to_image&model=seedream-3.0&prompt={PROMPT}")
    maker.page.locator("#generate").click()
    maker.page.wait_for_url("**/gallery/")
    maker.expect_status(PROMPT, "completed")
    maker.card(PROMPT).locator(".cover").click()
    maker.page.wait_for_url("**/generations/*/")  # and its scripts: before them a form is sent as without any
    return maker


def have_read(maker: Visit, person: Person, *read: tuple[str, str]) -> None:
    maker.stack.manage("shell", "-c", READ.format(team=person.team_id, read=json.dumps(read)))
    maker.page.reload()


def test_a_member_adds_and_removes_tags_with_the_keyboard_alone(maker):
    page, given = maker.page, maker.page.locator("#given-tags .tag")
    page.locator("#tag-name").focus()

    page.keyboard.type("neon")
    maker.press("Enter")
    expect(given).to_have_count(1)
    expect(page.locator("#tag-name")).to_be_focused()
    expect(page.locator("#tag-name")).to_have_value("")
    page.keyboard.type("雨夜")
    maker.press("Enter")
    expect(given).to_have_count(2)
    maker.tab_to(page.locator("#given-tags button").first)
    maker.press("Enter")
    expect(page.locator("#put-back")).to_be_focused()
    expect(given).to_have_count(1)
    maker.press("Enter")

    expect(given).to_have_text(["neon", "雨夜"])
    page.reload()
    expect(given).to_have_text(["neon", "雨夜"])


def test_a_wrong_tag_is_said_where_it_was_typed_and_nothing_is_lost(maker):
    page = maker.page
    page.locator("#tag-name").fill("字" * 41)
    page.locator("#tag-name").press("Enter")

    expect(page.locator("#tag-refusal")).to_contain_text("40")
    expect(page.locator("#tag-name")).to_have_value("字" * 41)
    expect(page.locator("#tag-name")).to_be_focused()
    maker.expected("422")


def test_what_was_read_off_it_is_in_the_reader_s_language_and_taken_away_and_put_back(maker, person):
    page, read = maker.page, maker.page.locator(".read-tags")
    label = tag_words.label("camera_movement", "pan_left")
    have_read(maker, person, ("camera_movement", "pan_left"), ("shot_size", "close_up"))
    expect(read).to_contain_text(label)
    expect(read).to_contain_text(str(tag_words.KINDS["camera_movement"]))

    page.locator(".read-tags .tag").filter(has_text=label).locator("button").click()
    expect(read).not_to_contain_text(label)
    have_read(maker, person, ("camera_movement", "pan_left"), ("shot_size", "close_up"))
    expect(read).not_to_contain_text(label)
    page.locator("#rejected-tags summary").click()
    page.locator("#rejected-tags button").click()

    expect(read).to_contain_text(label)
    expect(page.locator("#rejected-tags")).to_have_count(0)
    expect(page.locator("#tag-name")).to_be_focused()


def test_a_tag_leads_to_all_that_has_it_and_the_gallery_to_all_tags(maker):
    page = maker.page
    page.locator("#tag-name").fill("neon & rain/夜?")
    page.locator("#tag-add").click()

    page.locator("#given-tags a").click()
    maker.arrive("/gallery/")
    expect(maker.card(PROMPT)).to_be_visible()
    page.locator("#all-tags").click()
    maker.arrive("/tags/")
    page.locator(".tags a").click()

    maker.arrive("/gallery/")
    expect(maker.card(PROMPT)).to_be_visible()


def test_all_tags_are_searched_as_one_types_on_a_phone_too(maker, person):
    page = maker.page
    have_read(maker, person, ("shot_size", "close_up"), ("", "a-" * 20))
    page.locator("#tag-name").fill(HOSTILE)
    page.locator("#tag-name").press("Enter")
    expect(page.locator("#given-tags .tag")).to_have_text([HOSTILE])
    page.set_viewport_size(PHONE)
    assert not page.evaluate(TOO_WIDE)

    maker.open("/tags/")
    expect(page.locator(".tag")).to_have_count(3)
    assert not page.evaluate(TOO_WIDE)
    page.locator("main [type=search]").press_sequentially(tag_words.label("shot_size", "close_up")[:2])
    expect(page.locator(".tag")).to_have_count(1)
    expect(page.locator("#found-says")).to_contain_text("1")
    page.locator("main [type=search]").fill("zebra")

    expect(page.locator(".empty h2")).to_have_text(gettext("No tag begins so"))
    page.locator(".empty a").click()
    expect(page.locator(".tag")).to_have_count(3)


def test_members_words_are_suggested(visit, person):
    maker = with_an_image(visit(person=person))
    page = maker.page
    page.locator("#tag-name").fill("neon")
    page.locator("#tag-name").press("Enter")
    expect(page.locator("#given-tags .tag")).to_have_count(1)
    page.reload()

    page.locator("#tag-name").focus()

    expect(page.locator("#tag-names option")).to_have_count(1)
    assert page.locator("#tag-names option").get_attribute("value") == "neon"


def test_without_javascript_tags_are_added_found_and_removed(visit, person):
    with_an_image(visit(person=person))
    maker = visit(person=person, java_script_enabled=False)
    page = maker.page
    maker.open("/gallery/")
    maker.card(PROMPT).locator(".cover").click()

    page.locator("#tag-name").fill("neon")
    page.locator("#tag-add").click()
    maker.notice("The tag is added.")
    maker.open("/tags/")
    page.locator("main [type=search]").fill("ne")
    page.locator("main [type=search]").press("Enter")
    page.locator(".tags a").click()
    maker.card(PROMPT).locator(".cover").click()
    page.locator("#given-tags button").click()

    maker.notice("The tag is removed.")
    expect(page.locator("#given-tags")).to_have_count(0)


def test_an_operator_sees_the_indexes_and_how_far_they_are(visit, person, language, running_stack):
    change = f"User.objects.filter(email={person.email!r}).update(is_staff=True, is_superuser=True)"
    running_stack.manage("shell", "-c", f"from accounts.models import User; {change}")
    operator = visit(person=person, locale=LANGUAGES[language])

    operator.open("/operator/generations/searchindex/")
    page = operator.page
    expect(page.locator("#result_list progress")).not_to_have_count(0)
    expect(page.locator("#result_list")).to_contain_text("seeknetic")
    page.locator("#result_list tbody th a").first.click()

    expect(page.locator("#content progress")).to_be_visible()
