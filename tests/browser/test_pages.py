"""What only a browser shows: hostile text at rest, live swaps, keys, small screens, no JavaScript, accessibility."""

import json
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import expect

from tests.sandbox_process import wait_until

HOSTILE = json.loads((Path(__file__).parents[1] / "vectors" / "hostile.json").read_text())["prompts"]
FAILS = "[[fault:fail=Content policy violation]]"


def ask(stack, prompt: str, **given) -> str:
    """The id of a generation asked for by API."""
    headers = {"Authorization": f"Bearer {stack.ready['api_key']}"}
    answer = httpx.post(f"{stack.url}/api/v1/generations", headers=headers, json={"prompt": prompt, **given})
    answer.raise_for_status()
    return answer.json()["data"]["id"]


def has_failed(stack, id: str) -> bool:
    headers = {"Authorization": f"Bearer {stack.ready['api_key']}"}
    answer = httpx.get(f"{stack.url}/api/v1/tasks/{id}", headers=headers).raise_for_status()
    return answer.json()["data"]["status"] == "failed"


def finished_clip(visit) -> None:
    visit.open("/gallery/?show=completed")
    visit.page.locator("article.frame .cover").first.click()
    visit.page.wait_for_selector("#player video")


def test_hostile_prompts_stay_text_live_in_the_gallery_and_on_their_page(visit, running_stack):  # B1
    maker = visit()

    ids = [ask(running_stack, f"{prompt} {FAILS}") for prompt in HOSTILE]
    for id in ids:
        expect(maker.page.locator(f"#generation-{id}")).to_have_attribute("data-status", "failed")
    maker.open("/gallery/")
    for id, prompt in zip(ids[:6], HOSTILE[:6], strict=True):
        maker.open(f"/generations/{id}/")
        expect(maker.page.locator(".prompt-full")).to_have_text(f"{prompt} {FAILS}")

    assert maker.complaints == []


def test_a_card_that_is_being_watched_is_not_swapped(visit, running_stack):
    maker = visit()
    watched = ask(running_stack, "to be watched")
    finished = maker.page.locator(f"#generation-{watched}[data-status=completed]")
    finished.evaluate("card => { card.isTheSame = true; }")
    finished.hover()
    maker.until("[...document.querySelectorAll('.wall video')].some(video => video.currentTime > 0)")

    prompt = f"another {FAILS}"
    id = ask(running_stack, prompt)
    expect(maker.page.locator(f"#generation-{id}")).to_have_attribute("data-status", "failed")

    assert maker.page.evaluate("[...document.querySelectorAll('article')].filter(card => card.isTheSame).length") == 1


def test_elsewhere_than_under_all_a_new_clip_is_counted(visit, running_stack):
    maker = visit()
    maker.open("/gallery/?show=failed")
    shown = maker.page.locator("article.frame").count()

    id = ask(running_stack, f"counted {FAILS}")

    expect(maker.page.locator("#new-clips")).to_be_visible()
    expect(maker.page.locator("#new-clips")).to_contain_text("1")
    assert maker.page.locator("article.frame").count() == shown
    wait_until(lambda: has_failed(running_stack, id), seconds=30)
    maker.page.locator("#new-clips").click()
    expect(maker.card(f"counted {FAILS}")).to_have_count(1)


def test_the_page_of_a_clip_follows_by_itself(visit, running_stack):
    maker = visit()
    id = ask(running_stack, f"followed {FAILS}")

    maker.open(f"/generations/{id}/")

    expect(maker.page.locator("#generation")).to_have_attribute("data-state", "failed")


def test_what_is_wrong_is_said_beside_the_field_and_the_text_stays(visit):
    maker = visit()
    maker.open("/create/")
    maker.page.locator("[name=prompt]").fill("字" * 2001)

    expect(maker.page.locator("[data-count]")).to_have_text("2001")
    maker.page.locator("#generate").click()

    expect(maker.page.locator("#create-form .errorlist")).to_contain_text("1 character too long")
    assert maker.page.locator("[name=prompt]").input_value() == "字" * 2001
    maker.complaints[:] = [each for each in maker.complaints if "422" not in each]


def test_an_image_is_uploaded_shown_and_taken_away_again(visit, tmp_path):
    picture = tmp_path / "fox.png"
    Image.new("RGB", (320, 180), "teal").save(picture)
    maker = visit()
    maker.open("/create/?task_type=image_to_video")

    maker.page.locator("input[type=file]").set_input_files(picture)
    preview = maker.page.locator("#images img")
    expect(preview).to_be_visible()

    maker.until("document.querySelector('#images img').naturalWidth === 320")
    maker.page.locator("#images [data-remove]").click()
    expect(preview).to_have_count(0)


def test_without_javascript_a_clip_can_be_asked_for(visit):
    maker = visit(java_script_enabled=False)
    maker.open("/create/")

    maker.page.locator("[name=prompt]").fill(f"plain {FAILS}")
    maker.page.locator("#generate").click()

    maker.page.wait_for_url("**/gallery/")
    assert maker.card(f"plain {FAILS}").count() == 1


@pytest.mark.parametrize("path", ["/gallery/", "/create/", "/create/?task_type=image_to_video", "a finished clip"])
def test_a_phone_shows_each_page_in_its_width(visit, path):
    maker = visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)

    finished_clip(maker) if path == "a finished clip" else maker.open(path)

    assert maker.page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/gallery/", "/create/", "/create/?task_type=image_to_video", "a finished clip"])
def test_nothing_stands_in_the_way_of_anybody(visit, path, scheme):
    maker = visit(color_scheme=scheme, reduced_motion="reduce")
    finished_clip(maker) if path == "a finished clip" else maker.open(path)

    found = Axe().run(maker.page)

    assert found.violations_count == 0, found.generate_report()
