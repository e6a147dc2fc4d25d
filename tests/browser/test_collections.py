"""Collections in a real browser: selecting, ordering, sharing with somebody who has no account."""

import re
import zipfile
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils.translation import gettext
from playwright.sync_api import Locator, expect

from tests.browser.furnishing_collections import add_clips, expire_links
from tests.browser.visits import LANGUAGES, Visit

CARDS = "#wall article.frame"
ITEMS = "#wall li.item"


@pytest.fixture
def maker(visit, running_stack, person) -> Visit:
    add_clips(running_stack, person, 5)
    return visit(person=person)


def select(maker: Visit, *numbers: int) -> None:
    """On the wall as it is, counted from 0."""
    maker.page.locator("#select").click()
    for number in numbers:
        maker.page.locator(f"{CARDS} input.pick").nth(number).click()


def add_to_new(maker: Visit, name: str) -> None:
    page = maker.page
    page.locator("#collect-bar .primary").click()
    page.locator("#collect-form [name=name]").fill(name)
    page.locator("#collect-form [name=name]").press("Enter")
    page.locator("#collect-body [role=status]").wait_for()


def open_added(maker: Visit) -> None:
    """Go on from the dialog to what was added to, and wait until its scripts are there."""
    maker.page.locator("#collect-body a.button").click()
    maker.page.wait_for_url("**/collections/*/")


def collected(maker: Visit, name: str = "Harbour", *numbers: int) -> None:
    """Select these, or the first three, make a collection of them, and open it."""
    maker.open("/gallery/")
    select(maker, *(numbers or (0, 1, 2)))
    add_to_new(maker, name)
    open_added(maker)


def order(maker: Visit) -> list[str]:
    return [each[-1] for each in maker.page.locator(f"{ITEMS} .cover").all_inner_texts()]


def arrow(maker: Visit, title: str, to: str) -> Locator:
    return maker.page.locator(ITEMS).filter(has_text=title).locator(f"button[value={to}]")


@pytest.mark.parametrize("language", LANGUAGES, indirect=True)
def test_what_is_selected_with_shift_becomes_a_collection(visit, language, running_stack, person):
    add_clips(running_stack, person, 5)
    maker = visit(person=person, locale=LANGUAGES[language])
    page = maker.page
    expect(page.locator("#collect-bar")).to_be_hidden()

    page.locator("#select").click()
    page.locator(CARDS).nth(1).click()
    page.locator(CARDS).nth(3).click(modifiers=["Shift"])
    expect(page.locator("[data-count]")).to_have_text(gettext("{count} selected").replace("{count}", "3"))
    assert page.url.endswith("/gallery/")
    add_to_new(maker, "灯笼 <b>")
    expect(page.locator("#collect-bar")).to_be_hidden()
    page.locator("#collect-body [data-close]").click()
    expect(page.locator("#select")).to_be_focused()
    maker.open("/collections/")
    expect(page.locator(".shelf")).to_have_count(1)
    expect(page.locator(".shelf img")).to_have_js_property("naturalWidth", 320)
    page.locator(".shelf .cover").click()

    expect(page.locator("h1")).to_have_text("灯笼 <b>")
    assert order(maker) == ["4", "3", "2"]
    assert page.locator("html").get_attribute("lang") == language


def test_all_that_is_shown_is_selected_at_once(maker):
    page = maker.page
    page.locator("#select").click()

    page.locator("#select-all").click()

    expect(page.locator("input.pick:checked")).to_have_count(5)
    expect(page.locator("[data-count]")).to_have_text("5 selected")


def test_selecting_works_by_keyboard_alone_and_ends_with_escape(maker):
    page = maker.page
    maker.tab_to(page.locator("#select"))
    maker.press("Enter")
    maker.tab_to(page.locator("input.pick").first)
    maker.press("Space")
    expect(page.locator("input.pick").first).to_be_checked()
    maker.tab_to(page.locator("input.pick").nth(2))
    page.keyboard.press("Shift+Space")
    expect(page.locator("input.pick:checked")).to_have_count(3)

    maker.press("Escape")

    expect(page.locator("input.pick")).to_have_count(0)
    assert page.evaluate("document.activeElement.id") == "select"


