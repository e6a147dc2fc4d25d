"""The failure dictionary: every failure is in it, and card, page, API and webhook all speak from it."""

import re
from html import unescape

import pytest

from generations import lifecycle, webhook_body
from generations.failures import FAILURES, Fault
from generations.models import Generation
from project.env import ROOT
from tests.api import asked, client_of, ensure_prices, failed
from tests.factories import make_member, make_team
from tests.pages import browser_of, text_of

DOCUMENTED = {
    "CONTENT_POLICY",
    "FACE_NOT_ALLOWED",
    "PROMPT_TOO_LONG",
    "INVALID_INPUT_MEDIA",
    "INPUT_UNREACHABLE",
    "PROVIDER_BUSY",
    "PROVIDER_ERROR",
    "PROVIDER_REFUSED_ACCOUNT",
    "TIMEOUT",
    "ARCHIVE_FAILED",
    "CANCELLED",
}


@pytest.fixture
def team(db):
    ensure_prices()
    return make_team(granted=1000)


def test_the_documented_ones_are_all_there():
    assert FAILURES.keys() >= DOCUMENTED


def test_each_says_what_happened_what_to_do_and_whose_fault_it_was_and_costs_nothing():
    for code, failure in FAILURES.items():
        assert failure.code == code
        assert str(failure.message)
        assert str(failure.advice).endswith(".")
        assert failure.fault in Fault
        assert failure.charged is False


def test_no_failure_is_written_that_is_not_in_it():
    written = set()
    for path in (ROOT / "generations").rglob("*.py"):
        if "migrations" not in path.parts:
            written |= set(re.findall(r'failure_code="([A-Z_]+)"', path.read_text()))

    assert written
    assert written <= FAILURES.keys()


@pytest.mark.parametrize("code", sorted(FAILURES.keys() - {"CANCELLED"}))
def test_card_page_api_and_webhook_say_the_same(team, code):
    generation = failed(team, code=code)
    browser, program = browser_of(make_member(team=team)), client_of(team)
    message, advice = str(FAILURES[code].message), str(FAILURES[code].advice)

    card = unescape(text_of(browser.get("/gallery/")))
    page = unescape(text_of(browser.get(generation.get_absolute_url())))
    task = program.get(f"/api/v1/tasks/{generation.id}").json()["data"]

    assert message in card
    assert message in page
    assert advice in page
    assert task["error_detail"] == {
        "code": code,
        "message": message,
        "retryable": FAILURES[code].retryable,
        "charged": False,
    }
    assert (task["error"], task["error_message"]) == (message, message)
    assert webhook_body.of_end(generation)["error_message"] == message


def test_what_was_cancelled_says_so_on_card_and_page(team):
    generation: Generation = asked(team)
    lifecycle.advance(generation, "cancelled")
    browser = browser_of(make_member(team=team))

    for path in ("/gallery/", generation.get_absolute_url()):
        assert "Cancelled before it was sent" in text_of(browser.get(path))
