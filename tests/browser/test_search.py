"""The search of the gallery in a real browser: typed, tapped and without a mouse, in both languages."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils.translation import gettext
from playwright.sync_api import expect

from tests.browser.visits import LANGUAGES, PATIENCE_MS, Visit
from tests.sandbox_process import wait_until

PROMPTS = {
    "en": ("A paper lantern over still water", "A steam train in the desert", "A red kite above the dunes"),
    "zh-hans": ("水面上的纸灯笼", "沙漠里的蒸汽火车", "沙丘上空的红风筝"),
}
TYPED = {"en": ("lantern", "train in the"), "zh-hans": ("灯笼", "蒸汽火车")}
SIMILAR = {
    "en": ("A paper lantern over still water", "A paper lantern drifts over the water"),
    "zh-hans": ("水面上的纸灯笼", "纸灯笼漂在水面上"),
}
FAILS = "[[fault:fail=Content policy violation]]"


def ask(stack, person, prompt: str, **given: str) -> str:
    """The id of a clip asked for by the person's program."""
    headers = {"Authorization": f"Bearer {person.api_key}"}
    answer = httpx.post(f"{stack.url}/api/v1/generations", headers=headers, json={"prompt": prompt, **given})
    answer.raise_for_status()
    return answer.json()["data"]["id"]


def titles(maker: Visit) -> list[str]:
    return maker.page.locator("#wall .cover").all_inner_texts()


def type_in(maker: Visit, text: str) -> None:
    maker.page.locator("#find-q").press_sequentially(text, delay=20)


@contextmanager
def answer(maker: Visit) -> Iterator[None]:
    """Left when what is asked for in it is shown."""
    with maker.page.expect_response("**/gallery/?*q=*"):
        yield
    maker.until("!document.getElementById('find').classList.contains('htmx-request')")


def expect_titles(maker: Visit, *expected: str) -> None:
    expect(maker.page.locator("#wall .cover")).to_have_text(list(expected))


@pytest.fixture
def maker(visit, language, person, running_stack) -> Visit:
    """Whose team has three clips, which have failed: they are found all the same."""
    for prompt in PROMPTS[language]:
        ask(running_stack, person, f"{prompt} {FAILS}")
    made = visit(person=person, locale=LANGUAGES[language])
    made.open("/gallery/")
    expect(made.page.locator("#wall [data-status=failed]")).to_have_count(3)
    return made


def test_it_finds_while_one_types_and_keeps_the_focus(maker, language):
    lantern, train, _kite = (f"{prompt} {FAILS}" for prompt in PROMPTS[language])
    maker.page.locator("#find-q").focus()
    maker.page.evaluate("window.isStillTheSame = true")

    type_in(maker, TYPED[language][0])
    expect_titles(maker, lantern)
    expect(maker.page.locator(".why li").first).to_have_text(gettext("words"))
    maker.page.wait_for_url("**/gallery/?*q=*")
    expect(maker.page.locator("#wall-says")).not_to_be_empty()
    assert maker.page.evaluate("document.activeElement.id") == "find-q"

    maker.page.locator("#find-q").fill("")
    expect(maker.page.locator("#wall .cover")).to_have_count(3)
    says = gettext("Nothing is searched for any more: the newest come first.")
    expect(maker.page.locator("#wall-says")).to_have_text(says)
    type_in(maker, TYPED[language][1])
    expect_titles(maker, train)
    assert maker.page.evaluate("window.isStillTheSame") is True

    maker.page.reload()
    expect_titles(maker, train)
    expect(maker.page.locator("#find-q")).to_have_value(TYPED[language][1])


def test_of_two_that_are_typed_fast_the_last_one_is_shown(maker, language):
    """The answer to the first one is held back until the second is there, and then comes to nothing."""
    _lantern, train, _kite = (f"{prompt} {FAILS}" for prompt in PROMPTS[language])
    first, second = TYPED[language]
    held = []

    def hold(route):
        if not held:
            held.append(route)  # never answered in time: htmx lets go of it
        else:
            route.continue_()

    maker.page.route("**/gallery/?*q=*", hold)
    maker.page.locator("#find-q").fill(first)
    maker.until("document.getElementById('find').classList.contains('htmx-request')")
    maker.page.locator("#find-q").fill(second)

    expect_titles(maker, train)
    maker.page.wait_for_timeout(500)
    expect_titles(maker, train)
    assert len(held) == 1