def test_a_card_is_dragged_and_its_arrows_move_it_with_the_focus_on_them(maker):
    collected(maker)
    page = maker.page
    assert order(maker) == ["5", "4", "3"]

    page.locator(ITEMS).nth(0).drag_to(page.locator(ITEMS).nth(2), target_position={"x": 220, "y": 60})
    expect(page.locator(f"{ITEMS} .cover").last).to_have_text("Scene 5")
    maker.open(page.url.replace(maker.stack.url, ""))
    dragged = order(maker)
    arrow(maker, "Scene 5", "earlier").focus()
    maker.press("Enter")
    expect(page.locator(f"{ITEMS} .cover").nth(1)).to_have_text("Scene 5")
    maker.press("Enter")
    expect(page.locator(f"{ITEMS} .cover").first).to_have_text("Scene 5")

    assert dragged == ["4", "3", "5"]
    assert page.evaluate("document.activeElement.value") == "earlier"
    expect(page.locator("#wall-says")).to_have_text("Moved to place 1.")
    maker.press("Enter")
    expect(page.locator("#wall-says")).to_have_text("It is the first already.")
    arrow(maker, "Scene 5", "last").click()
    expect(page.locator("#wall-says")).to_have_text("Moved to place 3.")
    assert order(maker) == ["4", "3", "5"]
    arrow(maker, "Scene 5", "first").click()
    expect(page.locator("#wall-says")).to_have_text("Moved to place 1.")
    page.reload()
    assert order(maker) == ["5", "4", "3"]


@pytest.mark.parametrize("language", LANGUAGES, indirect=True)
def test_a_collection_is_put_in_order_gets_a_cover_and_is_downloaded(visit, language, running_stack, person):
    add_clips(running_stack, person, 5)
    maker = visit(person=person, locale=LANGUAGES[language])
    page = maker.page
    collected(maker, "灯笼")
    here = path_of(page.url)

    page.locator(ITEMS).nth(0).drag_to(page.locator(ITEMS).nth(2), target_position={"x": 220, "y": 60})
    expect(page.locator(f"{ITEMS} .cover")).to_have_text(["Scene 4", "Scene 3", "Scene 5"])
    page.locator(ITEMS).nth(1).locator(".item-actions .push").click()
    expect(page.locator(f"{ITEMS} .cover")).to_have_text(["Scene 4", "Scene 5"])
    page.locator("#undo button").click()
    expect(page.locator(f"{ITEMS} .cover")).to_have_text(["Scene 4", "Scene 3", "Scene 5"])
    cover = poster_of(page.locator(ITEMS).last)
    page.locator(ITEMS).last.get_by_title(gettext("Use as cover"), exact=True).click()
    expect(page.locator("#messages")).not_to_be_empty()
    with page.expect_download() as download:
        page.locator("#export").click()
    maker.open("/collections/")

    assert files_in(download.value.path()) == ["0001-scene-4.mp4", "0002-scene-3.mp4", "0003-scene-5.mp4"]
    assert poster_of(page.locator(".shelf")) == cover
    page.locator(".shelf .cover").click()
    maker.arrive(here)
    assert order(maker) == ["4", "3", "5"]


def poster_of(card: Locator) -> str:
    """Its address without the signature, which is another every time."""
    return card.locator(".gate img").get_attribute("src").partition("?")[0]


