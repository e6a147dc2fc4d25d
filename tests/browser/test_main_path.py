"""From a prompt to a kept clip, in a real browser, in both languages."""

import re

import pytest
from django.utils.translation import gettext
from playwright.sync_api import expect

from tests.api import DOCUMENTED_PRICES
from tests.browser.visits import LANGUAGES

PROMPTS = {"en": "A lantern drifts over a quiet harbour", "zh-hans": "一盏灯笼飘过宁静的港湾"}


@pytest.fixture
def maker(visit, language):
    made = visit(locale=LANGUAGES[language])
    expect(made.page.locator("html")).to_have_attribute("lang", language)
    return made


def test_all_twelve_documented_prices_are_seen_as_the_fields_change(maker):
    maker.open("/create/")
    seen = {}

    for (resolution, duration), prices in DOCUMENTED_PRICES.items():
        for sound, price in zip(("false", "true"), prices, strict=True):
            maker.choose(resolution=resolution, duration=str(duration), generate_audio=sound)
            expect(maker.page.locator("#total")).to_have_text(str(price))
            seen[resolution, duration, sound] = price

    assert len(seen) == 12


def test_a_clip_is_asked_for_arrives_by_itself_and_plays(maker, language):
    before, held_before = maker.balance()
    prompt = PROMPTS[language]
    maker.open("/create/")
    maker.page.locator("[name=prompt]").fill(prompt)
    maker.choose(resolution="720p", duration="5", generate_audio="true")
    expect(maker.page.locator("#total")).to_have_text("43")

    maker.page.locator("#generate").click()
    maker.page.wait_for_url("**/gallery/")
    maker.page.evaluate("window.isStillTheSame = true")
    first_status = maker.card(prompt).first.get_attribute("data-status")
    maker.expect_balance(before - 43, held=held_before + 43)
    maker.expect_status(prompt, "completed")

    assert first_status in ("pending", "processing")
    maker.expect_balance(before - 43, held=held_before)
    assert maker.page.evaluate("window.isStillTheSame") is True

    maker.card(prompt).locator(".cover").click()
    video = maker.page.locator("#player video")
    video.evaluate("async (video) => { video.muted = true; await video.play(); }")
    maker.until("document.querySelector('#player video').currentTime > 0.3")
    assert video.evaluate("video => video.readyState") >= 2
    assert video.evaluate("video => [video.videoWidth, video.videoHeight]") == [1280, 720]
    expect(maker.page.locator("#generation .status")).to_have_text(gettext("Completed"))


def test_a_rejected_prompt_says_why_and_the_credits_come_back(maker, language):
    before, held_before = maker.balance()
    prompt = f"{PROMPTS[language]} [[fault:fail=Content policy violation]]"
    maker.open("/create/")
    maker.page.locator("[name=prompt]").fill(prompt)
    maker.choose(resolution="1080p", duration="10", generate_audio="true")

    maker.page.locator("#create-prompt").press("Control+Enter")
    maker.page.wait_for_url("**/gallery/")
    maker.expect_status(prompt, "failed")

    expect(maker.card(prompt)).to_contain_text(gettext("Content policy violation"))
    expect(maker.card(prompt)).to_contain_text("180")
    maker.expect_balance(before, held=held_before)
    maker.card(prompt).locator(".cover").click()
    advice = gettext("Reword the prompt or choose another image, then try again.")
    expect(maker.page.locator("#player")).to_contain_text(advice)
    expect(maker.page.locator("#credits .plus")).to_have_text("180")


def test_the_pages_speak_the_readers_language(maker, language):
    for path in ("/gallery/", "/create/", "/gallery/?show=completed"):
        maker.open(path)
        heading = maker.page.locator("h1").inner_text()
        assert bool(re.search(r"[一-鿿]", heading)) is (language == "zh-hans"), heading