def test_the_keyboard_alone_searches_filters_and_opens(maker, language):
    lantern, *_ = (f"{prompt} {FAILS}" for prompt in PROMPTS[language])
    page = maker.page
    maker.tab_to(page.locator("#find-q"))
    page.keyboard.insert_text(TYPED[language][0])
    page.keyboard.press("Enter")
    expect_titles(maker, lantern)

    maker.tab_to(page.locator(".chip", has_text=gettext("Failed")))
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("#find-q")).to_have_value(TYPED[language][0])
    expect_titles(maker, lantern)
    maker.tab_to(page.locator("#wall .cover"))
    with page.expect_navigation():
        page.keyboard.press("Enter")

    expect(page.locator(".prompt-full")).to_have_text(lantern)


def test_nothing_found_says_what_to_do_and_back_goes_back(maker):
    page = maker.page
    maker.page.locator("#find-q").fill("zzzz")
    expect(page.locator(".empty h2")).to_have_text(gettext("Nothing found"))
    expect(page.locator("#wall-says")).to_have_text(gettext("Nothing found"))
    assert Axe().run(page).response["violations"] == []

    page.go_back()

    expect(page.locator("#wall .cover")).to_have_count(3)


def test_each_search_is_one_step_back_however_long_it_was_typed_at(maker, language):
    lantern, train, _kite = (f"{prompt} {FAILS}" for prompt in PROMPTS[language])
    page = maker.page
    for letter in TYPED[language][0]:
        with answer(maker):
            type_in(maker, letter)
    expect_titles(maker, lantern)
    with answer(maker):
        page.keyboard.press("Enter")
    page.locator("#find-q").fill(TYPED[language][1])
    expect_titles(maker, train)
    expect(page.locator("#wall-says")).to_contain_text("1")

    page.go_back()
    expect_titles(maker, lantern)
    page.go_back()
    expect(page.locator("#wall .cover")).to_have_count(3)


def test_what_is_composed_is_looked_for_when_it_is_done(visit, person, running_stack):
    ask(running_stack, person, f"沙漠里的蒸汽火车 {FAILS}")
    maker = visit(person=person, locale="zh-CN")
    asked = []
    maker.page.on("request", lambda request: asked.append(request.url) if "q=" in request.url else None)
    box = maker.page.locator("#find-q")
    box.focus()
    session = maker.context.new_cdp_session(maker.page)

    for composed in ("z", "zh", "zheng"):
        session.send("Input.imeSetComposition", {"text": composed, "selectionStart": 1, "selectionEnd": 1})
    maker.page.wait_for_timeout(600)
    before = list(asked)
    session.send("Input.insertText", {"text": "蒸汽"})

    expect(maker.page.locator("#wall .cover")).to_have_count(1)
    maker.until("location.search.includes('q=')")
    assert before == []
    assert len(asked) == 1


def test_new_cards_stay_out_of_what_was_found_and_shown_ones_change(visit, person, running_stack):
    maker = visit(person=person)
    slow = ask(running_stack, person, "a lantern on its way")
    maker.open("/gallery/?q=lantern")
    card = maker.page.locator(f"#generation-{slow}")
    expect(card).to_be_visible()

    new = ask(running_stack, person, "a kite, later")

    expect(card).to_have_attribute("data-status", "completed")
    maker.page.wait_for_timeout(500)
    expect(maker.page.locator(f"#generation-{new}")).to_have_count(0)
    expect(card.locator("xpath=..").locator(".why")).to_be_visible()


