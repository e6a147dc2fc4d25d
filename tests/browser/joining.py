"""How someone comes into a team: invited on its page, by the link of the mail, with a new account."""

from django.utils.translation import gettext
from playwright.sync_api import expect

from tests.browser.people import PASSWORD
from tests.browser.visits import Visit


def invite(owner: Visit, *addresses: str, role: str = "member") -> None:
    owner.open("/team/invite/")
    owner.page.locator("[name=addresses]").fill("\n".join(addresses))
    owner.page.locator(f"[name=role][value={role}]").check()
    owner.page.get_by_role("button", name=gettext("Send invitations")).click()
    owner.arrive("/team/")


def link_for(visit: Visit, address: str) -> str:
    """The path of the link in the newest mail to this address, as the mailbox shows it."""
    visit.open("/mail/")
    letter = visit.page.locator("article.letter").filter(has_text=address).first
    return "/" + letter.get_by_role("link", name="/invitations/").get_attribute("href").split("/", 3)[3]


def join(visit: Visit, address: str) -> None:
    """Sign up from the link of the mail, and join."""
    visit.open(link_for(visit, address))
    visit.page.get_by_role("link", name=gettext("Create account")).click()
    expect(visit.page.locator("[name=email]")).to_have_value(address)
    visit.page.locator("[name=password1]").fill(PASSWORD)
    visit.page.locator("[name=password1]").press("Enter")
    visit.page.get_by_role("button", name=gettext("Join the team")).click()
    visit.arrive("/gallery/")
