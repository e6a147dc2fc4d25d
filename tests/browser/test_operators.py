"""Prices as an operator changes them: asked, previewed, made for a day to come, and taken back; and the health page."""

import pytest
from django.utils.translation import gettext
from playwright.sync_api import expect

from tests.browser.visits import LANGUAGES

MODEL = "seedream-3.0"  # which no other test here asks for
PAGE = f"/operator/generations/pricelist/of/{MODEL}/"


@pytest.fixture
def operator(visit, language, person, running_stack):
    change = f"User.objects.filter(email={person.email!r}).update(is_staff=True, is_superuser=True)"
    running_stack.manage("shell", "-c", f"from accounts.models import User; {change}")
    return visit(locale=LANGUAGES[language], person=person)


def press(page, words: str) -> None:
    page.get_by_role("button", name=words).click()


def test_prices_are_changed_for_a_day_to_come_and_withdrawn(operator):
    page = operator.page
    operator.open("/operator/generations/pricelist/?model=" + MODEL)
    page.get_by_role("link", name=gettext("Change prices")).first.click()
    operator.arrive(PAGE)
    old = page.locator("[name=price-0]").input_value()
    page.locator("[name=price-0]").fill(str(int(old) * 2))
    page.locator("[name=note]").fill("<b>Winter</b> 冬天")

    press(page, gettext("Preview"))
    changed = page.locator("#content table").first.locator("tbody tr")
    expect(changed).to_have_count(1)
    expect(changed).to_contain_text("+100.0 %")
    expect(page.locator("#content")).to_contain_text(gettext("Credits at the new prices"))
    press(page, gettext("Back to the prices"))
    expect(page.locator("[name=price-0]")).to_have_value(str(int(old) * 2))
    page.locator("[name=effective_at]").fill("2099-01-01T00:00")
    press(page, gettext("Preview"))
    press(page, gettext("Make version %(version)s") % {"version": 2})

    page.wait_for_url("**/pricelist/*/change/")
    expect(page.locator("#content")).to_contain_text(gettext("Coming"))
    expect(page.locator("#content")).to_contain_text("<b>Winter</b> 冬天")
    operator.open(PAGE)
    expect(page.locator("[name=price-0]")).to_have_value(old)
    page.get_by_role("link", name=gettext("Look at it"), exact=True).click()
    page.get_by_role("link", name=gettext("Withdraw")).click()
    press(page, gettext("Withdraw it"))
    page.wait_for_url("**/pricelist/")
    operator.open(PAGE)
    expect(page.get_by_role("link", name=gettext("Look at it"), exact=True)).to_have_count(0)


def test_the_health_page_keeps_itself_up_to_date(operator):
    page = operator.page
    operator.open("/operator/generations/provideraccount/health/")
    said = page.locator("#accounts > p").inner_text()
    expect(page.locator("#accounts")).to_contain_text(gettext("In service"))

    expect(page.locator("#accounts > p")).not_to_have_text(said)

    expect(page.locator("#accounts")).to_have_count(1)
    expect(page.locator("#accounts")).to_contain_text(gettext("In service"))


def test_the_margin_is_told(operator):
    operator.open("/operator/generations/submission/")
    operator.page.get_by_role("link", name=gettext("Margin")).click()

    operator.arrive("/operator/generations/submission/margin/")
    expect(operator.page.locator("#content")).to_contain_text(gettext("Since the beginning"))