def test_more_is_found_like_a_card_and_like_a_picture(visit, person, running_stack, language):
    """By its words, or by its meaning as soon as the clips have been read."""
    lantern, other = SIMILAR[language]
    for prompt in (lantern, other, PROMPTS[language][2]):
        ask(running_stack, person, prompt)
    image = ask(running_stack, person, lantern, model="seedream-3.0")
    maker = visit(person=person, locale=LANGUAGES[language])
    page = maker.page
    expect(page.locator("#wall [data-status=completed]")).to_have_count(4)

    maker.card(other).hover()
    maker.card(other).locator(".like").click()
    page.wait_for_url("**/gallery/?*like=*")
    expect(page.locator("#of-like")).to_contain_text(other)
    expect(maker.card(other)).to_have_count(0)
    wait_until(lambda: page.reload() and maker.card(lantern).count(), seconds=60)
    expect(page.locator(".why li").first).to_have_text(re.compile(f"{gettext('words')}|{gettext('meaning')}"))
    page.get_by_role("link", name=gettext("By picture")).click()
    page.locator("main [name=picked]").click()
    page.wait_for_url(f"**/gallery/?like={image}")
    maker.open("/gallery/like/")
    page.locator("#like-file").set_input_files(
        {"name": "a.png", "mimeType": "image/png", "buffer": file_of(maker, image)}
    )
    page.locator("form [type=submit].primary").click()

    page.wait_for_url(f"**/gallery/?like={image}")
    expect(maker.card(lantern)).to_have_count(1)


def file_of(maker: Visit, id: str) -> bytes:
    return maker.context.request.get(f"{maker.stack.url}/generations/{id}/content/0").body()


def test_it_fits_a_phone_and_nobody_is_left_out(visit, person, running_stack, language):
    for prompt in PROMPTS[language]:
        ask(running_stack, person, f"{prompt} {FAILS}")
    maker = visit(person=person, locale=LANGUAGES[language], viewport={"width": 390, "height": 844}, has_touch=True)
    maker.open("/gallery/")
    maker.page.locator("#find-q").fill(TYPED[language][0])
    expect(maker.page.locator("#wall .cover")).to_have_count(1)

    assert maker.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert Axe().run(maker.page).response["violations"] == []
    maker.open("/gallery/like/")
    assert maker.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert Axe().run(maker.page).response["violations"] == []


def test_without_javascript_the_form_is_enough(visit, person, running_stack):
    for prompt in PROMPTS["en"]:
        ask(running_stack, person, f"{prompt} {FAILS}")
    maker = visit(person=person, java_script_enabled=False)
    maker.open("/gallery/?show=failed")
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while len(titles(maker)) < 3 and time.monotonic() < deadline:
        maker.page.reload()

    maker.page.locator("#find-q").fill("kite")
    with maker.page.expect_navigation():
        maker.page.locator("#find button").click()

    assert titles(maker) == [f"A red kite above the dunes {FAILS}"]
    assert "show=failed" in maker.page.url


def test_meaning_is_found_too_and_where_it_is_away_that_is_said(visit, person, running_stack, language):
    """The stack's own sandbox makes the vectors; then its two accounts are paused."""
    id = ask(running_stack, person, PROMPTS[language][1])
    words = {"en": "trains and deserts", "zh-hans": "火车在沙漠"}[language]
    maker = visit(person=person, locale=LANGUAGES[language])
    maker.open("/gallery/")
    expect(maker.page.locator(f"#generation-{id}")).to_have_attribute("data-status", "completed")
    meant = maker.page.locator(".why li", has_text=gettext("meaning"))
    deadline = time.monotonic() + 2 * PATIENCE_MS / 1000
    maker.open(f"/gallery/?q={words}")
    while not meant.count() and time.monotonic() < deadline:
        maker.page.wait_for_timeout(500)
        maker.page.reload()
    assert meant.count() == 1

    for label in ("sandbox-seeknetic", "sandbox-scnet"):
        running_stack.manage("provider", "pause", label)
    try:
        # A text that nobody has asked for before: the vectors of those are kept.
        maker.page.locator("#find-q").fill(f"{TYPED[language][1]} 4711")
        says = gettext("Search by meaning is not available right now: these are found by words.")
        expect(maker.page.locator("#results .notice")).to_have_text(says)
        expect(maker.page.locator("#wall .cover")).to_have_count(1)
    finally:
        for label in ("sandbox-seeknetic", "sandbox-scnet"):
            running_stack.manage("provider", "resume", label)
