"""A webhook endpoint from its making to its end, by keyboard alone, and what its receiver is sent meanwhile."""

import pytest
from django.utils.translation import gettext
from playwright.sync_api import Page, expect
from standardwebhooks import Webhook, WebhookVerificationError

from tests.browser.visits import LANGUAGES
from tests.receiver import Received, Receiver, answer
from tests.sandbox_process import wait_until


@pytest.fixture
def receiver():
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def admin(visit, language, person):
    return visit(locale=LANGUAGES[language], person=person, permissions=["clipboard-read", "clipboard-write"])


def is_signed_with(secret: str, request: Received) -> bool:
    try:
        Webhook(secret).verify(request.body, dict(request.headers))
    except WebhookVerificationError:
        return False
    return True


def states(page: Page):
    """Of the latest deliveries, the newest first."""
    return page.locator("#latest tbody .status")


def make(visit, url: str) -> str:
    """An endpoint for that URL; its secret. Its page is open then."""
    visit.open("/webhooks/new/")
    visit.page.locator("[name=url]").fill(url)
    visit.page.locator("main").get_by_role("button", name="Add endpoint").click()
    secret = visit.page.locator("#new-secret").inner_text()
    visit.page.get_by_role("link", name="To this endpoint").click()
    visit.page.locator("#latest").wait_for()
    return secret


def create_by_keyboard(admin, url: str) -> str:
    """Tab, Enter and Space, from the empty list to the secret on the clipboard, which is returned."""
    page = admin.page
    admin.open("/webhooks/")
    admin.tab_to(page.get_by_role("link", name=gettext("Add endpoint")))
    admin.press("Enter")
    admin.tab_to(page.locator("[name=url]"))
    page.keyboard.type(url)
    admin.tab_to(page.locator("[name=description]"))
    page.keyboard.type("夜间 render")
    admin.tab_to(page.locator("[name=events][value='credits.low']"))
    admin.press("Space")
    admin.tab_to(page.locator("main").get_by_role("button", name=gettext("Add endpoint")))
    admin.press("Enter")
    expect(page.locator(".notice.secret")).to_be_focused()
    admin.tab_to(page.locator("[data-copy='#new-secret']"))
    admin.press("Enter")
    expect(page.locator("[data-copy='#new-secret']")).to_have_text(gettext("Copied"))
    return page.evaluate("navigator.clipboard.readText()")


def test_an_endpoint_lives_its_life_by_keyboard_alone(admin, language, receiver):
    page = admin.page
    secret = create_by_keyboard(admin, receiver.url("/hook"))
    assert secret == page.locator("#new-secret").inner_text()
    assert secret.startswith("whsec_")

    admin.tab_to(page.get_by_role("link", name=gettext("To this endpoint")))
    admin.press("Enter")
    expect(page.locator("h1")).to_have_text("夜间 render")
    assert secret not in page.content()

    admin.tab_to(page.locator("#send-test"))
    admin.press("Enter")
    expect(states(page)).to_have_text([gettext("Delivered")])
    assert [request.path for request in receiver.requests] == ["/hook"]
    assert is_signed_with(secret, receiver.requests[0])
    assert b'"event":"endpoint.test"' in receiver.requests[0].body

    admin.tab_to(page.locator("[name=grace]:checked"))
    admin.press("ArrowUp")
    admin.tab_to(page.locator("#secret").get_by_role("button", name=gettext("Rotate")))
    admin.press("Enter")
    expect(page.locator(".notice.secret")).to_be_focused()
    fresh = page.locator("#new-secret").inner_text()
    expect(page.locator("#secret .old-secret")).to_be_visible()
    page.reload()
    expect(page.locator("#new-secret")).to_have_count(0)
    admin.tab_to(page.locator("#send-test"))
    admin.press("Enter")
    expect(states(page)).to_have_text([gettext("Delivered")] * 2)
    assert [is_signed_with(each, receiver.requests[1]) for each in (secret, fresh)] == [True, True]

    admin.tab_to(page.get_by_role("button", name=gettext("Pause this endpoint")))
    admin.press("Enter")
    admin.notice(gettext("Paused. What happens now waits until you resume it."))
    admin.tab_to(page.locator("#send-test"))
    admin.press("Enter")
    expect(states(page).first).to_have_text(gettext("Pending"))
    assert len(receiver.requests) == 2

    page.reload()
    admin.tab_to(page.get_by_role("button", name=gettext("Resume")))
    admin.press("Enter")
    expect(states(page)).to_have_text([gettext("Delivered")] * 3)

    admin.tab_to(page.get_by_role("button", name=gettext("Delete this endpoint")))
    admin.press("Enter")
    expect(page.get_by_role("button", name=gettext("Cancel"))).to_be_focused()
    admin.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    admin.press("Enter")
    admin.tab_to(page.locator("dialog[open] .danger"))
    admin.press("Enter")
    admin.notice(gettext("The endpoint has been deleted."))
    expect(page.locator(".empty h2")).to_have_text(gettext("No endpoints yet"))
    assert len(receiver.requests) == 3