def files_in(path: Path) -> list[str]:
    """Without their ids. The archive is whole, and has both manifests at its end."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        *files, manifest, table = archive.namelist()
    assert (manifest, table) == ("manifest.json", "manifest.csv")
    return [re.sub(r"-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "", name) for name in files]


# As by dragging: one is put after the last that is on the page.
AFTER_THE_LAST = """
([moved, last]) => htmx.ajax("POST", document.getElementById("wall").dataset.move, {
  values: { generation: moved, beside: last, to: "after" }, source: "#wall", swap: "none",
})
"""


def test_moved_past_what_is_on_the_page_each_is_there_once_and_the_focus_goes_along(visit, running_stack, person):
    add_clips(running_stack, person, 27)
    maker = visit(person=person)
    page = maker.page
    maker.open("/gallery/")
    page.locator(".more").scroll_into_view_if_needed()
    expect(page.locator(CARDS)).to_have_count(27)
    page.locator("#select").click()
    page.locator(CARDS).first.click()
    page.locator(CARDS).last.click(modifiers=["Shift"])
    add_to_new(maker, "Long")
    open_added(maker)
    expect(page.locator(ITEMS)).to_have_count(24)
    moved, last = (page.locator(ITEMS).nth(at).get_attribute("id")[5:] for at in (0, 23))

    page.evaluate(AFTER_THE_LAST, [moved, last])
    expect(page.locator("#wall-says")).to_have_text("Moved to place 24.")
    page.locator(ITEMS).first.locator("button[value=last]").press("Enter")
    expect(page.locator("#wall-says")).to_have_text("Moved to place 27.")
    expect(page.locator(ITEMS)).to_have_count(23)
    expect(page.locator(f"{ITEMS} .cover").first).to_be_focused()
    second = page.locator(".more a").get_attribute("href")
    page.locator(".more").scroll_into_view_if_needed()
    expect(page.locator(ITEMS)).to_have_count(27)
    titles = page.locator(f"{ITEMS} .cover").all_inner_texts()
    maker.open(second)
    page.locator(ITEMS).first.locator("button[value=earlier]").click()
    maker.arrive(path_of(page.url).partition("?")[0])
    page.wait_for_url("**#item-*")

    assert titles[-1] == "Scene 26"
    assert len(set(titles)) == 27
    maker.until("document.activeElement.id === location.hash.slice(1)")


def test_a_card_that_is_dragged_onto_the_bar_is_added_with_the_rest(maker):
    page = maker.page
    maker.open("/gallery/")
    select(maker, 0)

    page.locator(CARDS).nth(2).drag_to(page.locator("#collect-bar"))
    page.locator("#collect-form [name=name]").fill("Harbour")
    page.locator("#collect-form [name=name]").press("Enter")
    page.locator("#collect-body [role=status]").wait_for()
    open_added(maker)

    assert order(maker) == ["5", "3"]


@pytest.mark.parametrize("language", LANGUAGES, indirect=True)
def test_on_a_phone_the_rail_names_every_place_in_full(visit, language, person):
    maker = visit(person=person, locale=LANGUAGES[language], viewport={"width": 390, "height": 844})

    names = maker.page.locator(".rail .place > span:not(.count):visible")
    cut = "all => all.filter(each => each.scrollWidth > each.clientWidth).map(each => each.textContent)"
    assert names.count() == 9
    assert names.evaluate_all(cut) == []


def test_what_is_removed_comes_back_by_undo_one_or_several(maker):
    collected(maker)
    page = maker.page
    page.locator(ITEMS).nth(1).locator(".item-actions .push").click()
    expect(page.locator(ITEMS)).to_have_count(2)
    expect(page.locator("#item-count")).to_have_text("2 items")
    expect(page.locator("#wall-says")).to_have_text("1 was removed.")
    expect(page.locator("#undo button")).to_be_focused()
    maker.press("Enter")
    expect(page.locator(ITEMS)).to_have_count(3)
    assert order(maker) == ["5", "4", "3"]

    select(maker, 0, 2)
    page.locator("#collect-bar .danger").click()
    expect(page.locator(ITEMS)).to_have_count(1)
    page.locator("#undo button").click()

    expect(page.locator(ITEMS)).to_have_count(3)
    assert order(maker) == ["5", "4", "3"]


@pytest.mark.parametrize("language", LANGUAGES, indirect=True)
def test_a_link_opens_for_somebody_without_an_account_until_it_ends(visit, language, running_stack, person):
    add_clips(running_stack, person, 5)
    maker = visit(person=person, locale=LANGUAGES[language])
    collected(maker)
    page = maker.page
    page.locator("#sharing summary").click()
    page.locator("#share button").click()
    url = page.locator("#sharing code").inner_text()
    anyone = visit(signed_in=False, locale=LANGUAGES[language])

    anyone.open(path_of(url))
    seen = anyone.page
    expect(seen.locator("h1")).to_have_text("Harbour")
    expect(seen.locator("video")).to_have_count(3)
    seen.locator("video").first.evaluate("video => video.play()")
    anyone.until("document.querySelector('video').videoWidth === 320")
    assert seen.locator("nav, form, script").count() == 0
    assert "Scene" not in seen.content()
    assert seen.locator("html").get_attribute("lang") == language
    assert anyone.context.cookies() == []

    page.reload()
    page.locator("#sharing li form button").click()
    page.locator("dialog[open] button[value=confirm]").click()
    expect(page.locator("#sharing code")).to_have_count(0)
    assert seen.reload().status == 404
    page.locator("#sharing summary").click()
    page.locator("#share button").click()
    second = page.locator("#sharing code").inner_text()
    expire_links(running_stack, person)
    anyone.open(path_of(second))

    expect(seen.locator("h1")).to_have_text(gettext("This link opens nothing"))
    anyone.expected("404")


def path_of(url: str) -> str:
    return re.sub(r"^https?://[^/]+", "", url)


@pytest.mark.parametrize("language", LANGUAGES, indirect=True)
def test_a_search_is_kept_and_fills_itself_until_another_takes_its_place(visit, language, running_stack, person):
    add_clips(running_stack, person, 5)
    maker = visit(person=person, locale=LANGUAGES[language])
    page = maker.page
    maker.open("/gallery/?q=Scene")
    page.locator("#save-search").click()
    page.locator("#saving-form [name=name]").fill("海港")
    page.locator("#saving-form [name=name]").press("Enter")
    page.locator("#export").wait_for()
    expect(page.locator(ITEMS)).to_have_count(5)

    add_clips(running_stack, person, 1)
    page.reload()
    expect(page.locator(ITEMS)).to_have_count(6)
    expect(page.locator("button[value=earlier]")).to_have_count(0)
    maker.open("/gallery/?q=Scene+2")
    page.locator("#save-search").click()
    page.locator("#saving-into").select_option(label="海港")
    page.locator("#saving-form [type=submit]").click()
    page.locator("#export").wait_for()

    expect(page.locator("h1")).to_have_text("海港")
    expect(page.locator(f"{ITEMS} .cover").first).to_have_text("Scene 2")


def test_from_its_own_page_a_clip_is_put_into_a_collection_and_taken_out(maker):
    page = maker.page
    page.locator(f"{CARDS} .cover").first.click()
    page.wait_for_url("**/generations/*/")
    page.locator("#in-collections [data-dialog]").click()
    page.locator("#collect-form [name=name]").fill("Harbour")
    page.locator("#collect-form [type=submit]").click()
    page.locator("#collect-body [data-close]").click()
    expect(page.locator("#in-collections li a")).to_have_text("Harbour")

    page.locator("#in-collections li button").click()

    expect(page.locator("#in-collections li")).to_have_count(0)
    maker.notice("It is not in “Harbour” any more.")


def test_without_javascript_it_is_ordered_emptied_and_filled(visit, running_stack, person):
    add_clips(running_stack, person, 3)
    maker = visit(person=person, java_script_enabled=False)
    page = maker.page
    for number in range(3):
        maker.open("/gallery/")
        page.locator(f"{CARDS} .cover").nth(number).click()
        page.locator("#in-collections [data-dialog]").click()
        if number:
            page.locator("#collect-to").select_option(label="Harbour")
        else:
            page.locator("[name=name]").fill("Harbour")
        page.locator("#collect-form [type=submit]").click()
    before = order(maker)

    arrow(maker, "Scene 3", "later").click()
    moved = order(maker)
    page.locator(ITEMS).first.locator(".item-actions .push").click()
    removed = order(maker)
    page.locator("#undo button").click()

    assert (before, moved, removed) == (["3", "2", "1"], ["2", "3", "1"], ["3", "1"])
    assert order(maker) == ["2", "3", "1"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_is_too_wide_and_axe_finds_nothing(visit, running_stack, person, scheme):
    add_clips(running_stack, person, 5)
    maker = visit(person=person)
    collected(maker, "A rather long name of a collection, of a harbour at dusk")
    page = maker.page
    page.locator("#sharing summary").click()
    page.locator("#share button").click()
    shared = path_of(page.locator("#sharing code").inner_text())
    here = path_of(page.url)
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")

    for path in (here, "/collections/", shared, "/gallery/"):
        maker.open(path)
        if path in (here, "/gallery/"):
            select(maker, 0)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        violations = Axe().run(page).response["violations"]
        assert [f"{each['id']}: {node['html'][:160]}" for each in violations for node in each["nodes"]] == [], path
