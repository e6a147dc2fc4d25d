"""Credits as an admin sees them: the statement and its CSV, codes, a purchase, and a budget that says no."""

import csv
import io
from datetime import UTC, datetime

import httpx
import pytest
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext
from playwright.sync_api import expect

from tests.browser.visits import LANGUAGES


def ask(stack, secret: str, **given) -> None:
    headers = {"Authorization": f"Bearer {secret}"}
    body = {"prompt": "paid for", "resolution": "480p", **given}
    httpx.post(f"{stack.url}/api/v1/generations", headers=headers, json=body).raise_for_status()


def test_the_statement_is_filtered_and_its_csv_adds_up(visit, person, running_stack):
    ask(running_stack, person.api_key)
    ask(running_stack, person.api_key, prompt="refused [[fault:fail=Content policy violation]]")
    admin = visit(person=person)
    expect(admin.page.locator("article[data-status=completed]")).to_have_count(1)
    expect(admin.page.locator("article[data-status=failed]")).to_have_count(1)
    admin.open("/credits/")
    rows = admin.page.locator(".statement tbody tr")
    expect(rows).to_have_count(5)

    admin.page.evaluate("window.isTheSame = true")
    admin.page.locator("[name=kind]").select_option("hold")
    expect(rows).to_have_count(2)
    admin.page.wait_for_url("**kind=hold**")
    admin.page.locator("[name=key]").select_option(label="First")
    admin.page.wait_for_url("**key=*")
    expect(rows).to_have_count(2)
    assert admin.page.evaluate("window.isTheSame") is True
    admin.page.locator("[name=kind]").select_option("")
    expect(rows).to_have_count(4)

    with admin.page.expect_download() as download:
        admin.page.get_by_role("link", name="Download CSV").click()
    table = list(csv.DictReader(io.StringIO(download.value.path().read_text("utf-8-sig"))))
    assert table[0]["Kind"] == "Opening balance"
    assert len(table) == 6

    admin.open("/credits/")
    with admin.page.expect_download() as download:
        admin.page.get_by_role("link", name="Download CSV").click()
    opening, *entries, closing = csv.DictReader(io.StringIO(download.value.path().read_text("utf-8-sig")))
    assert len(entries) == 5
    for column in ("Available", "On hold", "Spent"):
        moved = sum(int(entry[f"{column}: change"]) for entry in entries)
        assert int(opening[column]) + moved == int(closing[column])
    available, held = admin.balance()
    assert (int(closing["Available"]), int(closing["On hold"])) == (available, held)


@pytest.fixture
def admin(visit, language, person, running_stripe):
    return visit(locale=LANGUAGES[language], person=person, may_reach=(running_stripe.base,))


def test_a_code_is_good_once(admin, language, running_stack):
    page = admin.page
    code = running_stack.manage("redeem_codes", "1", "1500").strip()
    before, _held = admin.balance()
    for typed in ("FG-00000-00000-00000-00000", code.lower().replace("-", " "), code):
        admin.open("/credits/buy/")
        page.locator("[name=code]").fill(typed)
        page.get_by_role("button", name=gettext("Redeem")).click()
        if typed == code:
            told = gettext("Your team has redeemed this code already, on %(day)s.")
            expect(page.locator("main")).to_contain_text(told % {"day": date_format(datetime.now(UTC), "DATE_FORMAT")})
        elif typed.startswith("FG"):
            expect(page.locator("main")).to_contain_text(gettext("There is no such code. Check it and try again."))
        else:
            words = ngettext(
                "%(credits)s credit added. Your team now has %(available)s.",
                "%(credits)s credits added. Your team now has %(available)s.",
                1500,
            )
            admin.notice(words % {"credits": "1,500", "available": f"{before + 1500:,}"})

    admin.expect_balance(before + 1500, held=0)
    admin.expected("422")


def test_a_package_is_bought_and_the_credits_come_without_reloading(admin, person, furnished, running_stripe):
    page = admin.page
    before, _held = admin.balance()
    admin.open("/credits/buy/")
    offer = page.locator(".offer").filter(has_text="Studio").last
    offer.get_by_role("button").click()
    page.get_by_role("button", name="Back").click()
    expect(page.locator("#purchase")).to_contain_text(gettext("You came back without paying. Nothing was charged."))
    admin.expect_balance(before, held=0)

    hook, running_stripe.hook = running_stripe.hook, lambda body, signature: 200  # Stripe tells it late
    try:
        page.locator(".offer").filter(has_text="Studio").last.get_by_role("button").click()
        page.get_by_role("button", name="Pay").click()
        waiting = gettext("Waiting for Stripe to confirm your payment. The credits are added as soon as it does.")
        expect(page.locator("#purchase")).to_contain_text(waiting)
        admin.expect_balance(before, held=0)
        page.evaluate("window.isTheSame = true")
    finally:
        running_stripe.hook = hook
    event = f"evt_{person.team_id}"
    for _twice in range(2):
        running_stripe.tell("checkout.session.completed", running_stripe.session_object(), id=event)

    expect(page.locator("#purchase .success")).to_contain_text("2,000")
    admin.expect_balance(before + 2000, held=0)
    expect(page.locator("#purchases .status.ok")).to_have_text(gettext("Paid"))
    assert page.evaluate("window.isTheSame") is True


def test_a_budget_says_which_limit_what_it_needs_what_is_left_and_when_it_resets(admin, language):
    page = admin.page
    admin.open("/create/")
    page.locator("[name=prompt]").fill("A clip too many")
    admin.choose(resolution="720p", duration="5", generate_audio="true")
    expect(page.locator("#total")).to_have_text("43")
    other = admin.new_tab()
    other.goto(f"{admin.stack.url}/team/")
    other.locator("#members td.name a").click()
    other.locator("[name=monthly]").fill("10")
    other.get_by_role("button", name=gettext("Save caps")).click()
    expect(other.locator("#messages")).to_contain_text(gettext("Saved."))

    page.locator("#generate").click()
    now = datetime.now(UTC)
    day = date_format(datetime(now.year + now.month // 12, now.month % 12 + 1, 1, tzinfo=UTC), "DATE_FORMAT")
    said = gettext(
        "This costs %(required)s credits; your cap for this month has %(available)s left. It resets on %(day)s."
    )
    alert = page.locator("#create-form [role=alert]")
    expect(alert).to_have_text(said % {"required": 43, "available": 10, "day": day})
    assert page.locator("[name=prompt]").input_value() == "A clip too many"
    admin.expected("422")

    # Who knows of it beforehand need not try.
    admin.open("/create/")
    admin.choose(resolution="720p", duration="5", generate_audio="true")
    left = gettext("Your cap this month: %(left)s left, resets %(day)s.")
    expect(page.locator("#short")).to_contain_text(left % {"left": 10, "day": day})
    expect(page.locator("#generate")).to_be_disabled()


def test_a_team_budget_that_is_used_up_is_said_too(visit, person):
    admin = visit(person=person)
    admin.open("/team/settings/")
    admin.page.locator("[name=lifetime_budget_credits]").fill("20")
    admin.page.get_by_role("button", name="Save").click()
    admin.notice("Saved.")

    admin.open("/create/")
    admin.choose(resolution="720p", duration="5", generate_audio="true")
    expect(admin.page.locator("#short")).to_contain_text("The team's budget: 20 left.")
    admin.open("/credits/")
    expect(admin.page.locator("main")).to_contain_text("20 credits left")
