"""A real Chromium on the real stack. Skipped where there is no Chromium, unless FILMGATE_REQUIRE_BROWSER=1."""

import os
import shutil
from collections.abc import Iterator

import pytest
from django.utils import translation
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser import furnishing, people
from tests.browser.visits import ARGUMENTS, LANGUAGES, PATIENCE_MS, Visit
from tests.stack import RunningStack

PEOPLE = 100
expect.set_options(timeout=PATIENCE_MS)  # on a busy machine its own five seconds are soon over


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


@pytest.fixture(params=LANGUAGES)
def language(request) -> Iterator[str]:
    """Each of them, as the language of gettext() too."""
    with translation.override(request.param):
        yield request.param


@pytest.fixture(scope="session")
def everyone(running_stack: RunningStack) -> Iterator[people.Person]:
    return iter(people.make(running_stack, PEOPLE))


@pytest.fixture
def person(everyone: Iterator[people.Person]) -> people.Person:
    """Whom no other test knows."""
    return next(everyone)


@pytest.fixture(scope="session")
def furnished(running_stack: RunningStack) -> furnishing.Furnished:
    return furnishing.furnish(running_stack)
