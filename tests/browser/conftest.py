"""A real Chromium on the real stack. Skipped where there is no Chromium, unless FILMGATE_REQUIRE_BROWSER=1."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.visits import ARGUMENTS, Visit
from tests.stack import RunningStack


def chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Gone after each module: while it is there, this thread has an event loop, where Django's ORM refuses to work."""
    if chromium() is None:
        if os.environ.get("FILMGATE_REQUIRE_BROWSER") == "1":
            pytest.fail("FILMGATE_REQUIRE_BROWSER=1, and there is no Chromium")
        pytest.skip("there is no Chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture
def visit(browser: Browser, running_stack: RunningStack):
    """visit(locale="zh-CN", …) -> a signed-in Visit; whatever a page complained of fails the test at its end."""
    visits: list[Visit] = []

    def begin(**context) -> Visit:
        visits.append(Visit(browser, running_stack, **context))
        return visits[-1]

    yield begin
    complaints = [complaint for each in visits for complaint in each.complaints]
    for each in visits:
        each.close()
    assert complaints == []
