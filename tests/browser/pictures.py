"""The pictures of the README and the documentation, taken from the running product: `make pictures`.

And every place of administration in both languages, light and dark, on a desk and on a phone, into a temporary folder,
for whoever wants to look at them.
"""

import sys
import tempfile
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser, Locator, sync_playwright

from project.env import ROOT
from tests.browser import furnishing, people
from tests.browser.conftest import chromium
from tests.browser.places import PLACES, Company
from tests.browser.visits import ARGUMENTS, LANGUAGES, Visit
from tests.stack import RunningStack

FOLDER = ROOT / "docs" / "pictures"
PROMPT = "A city of the future, flying cars weaving between towers at sunset"
TAGS = ("skyline", "client: Aurora")
LOOKED_FOR = "camera moving towards a lighthouse in the storm"
GATHERED = (0, 1, 3, 5)  # of the cards, the newest first
KEPT = ("team", "keys", "credits", "audit-log")
DESK = {"width": 1360, "height": 860}
PHONE = {"width": 390, "height": 844}


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
            take_places(browser, stack, Path(tempfile.mkdtemp(prefix="filmgate-pictures-")))
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
    take(maker, FOLDER / "create.png")
    maker.page.locator("#generate").click()
    maker.page.wait_for_url("**/gallery/")
    maker.expect_status(PROMPT, "processing")
    take(maker, FOLDER / "gallery.png")
    maker.expect_status(PROMPT, "completed")
    maker.card(PROMPT).locator(".cover").click()
    add_tags(maker)
    maker.until("document.querySelector('#player video')?.readyState >= 2")
    take(maker, FOLDER / "detail.png")
    take_search(maker)
    take_collection(browser, maker)
    for name, context in {
        "gallery-dark.png": {"color_scheme": "dark"},
        "gallery-zh-Hans.png": {"locale": "zh-CN"},
        "gallery-phone.png": {"viewport": PHONE, "device_scale_factor": 2},
    }.items():
        other = Visit(browser, stack, **context)
        take(other, FOLDER / name)
        other.close()
    maker.close()


def add_tags(maker: Visit) -> None:
    """Words of the team's own, beside what was read off the clip."""
    reload_until(maker, maker.page.locator(".read-tags"))
    for name in TAGS:
        maker.page.locator("#tag-name").fill(name)
        maker.page.locator("#tag-add").click()
        maker.page.locator("#given-tags").get_by_text(name, exact=True).wait_for()
    maker.page.evaluate("document.activeElement.blur()")


def take_search(maker: Visit) -> None:
    """By meaning too, as soon as the clips have been read."""
    maker.open(f"/gallery/?{urlencode({'q': LOOKED_FOR})}")
    reload_until(maker, maker.page.locator(".why").get_by_text("meaning", exact=True))
    take(maker, FOLDER / "search.png")


def take_collection(browser: Browser, maker: Visit) -> None:
    """Gathered in the gallery, and as somebody sees it who was sent its link."""
    page = maker.page
    maker.open("/gallery/")
    page.locator("#select").click()
    for number in GATHERED:
        page.locator("#wall input.pick").nth(number).click()
    page.locator("#collect-bar .primary").click()
    page.locator("#collect-form [name=name]").fill("For Aurora, first cut")
    page.locator("#collect-form [name=name]").press("Enter")
    page.locator("#collect-body [role=status]").wait_for()
    page.locator("#collect-body a.button").click()
    page.wait_for_url("**/collections/*/")
    take(maker, FOLDER / "collection.png")
    page.locator("#sharing summary").click()
    page.locator("#share button").click()
    link = page.locator("#sharing code").inner_text()
    guest = Visit(browser, maker.stack, signed_in=False)
    guest.page.goto(link)
    take(guest, FOLDER / "shared.png")
    guest.close()


def take_places(browser: Browser, stack: RunningStack, folder: Path) -> None:
    furnished, newcomers = furnishing.furnish(stack), iter(people.make(stack, len(LANGUAGES)))
    for language, locale in LANGUAGES.items():
        company = Company(partial(Visit, browser, stack, locale=locale), furnished, next(newcomers))
        for name, place in PLACES.items():
            visit = company.go(place)
            visit.page.set_viewport_size(DESK)
            if language == "en" and name in KEPT:
                take(visit, FOLDER / f"{name}.png")
            for scheme in ("light", "dark"):
                for width, size in (("desk", DESK), ("phone", PHONE)):
                    visit.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                    visit.page.set_viewport_size(size)
                    take(visit, folder / f"{name}.{language}.{scheme}.{width}.png", full_page=True)
            visit.page.set_viewport_size(DESK)
            visit.page.emulate_media(color_scheme="light")
        company.leave()
    print(folder)


def reload_until(visit: Visit, shown: Locator) -> None:
    """The worker reads a clip when it comes to it."""
    for _ in range(60):
        if shown.count():
            return
        visit.page.wait_for_timeout(1000)
        visit.page.reload()
    raise TimeoutError(f"never shown: {shown}")


def take(visit: Visit, path: Path, *, full_page: bool = False) -> None:
    """Once every picture on the page is there, those further down too."""
    visit.page.evaluate("for (const image of document.images) image.loading = 'eager'")
    visit.until("[...document.images].every(image => image.complete)")
    visit.page.screenshot(path=path, full_page=full_page)
    if path.is_relative_to(ROOT):
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    sys.exit(main())
