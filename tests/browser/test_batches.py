"""Batches in a real browser: from a list of prompts to images, the cap, calling off, small screens, no JavaScript."""

import csv
import json
import re
from functools import partial
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.people import CREDITS
from tests.browser.visits import LANGUAGES, Visit

HOSTILE = json.loads((Path(__file__).parents[1] / "vectors" / "hostile.json").read_text())["prompts"]
IMAGES = "seedream-3.0"
CLIPS = "seedance-2.0"  # 15 credits each; images that never come would keep their provider's answer, and its room
CLIPS_OF_ANOTHER = "seedance-1.0"
NEVER = "[[fault:never]]"
FAILS = "[[fault:fail=Content policy violation]]"
BAD = "x" * 301


@pytest.fixture
def maker(visit, person) -> Visit:
    return visit(person=person)


def fill_in(maker: Visit, *prompts: str, name: str = "Nightly", model: str = IMAGES) -> None:
    """The form of a batch, if not told otherwise of images, which cost 2 credits each."""
    maker.open("/batches/new/")
    maker.page.locator("#batch-name").fill(name)
    maker.page.locator("#batch-text").fill("\n".join(prompts))
    take_model(maker, model)


def take_model(maker: Visit, slug: str) -> None:
    maker.page.locator("#batch-model").select_option(slug)
    expect(maker.page.locator("[name=shown_model]")).to_have_value(slug)


def send(maker: Visit) -> None:
    with maker.page.expect_navigation():
        maker.page.locator("#batch-form button[type=submit]").click()


def draft(maker: Visit, *prompts: str, **given: str) -> None:
    fill_in(maker, *prompts, **given)
    send(maker)


def start(maker: Visit, *, cap: int | None = None) -> None:
    if cap:
        maker.page.locator("#go [name=cap_credits]").fill(str(cap))
    with maker.page.expect_navigation():
        maker.page.locator("#go button").click()


def expect_figures(maker: Visit, **figures: int) -> None:
    for name, figure in figures.items():
        expect(maker.page.locator(f"#{name}")).to_have_text(str(figure))


@pytest.mark.parametrize("language", LANGUAGES)
def test_from_a_list_of_prompts_to_images(visit, person, language, tmp_path):
    maker = visit(person=person, locale=LANGUAGES[language])
    page = maker.page
    maker.open("/batches/")
    page.locator(".empty a").click()
    maker.arrive("/batches/new/")
    assert page.locator("[name=duration]").count() > 0

    draft(maker, "A gate", BAD, "A ship", name="一批 <b>")
    expect_figures(maker, good=2, bad=1, quoted=4)
    assert page.locator("#go [name=cap_credits]").input_value() == "4"
    maker.expect_balance(CREDITS, held=0)
    page.locator("#rows-bad").click()
    expect(page.locator(".batch-rows tbody tr")).to_have_count(1)
    expect(page.locator(".problem")).to_contain_text("300")

    start(maker)
    expect_figures(maker, completed=2, waiting=0, committed=4)
    expect(page.locator(".head .status.ok")).to_be_visible()
    maker.expect_balance(CREDITS - 4, held=0)
    with page.expect_download() as download:
        page.locator(".head a[download]").click()
    download.value.save_as(tmp_path / "results.csv")
    page.locator("#row-1").click()
    maker.arrive(page.url.removeprefix(maker.stack.url))

    rows = list(csv.reader((tmp_path / "results.csv").read_text("utf-8-sig").splitlines()))
    assert [row[2] for row in rows[1:]] == ["completed", "refused", "completed"]
    assert rows[1][3] in page.url


def test_a_table_comes_from_a_file_in_the_encoding_of_a_chinese_spreadsheet(visit, person, tmp_path):
    maker = visit(person=person, locale=LANGUAGES["zh-hans"])
    (tmp_path / "rows.csv").write_bytes('prompt,count\r\n一座灯塔,3\r\n"A gate, and light",9\r\n'.encode("gb18030"))
    fill_in(maker)
    maker.choose(kind="table")
    maker.page.locator("#batch-file").set_input_files(tmp_path / "rows.csv")

    send(maker)

    expect_figures(maker, good=1, bad=1, quoted=6)
    expect(maker.page.locator(".batch-rows")).to_contain_text("一座灯塔")
    expect(maker.page.locator(".problem")).to_have_count(1)


def test_what_is_wrong_is_said_and_what_was_typed_stays(maker):
    fill_in(maker, "prompt,color", "A gate,red")
    maker.choose(kind="table")

    send(maker)

    expect(maker.page.locator(".errorlist")).to_contain_text("color")
    assert maker.page.locator("#batch-text").input_value() == "prompt,color\nA gate,red"
    maker.expected("422")


