"""A team in several browsers at once: joining, roles, caps, going, and the end of it."""

import re

import httpx
import pytest
from django.utils.translation import gettext
from playwright.sync_api import expect

from accounts.models import Role
from tests.browser.joining import invite, join, link_for
from tests.browser.visits import LANGUAGES, Visit


@pytest.fixture
def owner(visit, language, person):
    return visit(locale=LANGUAGES[language], person=person)


def row_of(owner: Visit, address: str):
    return owner.page.locator("#members tbody tr").filter(has_text=address)


def open_member(owner: Visit, address: str) -> None:
    owner.open("/team/")
    row_of(owner, address).locator("td.name a").click()
    expect(owner.page.locator("main")).to_contain_text(address)


def switch_to(page, team: str) -> None:
    page.locator(".team-card button").click()
    page.locator("#team-menu").get_by_role("button", name=team).click()
    expect(page.locator(".team-card button")).to_contain_text(team)


def test_someone_is_invited_joins_and_is_listed(owner, visit, language, person):
    address = f"joins-{language}-{person.team_id}@example.com"
    invite(owner, address)
    expect(owner.page.locator("#invitations")).to_contain_text(address)

    joiner = visit(locale=LANGUAGES[language], signed_in=False)
    join(joiner, address)
    welcome = gettext("Welcome to %(team)s. Your role here: %(role)s.")
    joiner.notice(welcome % {"team": person.team, "role": Role.MEMBER.label})
    expect(joiner.page.locator(".team-card button")).to_contain_text(person.team)

    owner.open("/team/")
    expect(owner.page.locator("#invitations")).to_have_count(0)
    expect(row_of(owner, address)).to_contain_text(str(Role.MEMBER.label))
    joiner.open("/team/")
    expect(joiner.page.locator("#members tbody tr")).to_have_count(2)
    expect(joiner.page.locator("#members a")).to_have_count(0)


def test_a_link_works_once_and_for_its_address_alone(visit, person, everyone):
    owner, other = visit(person=person), visit(person=next(everyone))
    address = f"once-{person.team_id}@example.com"
    invite(owner, address)
    link = link_for(other, address)

    other.open(link)
    expect(other.page.locator("main")).to_contain_text(f"This invitation is for {address}")
    expect(other.page.get_by_role("button", name="Join the team")).to_have_count(0)
    join(visit(signed_in=False), address)
    other.open(link)
    expect(other.page.locator("h1")).to_have_text("This invitation was used")
    other.expected("410")


def test_a_member_s_role_cap_and_end_are_felt_at_once(visit, person):
    owner, member = visit(person=person), visit(signed_in=False)
    address = f"felt-{person.team_id}@example.com"
    invite(owner, address, role="viewer")
    join(member, address)
    expect(member.page.get_by_role("link", name="Create", exact=True)).to_have_count(0)

    open_member(owner, address)
    owner.page.locator("[name=role][value=member]").check()
    owner.page.get_by_role("button", name="Save role").click()
    owner.notice("Saved.")
    expect(member.page.locator(".rail").get_by_role("link", name="Create")).to_be_visible()

    owner.page.locator("[name=monthly]").fill("12")
    owner.page.get_by_role("button", name="Save caps").click()
    owner.notice("Saved.")
    member.open("/team/")
    expect(member.page.locator("section[aria-labelledby=own-title]")).to_contain_text("12 credits left")

    member.open("/gallery/")
    owner.page.get_by_role("button", name="Remove from the team").click()
    owner.confirm("Remove")
    owner.arrive("/team/")
    expect(row_of(owner, address)).to_have_count(0)
    expect(member.page.locator(".team-card button")).not_to_contain_text(person.team)
    expect(member.page.locator("article.frame")).to_have_count(0)


def test_a_team_is_transferred_and_left(visit, person):
    owner, heir = visit(person=person), visit(signed_in=False)
    address = f"heir-{person.team_id}@example.com"
    owner.open("/team/")
    expect(owner.page.locator("main")).to_contain_text("You are its only owner, so you cannot simply leave.")
    invite(owner, address)
    join(heir, address)

    open_member(owner, address)
    owner.page.get_by_role("button", name="Transfer the team to them").click()
    owner.confirm("Transfer")
    owner.notice("is an owner now, and you are an admin.")
    expect(row_of(owner, address)).to_contain_text("Owner")
    expect(row_of(owner, person.email)).to_contain_text("Admin")
    owner.page.get_by_role("button", name="Leave the team").click()
    owner.confirm("Leave")
    owner.notice(f"You have left {person.team}.")

    heir.open("/team/")
    expect(row_of(heir, address)).to_contain_text("Owner")
    expect(row_of(heir, person.email)).to_have_count(0)


def second_team(visit: Visit, name: str) -> None:
    visit.open("/team/new/")
    visit.page.locator("main [name=name]").fill(name)
    visit.page.get_by_role("button", name="Make the team").click()
    visit.notice(f"{name} is there.")