def test_an_endpoint_that_is_gone_is_disabled_before_ones_eyes_and_enabled_again(visit, person, receiver):  # C4, C5
    admin = visit(person=person)
    make(admin, receiver.url("/hook"))
    receiver.answers.append(answer(410))
    admin.page.locator("#send-test").click()

    expect(admin.page.locator("#state")).to_have_text("Disabled")
    expect(admin.page.locator("#care")).to_contain_text("It answered 410 Gone.")
    expect(admin.page.locator("#send-test")).to_have_count(0)
    here = admin.page.url
    admin.open("/gallery/")
    expect(admin.page.locator("main")).to_contain_text("1 webhook endpoint is disabled")
    admin.page.get_by_role("link", name="Look").click()
    expect(admin.page.locator(".endpoints .status")).to_have_text(["Disabled"])

    admin.page.goto(here)
    expect(admin.page.locator("#send-failed")).to_be_checked()
    admin.page.get_by_role("button", name="Enable again").click()
    admin.notice("1 delivery is sent again.")
    expect(states(admin.page)).to_have_text(["Delivered"])
    expect(admin.page.locator("#state")).to_have_text("In service")
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1


def test_what_is_typed_stays_while_deliveries_arrive(visit, person, receiver):
    admin = visit(person=person)
    make(admin, receiver.url("/hook"))
    admin.page.locator("[name=description]").fill("Half a des")

    other = admin.new_tab()
    other.goto(admin.page.url)
    other.locator("#send-test").click()

    expect(states(admin.page)).to_have_text(["Delivered"])
    assert admin.page.locator("[name=description]").input_value() == "Half a des"
    admin.page.get_by_role("button", name="Save").click()
    admin.notice("Saved.")


def test_a_rotation_that_is_sent_again_from_another_tab_makes_nothing(visit, person, receiver):
    admin = visit(person=person)
    make(admin, receiver.url("/hook"))
    stale = admin.new_tab()
    stale.goto(admin.page.url)
    for page in (admin.page, stale):
        page.locator("#secret form.rotate button").click()
        page.wait_for_selector(".notice.secret, .notice.warning")

    expect(stale.locator("#messages")).to_contain_text("That secret had been replaced already")
    expect(stale.locator("#new-secret")).to_have_count(0)


def test_the_secret_of_callback_urls_is_shown_and_rotated(visit, person):
    admin = visit(person=person)
    admin.open("/webhooks/")
    admin.page.get_by_role("button", name="Show the secret").click()
    secret = admin.page.locator("#signing-secret-value").inner_text()

    admin.page.locator("#signing-secret [name=grace][value='0']").check()
    admin.page.locator("#signing-secret").get_by_role("button", name="Rotate", exact=True).click()
    admin.confirm("Cancel")
    assert admin.page.locator("#signing-secret-value").inner_text() == secret
    admin.page.locator("#signing-secret [name=grace][value='604800']").check()
    admin.page.locator("#signing-secret").get_by_role("button", name="Rotate", exact=True).click()
    expect(admin.page.locator("#signing-secret .notice.secret")).to_be_visible()

    fresh = admin.page.locator("#signing-secret-value").inner_text()
    assert fresh.startswith("whsec_")
    assert fresh != secret
    expect(admin.page.locator("#signing-secret .old-secret")).to_contain_text("The old secret signs along until")


def test_without_javascript_an_endpoint_is_made_tried_and_deleted(visit, person, receiver):
    admin = visit(person=person, java_script_enabled=False)
    secret = make(admin, receiver.url("/hook"))
    admin.page.locator("#send-test").click()
    admin.notice("The test event is on its way.")
    wait_until(lambda: receiver.requests, seconds=30)
    assert is_signed_with(secret, receiver.requests[0])
    wait_until(lambda: _reloaded(admin.page, "Delivered"), seconds=30)

    admin.page.get_by_role("button", name="Delete this endpoint").click()
    expect(admin.page.locator("h1")).to_contain_text("Delete 127.0.0.1")
    admin.page.get_by_role("button", name="Delete").click()
    admin.notice("The endpoint has been deleted.")


def _reloaded(page: Page, word: str) -> bool:
    page.reload()
    return word in page.locator("#latest").inner_text()