def test_at_its_cap_it_stands_still_until_the_cap_is_raised(maker):
    draft(maker, f"One {FAILS}", "A gate", "A ship", "A fox")
    start(maker, cap=5)

    expect(maker.page.locator("#paused")).to_contain_text("5")
    assert int(maker.page.locator("#committed").inner_text()) <= 5
    maker.page.locator("#go [name=cap_credits]").fill("8")
    start(maker)

    expect_figures(maker, completed=3, without=1)
    expect(maker.page.locator(".head .status.ok")).to_be_visible()
    maker.expect_balance(CREDITS - 6, held=0)


def test_calling_it_off_says_what_happens_and_lets_what_runs_end(maker):
    draft(maker, *(f"A gate {number} {NEVER}" for number in range(25)), model=CLIPS)
    start(maker)
    expect_figures(maker, waiting=5, committed=300)

    maker.page.locator("#batch-actions button.danger").click()
    expect(maker.page.locator("dialog[open]")).to_contain_text("its credits come back")
    maker.page.wait_for_timeout(4000)  # the page has looked again meanwhile, and the dialog is still there
    maker.confirm("Cancel the batch")

    expect(maker.page.locator("#batch-actions form")).to_have_count(0)
    expect_figures(maker, waiting=5)


def test_a_pause_is_felt(maker):
    draft(maker, *(f"A gate {number} {NEVER}" for number in range(21)), model=CLIPS)
    start(maker)
    maker.page.locator("#batch-actions button").first.click()

    expect(maker.page.locator("#paused")).to_be_visible()
    expect(maker.page.locator("#go")).to_be_visible()


def test_a_draft_is_deleted_when_asked_twice(maker):
    draft(maker, "A gate")
    maker.page.locator("#batch-actions button.danger").click()
    maker.confirm("Delete")

    maker.arrive("/batches/")
    maker.notice("The draft is deleted.")


def test_the_gallery_shows_one_batch_and_takes_what_comes_of_it(maker):
    draft(maker, f"Of the batch {NEVER}", model=CLIPS)
    start(maker)
    expect_figures(maker, waiting=0)
    maker.page.locator(".head a[href*='gallery']").click()

    expect(maker.card(f"Of the batch {NEVER}")).to_be_visible()
    expect(maker.page.locator("#of-batch")).to_contain_text("Nightly")
    maker.page.locator("#of-batch").click()
    expect(maker.page.locator("#of-batch")).to_have_count(0)


def test_another_model_brings_its_choices_and_the_focus_stays(maker):
    maker.open("/batches/new/")
    maker.page.locator("#batch-text").fill("A gate")
    maker.page.locator("#batch-model").focus()

    take_model(maker, "seedance-2.0-hd")

    expect(maker.page.locator("[name=fps]").first).to_be_attached()
    assert maker.page.evaluate("document.activeElement.id") == "batch-model"
    assert maker.page.locator("#batch-text").input_value() == "A gate"


def test_hostile_prompts_stay_text(maker):  # B1
    prompts = [prompt for prompt in HOSTILE if not re.search(r"[\r\n]", prompt)]
    draft(maker, *prompts, name=HOSTILE[0])

    expect(maker.page.locator("h1")).to_contain_text(HOSTILE[0][:20].strip())
    maker.open("/batches/")
    expect(maker.page.locator(".batches .name")).to_contain_text(HOSTILE[0][:20].strip())


def test_without_javascript_all_of_it_works(visit, person):
    maker = visit(person=person, java_script_enabled=False)
    page = maker.page
    maker.open("/batches/new/")
    page.locator("#batch-name").fill("Plain")
    page.locator("#batch-text").fill(f"A gate {NEVER}\nA ship")
    page.locator("#batch-model").select_option(CLIPS_OF_ANOTHER)
    send(maker)
    maker.expected("422")  # its choices were another model's
    assert page.locator("[name=shown_model]").input_value() == CLIPS_OF_ANOTHER
    send(maker)
    start(maker)

    page.locator("#batch-actions button.danger").click()
    page.get_by_role("button", name="Cancel the batch").click()

    assert page.locator(".head .status").inner_text() == "Cancelled"


@pytest.mark.parametrize(("scheme", "width"), [("light", 1360), ("dark", 390)])
def test_no_page_of_it_stands_in_the_way_of_anybody(visit, person, scheme, width):
    maker = visit(person=person, color_scheme=scheme, reduced_motion="reduce", viewport={"width": width, "height": 844})
    look = partial(faults_of, maker, width)

    found = [look("/batches/")]
    fill_in(maker, "A gate", BAD, "A ship", name="A name that is long enough to need more than one line " * 2)
    found.append(look())
    send(maker)
    found.append(look())
    start(maker, cap=2)
    expect(maker.page.locator("#paused")).to_be_visible()
    found += [look(), look("/batches/"), look("/gallery/")]

    assert not any(found), found


def faults_of(maker: Visit, width: int, path: str = "") -> list[str]:
    if path:
        maker.open(path)
    found = [each["id"] for each in Axe().run(maker.page).response["violations"]]
    if maker.page.evaluate("document.documentElement.scrollWidth") > width:
        found.append("too wide")
    return found
