"""A key from its making to its end, by keyboard alone, and what it opens meanwhile."""

import httpx
import pytest
from django.utils.translation import gettext
from playwright.sync_api import expect

from tests.browser.visits import LANGUAGES


def answer_to(stack, secret: str) -> int:
    headers = {"Authorization": f"Bearer {secret}"}
    return httpx.get(f"{stack.url}/api/v1/credits", headers=headers).status_code


@pytest.fixture
def admin(visit, language, person):
    return visit(locale=LANGUAGES[language], person=person, permissions=["clipboard-read", "clipboard-write"])


def create_by_keyboard(admin, name: str) -> str:
    """Tab, Enter and Space, from the list of keys to the secret on the clipboard, which is returned."""
    page = admin.page
    admin.open("/keys/")
    admin.tab_to(page.get_by_role("link", name=gettext("Create key")))
    admin.press("Enter")
    admin.tab_to(page.locator("[name=name]"))
    page.keyboard.type(name)
    admin.tab_to(page.locator("[name=scopes][value=manage]"))
    admin.press("Space")
    admin.tab_to(page.locator("[name=monthly_budget_credits]"))
    page.keyboard.type("250")
    admin.tab_to(page.locator("summary"))
    admin.press("Enter")
    admin.tab_to(page.locator("[name=max_in_progress]"))
    page.keyboard.type("3")
    admin.tab_to(page.locator("main").get_by_role("button", name=gettext("Create key")))
    admin.press("Enter")
    expect(page.locator(".notice.secret")).to_be_focused()
    admin.tab_to(page.locator("[data-copy='#new-key']"))
    admin.press("Enter")
    expect(page.locator("[data-copy='#new-key']")).to_have_text(gettext("Copied"))
    return page.evaluate("navigator.clipboard.readText()")


def test_a_key_lives_its_life_by_keyboard_alone(admin, language, running_stack):
    page = admin.page
    secret = create_by_keyboard(admin, "夜间 render")
    assert secret.startswith("sk-video-")
    assert secret == page.locator("#new-key").inner_text()
    assert answer_to(running_stack, secret) == 200

    admin.tab_to(page.get_by_role("link", name=gettext("To this key")))
    admin.press("Enter")
    expect(page.locator("h1")).to_have_text("夜间 render")
    expect(page.locator("main")).to_contain_text("250")
    assert secret not in page.content()

    admin.tab_to(page.locator("[name=grace]:checked"))
    admin.press("ArrowUp")
    expect(page.locator("[name=grace]:checked")).to_have_value("3600")
    admin.tab_to(page.get_by_role("button", name=gettext("Rotate")))
    admin.press("Enter")
    expect(page.locator(".notice.secret")).to_be_focused()
    fresh = page.locator("#new-key").inner_text()
    assert fresh != secret
    assert [answer_to(running_stack, each) for each in (secret, fresh)] == [200, 200]
    expect(page.locator(".secrets .status")).to_have_text([gettext("Current"), gettext("Old")])

    page.reload()
    expect(page.locator("#new-key")).to_have_count(0)
    expect(page.locator(".secrets .status")).to_have_text([gettext("Current"), gettext("Old")])

    admin.tab_to(page.get_by_role("button", name=gettext("Revoke this key")))
    admin.press("Enter")
    expect(page.get_by_role("button", name=gettext("Cancel"))).to_be_focused()
    admin.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    assert answer_to(running_stack, fresh) == 200
    expect(page.get_by_role("button", name=gettext("Revoke this key"))).to_be_focused()
    admin.press("Enter")
    admin.tab_to(page.locator("dialog[open] .danger"))
    admin.press("Enter")
    admin.notice(gettext("The key has been revoked."))
    assert [answer_to(running_stack, each) for each in (secret, fresh)] == [401, 401]


def test_a_rotation_that_is_sent_again_from_another_tab_makes_nothing(visit, person):
    admin = visit(person=person)
    admin.open("/keys/")
    admin.page.locator("td.name a").first.click()
    stale = admin.new_tab()
    stale.goto(admin.page.url)
    for page in (admin.page, stale):
        page.get_by_role("button", name="Rotate").click()
        page.wait_for_selector(".notice.secret, .notice.warning")

    expect(stale.locator("#messages")).to_contain_text("That secret had been replaced already")
    expect(stale.locator("#new-key")).to_have_count(0)
    expect(stale.locator(".secrets .status")).to_have_text(["Current", "Old"])


def test_a_rotation_that_ends_the_present_secret_at_once_is_asked_before(visit, person, running_stack):
    admin = visit(person=person)
    admin.open("/keys/")
    admin.page.locator("td.name a").first.click()
    admin.page.locator("[name=grace][value='0']").check()
    admin.page.get_by_role("button", name="Rotate", exact=True).click()
    admin.confirm("Cancel")
    assert answer_to(running_stack, person.api_key) == 200

    admin.page.get_by_role("button", name="Rotate", exact=True).click()
    admin.confirm("Rotate and end now")
    fresh = admin.page.locator("#new-key").inner_text()

    assert [answer_to(running_stack, each) for each in (person.api_key, fresh)] == [401, 200]


def test_an_old_secret_ends_when_it_is_told_to(visit, person, running_stack):
    admin = visit(person=person)
    admin.open("/keys/")
    admin.page.locator("td.name a").first.click()
    admin.page.get_by_role("button", name="Rotate").click()
    fresh = admin.page.locator("#new-key").inner_text()
    assert [answer_to(running_stack, each) for each in (person.api_key, fresh)] == [200, 200]

    admin.page.get_by_role("button", name="End the old secret now").click()
    admin.confirm("End now")
    admin.notice("Only the current secret works now.")

    assert [answer_to(running_stack, each) for each in (person.api_key, fresh)] == [401, 200]


def test_settings_of_a_key_that_are_wrong_are_said_beside_their_fields(visit, person):
    admin = visit(person=person)
    admin.open("/keys/")
    admin.page.locator("td.name a").first.click()
    admin.page.locator("[name=networks]").fill("not an address")
    admin.page.get_by_role("button", name="Save").click()

    expect(admin.page.locator("main [role=alert]").first).to_contain_text("Nothing was changed")
    expect(admin.page.locator("[name=networks]")).to_be_focused()
    assert admin.page.locator("[name=networks]").input_value() == "not an address"
    admin.expected("422")


def test_without_javascript_a_key_is_made_and_revoked(visit, person, running_stack):
    admin = visit(person=person, java_script_enabled=False)
    admin.open("/keys/new/")
    admin.page.locator("[name=name]").fill("Plain")
    admin.page.locator("main").get_by_role("button", name="Create key").click()
    secret = admin.page.locator("#new-key").inner_text()
    assert answer_to(running_stack, secret) == 200

    admin.page.get_by_role("link", name="To this key").click()
    admin.page.get_by_role("button", name="Revoke this key").click()
    expect(admin.page.locator("h1")).to_have_text("Revoke Plain?")
    assert answer_to(running_stack, secret) == 200
    admin.page.get_by_role("button", name="Revoke").click()
    admin.notice("The key has been revoked.")
    assert answer_to(running_stack, secret) == 401
