"""The pictures of the README and the documentation, taken from the running product: `make pictures`."""

import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from project.env import ROOT
from tests.browser.conftest import chromium
from tests.browser.visits import ARGUMENTS, Visit
from tests.stack import RunningStack

FOLDER = ROOT / "docs" / "pictures"
PROMPT = "A city of the future, flying cars weaving between towers at sunset"


def main() -> int:
    if chromium() is None:
        print("No Chromium found.", file=sys.stderr)
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    stack = RunningStack(SANDBOX_SECONDS="12")
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
            take_all(browser, stack)
            browser.close()
    finally:
        stack.stop()
    return 0


def take_all(browser: Browser, stack: RunningStack) -> None:
    maker = Visit(browser, stack)
    maker.until("document.querySelectorAll('article[data-status=completed]').length >= 6")
    maker.open("/create/")
    maker.page.locator("[name=prompt]").fill(PROMPT)
    maker.choose(resolution="720p", generate_audio="true")
    maker.page.get_by_text("Silent would cost 30").wait_for()
    take(maker, "create.png")
    maker.page.locator("#generate").click()
    maker.page.wait_for_url("**/gallery/")
    maker.expect_status(PROMPT, "processing")
    take(maker, "gallery.png")
    maker.expect_status(PROMPT, "completed")
    maker.card(PROMPT).locator(".cover").click()
    maker.until("document.querySelector('#player video')?.readyState >= 2")
    take(maker, "detail.png")
    for name, context in {
        "gallery-dark.png": {"color_scheme": "dark"},
        "gallery-zh-Hans.png": {"locale": "zh-CN"},
        "gallery-phone.png": {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2},
    }.items():
        other = Visit(browser, stack, **context)
        take(other, name)
        other.close()
    maker.close()


def take(visit: Visit, name: str) -> None:
    """Once every picture on the page is there."""
    visit.until("[...document.images].every(image => image.complete)")
    visit.page.screenshot(path=Path(FOLDER / name))
    print(FOLDER.joinpath(name).relative_to(ROOT))


if __name__ == "__main__":
    sys.exit(main())