def test_a_tab_of_another_team_changes_nothing_and_loads_itself_anew(visit, person):
    first = visit(person=person)
    second_team(first, "Second & <b>best</b>")
    switch_to(first.page, person.team)
    first.open("/create/")
    first.page.locator("[name=prompt]").fill("For the first team")
    settings = first.new_tab()
    settings.goto(f"{first.stack.url}/team/settings/")
    other = first.new_tab()
    other.goto(f"{first.stack.url}/gallery/")
    switch_to(other, "Second & <b>best</b>")

    with first.page.expect_navigation():
        first.page.locator("#generate").click()
    expect(first.page.locator(".team-card button")).to_contain_text("Second & <b>best</b>")
    settings.locator("main [name=name]").fill("Renamed by mistake")
    settings.get_by_role("button", name="Save").click()
    expect(settings.locator("h1")).to_have_text("That page was of another team")

    other.goto(f"{first.stack.url}/team/")
    expect(other.locator("h1")).to_have_text("Second & <b>best</b>")
    switch_to(other, person.team)
    other.goto(f"{first.stack.url}/gallery/")
    expect(other.locator("article.frame")).to_have_count(0)
    first.expected("409")


@pytest.mark.parametrize(("path", "field"), [("/credits/buy/", "code"), ("/keys/new/", "name")])
def test_without_javascript_too_a_page_of_another_team_changes_nothing(visit, person, path, field, running_stack):
    first = visit(person=person, java_script_enabled=False)
    second_team(first, "Second")
    first.open(path)
    first.page.locator(f"main [name={field}]").fill("anything")
    other = first.new_tab()
    other.goto(f"{running_stack.url}/account/")
    switch_to(other, person.team)

    first.page.locator(f"main [name={field}]").press("Enter")

    expect(first.page.locator("h1")).to_have_text("That page was of another team")
    first.expected("409")


def test_a_team_is_closed_by_its_name_and_everything_lets_go_of_it(visit, person, running_stack):
    owner = visit(person=person)
    headers = {"Authorization": f"Bearer {person.api_key}"}
    asked = {"prompt": "to be gone", "resolution": "480p"}
    httpx.post(f"{running_stack.url}/api/v1/generations", headers=headers, json=asked).raise_for_status()
    owner.expect_status("to be gone", "completed")
    media = owner.page.locator("article.frame img").first.get_attribute("src")
    second_team(owner, "What remains")
    switch_to(owner.page, person.team)

    owner.open("/team/close/")
    for typed, refused in (("What remains", True), (f"  {person.team} ", False)):
        owner.page.locator("main [name=name]").fill(typed)
        owner.page.get_by_role("button", name="Close the team for good").click()
        if refused:
            expect(owner.page.locator(".errorlist")).to_have_text("That is not the name of this team.")
            owner.expected("422")
    owner.notice(f"{person.team} is being closed.")

    expect(owner.page.locator(".team-card button")).to_contain_text("What remains")
    owner.page.locator(".team-card button").click()
    expect(owner.page.locator("#team-menu li")).to_have_count(1)
    expect(owner.page.locator("article.frame")).to_have_count(0)
    assert httpx.get(f"{running_stack.url}/api/v1/credits", headers=headers).status_code == 401
    assert owner.context.request.get(f"{running_stack.url}{media}").status == 410


def test_a_long_name_from_right_to_left_starts_where_the_column_does(visit, person):
    owner = visit(person=person)
    owner.open("/team/")
    name = owner.page.locator("#members td.name bdi").first
    name.evaluate("element => { element.textContent = 'مريم '.repeat(60); }")

    lefts = name.evaluate(
        """element => {
            const lines = document.createRange();
            lines.selectNodeContents(element);
            return [...lines.getClientRects()].map(each => each.left - element.getBoundingClientRect().left);
        }"""
    )

    assert name.evaluate("element => getComputedStyle(element).direction") == "rtl"
    assert max(lefts[:2]) < 2  # the last that is shown ends in an ellipsis


def test_a_label_stays_whole_beside_a_long_name_on_a_phone(visit, person):
    reader = visit(person=person, viewport={"width": 375, "height": 667})
    reader.open("/account/")
    rows = reader.page.locator(".rows").first
    rows.locator("dd bdi").last.evaluate("element => { element.textContent = '漫长的团队名称'.repeat(12); }")
    rows.locator("dt").last.evaluate("element => { element.textContent = '所属团队'; }")

    lines = rows.locator("dt").last.evaluate(
        """element => {
            const text = document.createRange();
            text.selectNodeContents(element);
            return text.getClientRects().length;
        }"""
    )

    assert lines == 1
    assert reader.page.evaluate("document.documentElement.scrollWidth") <= 375


def test_members_are_searched_as_one_types(visit, person, running_stack):
    owner = visit(person=person)
    owner.open("/team/")
    expect(owner.page.locator(".search")).to_have_count(0)
    invite(owner, *(f"many{number}-{person.team_id}@example.com" for number in range(8)))
    expect(owner.page.locator("#invitations tbody tr")).to_have_count(8)
    first = owner.page.locator("#invitations tbody tr").first
    address = first.locator("td.name").inner_text()
    first.get_by_role("button", name=re.compile("^Revoke")).click()
    owner.notice(f"The invitation of {address} was revoked.")
    expect(owner.page.locator("#invitations tbody tr")).to_have_count(7)
