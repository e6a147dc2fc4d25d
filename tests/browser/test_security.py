"""Signing in with more than a password, and seeing and ending what is signed in."""

import re
import time
from urllib.parse import urlsplit

from django.utils.translation import gettext
from playwright.sync_api import expect

from tests.browser.codes import code_of
from tests.browser.furnishing import TOTP_SECRET
from tests.browser.joining import invite, join
from tests.browser.people import PASSWORD, Person
from tests.browser.visits import LANGUAGES, Visit

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"
NOTICED_SECONDS = 5


def set_up_app(visit: Visit) -> tuple[str, list[str]]:
    """From the account's page to an app that is on. Returns its secret and the recovery codes."""
    page = visit.page
    visit.open("/account/")
    page.get_by_role("link", name=gettext("Set up")).click()
    visit.arrive("/sign/two-factor/")
    page.get_by_role("link", name=gettext("Set up")).click()
    visit.arrive("/sign/reauthenticate/")
    visit.confirm_password(PASSWORD)
    secret = page.locator("#totp-secret").inner_text()
    page.locator("[name=code]").fill(code_of(secret))
    page.locator("[name=code]").press("Enter")
    visit.arrive("/sign/two-factor/recovery-codes/")
    return secret, page.locator("#recovery-codes code").all_inner_texts()


def enter_code(visit: Visit, code: str) -> None:
    visit.page.locator("[name=code]").fill(code)
    with visit.page.expect_navigation():
        visit.page.locator("[name=code]").press("Enter")


def sign_out(visit: Visit) -> None:
    visit.open("/account/")
    visit.page.locator("main").get_by_role("button", name=gettext("Sign out")).click()
    visit.arrive("/sign/login/")


def add_authenticator(visit: Visit):
    """A virtual one, which answers for a present and recognised person."""
    session = visit.context.new_cdp_session(visit.page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    authenticator = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return session, authenticator["authenticatorId"]


def test_an_app_is_set_up_and_signs_in_and_a_recovery_code_does_once(visit, language, person):
    maker = visit(locale=LANGUAGES[language], person=person)
    secret, codes = set_up_app(maker)
    assert len(codes) == len(set(codes)) == 10
    with maker.page.expect_download() as download:
        maker.page.get_by_role("link", name=gettext("Download")).click()
    assert all(code in download.value.path().read_text() for code in codes)

    for code in codes[:2]:
        sign_out(maker)
        maker.sign_in(person.email, person.password, to="/sign/two-factor/authenticate/")
        for wrong in ("000000", codes[0]) if code == codes[1] else ("000000",):
            enter_code(maker, wrong)
            expect(maker.page.locator(".errorlist")).to_be_visible()
        enter_code(maker, code)
        maker.arrive("/gallery/")

    maker.open("/sign/two-factor/")
    expect(maker.page.locator("main")).to_contain_text("8")
    assert secret not in maker.page.content()


def test_the_code_of_the_app_signs_in(visit, furnished):
    """Of one that was set up before: the code that sets it up is used, and the next one is half a minute away."""
    person = Person(**furnished.with_app)
    maker = visit(signed_in=False)
    maker.sign_in(person.email, person.password, to="/sign/two-factor/authenticate/")
    enter_code(maker, code_of(TOTP_SECRET))
    maker.arrive("/gallery/")


def test_a_passkey_is_added_and_signs_in_alone(visit, person):
    maker = visit(person=person)
    add_authenticator(maker)
    maker.open("/sign/two-factor/webauthn/add/")
    maker.confirm_password(PASSWORD)
    maker.page.locator("[name=name]").fill("<b>Laptop</b>")
    maker.page.locator("#mfa_webauthn_add").click()
    maker.arrive("/sign/two-factor/recovery-codes/")
    maker.open("/sign/two-factor/webauthn/")
    expect(maker.page.locator(".ways .name")).to_have_text("<b>Laptop</b>")

    sign_out(maker)
    maker.page.locator("#passkey_login").click()
    maker.arrive("/gallery/")
    maker.open("/account/")
    expect(maker.page.locator("main")).to_contain_text(person.email)

    # and after the password, as the second step
    sign_out(maker)
    maker.sign_in(person.email, person.password, to="/sign/two-factor/authenticate/")
    maker.page.locator("#mfa_webauthn_authenticate").click()
    maker.arrive("/gallery/")


def test_who_signs_out_is_not_sent_back_by_the_page_that_notices(visit, person):
    """The answer is on its way for longer than the open page needs to hear that it is signed out."""
    maker = visit(person=person)
    maker.open("/account/")

    def hold(route):
        response = route.fetch(max_redirects=0)
        time.sleep(NOTICED_SECONDS)
        route.fulfill(response=response)

    maker.page.route("**/sign/logout/", hold)
    maker.page.locator("main").get_by_role("button", name="Sign out").click()
    maker.arrive("/sign/login/")
    assert urlsplit(maker.page.url).query == "next=/gallery/"  # and not back to the page that one has left


def test_a_page_that_answered_a_form_does_not_send_it_again_when_it_starts_anew(visit, person):
    maker = visit(person=person)
    maker.open("/team/close/")
    maker.page.locator("main [name=name]").fill("Another")
    maker.page.get_by_role("button", name="Close the team for good").click()
    expect(maker.page.locator(".errorlist")).to_be_visible()
    maker.expected("422")
    sent = []
    maker.page.on("request", lambda request: sent.append(request.method) if request.is_navigation_request() else None)

    other = maker.new_tab()
    other.goto(f"{maker.stack.url}/account/")
    other.locator("main").get_by_role("button", name="Sign out").click()

    maker.arrive("/sign/login/")
    assert set(sent) == {"GET"}


def test_a_passkey_that_is_refused_is_said_in_words(visit, person):
    maker = visit(person=person)
    session, id = add_authenticator(maker)
    session.send("WebAuthn.setUserVerified", {"authenticatorId": id, "isUserVerified": False})
    maker.open("/sign/two-factor/webauthn/add/")
    maker.confirm_password(PASSWORD)
    maker.page.locator("#mfa_webauthn_add").click()
    expect(maker.page.locator("#passkey-failed")).to_be_visible()
    expect(maker.page.locator("#passkey-failed")).to_contain_text("The passkey was not used.")
    maker.open("/sign/two-factor/webauthn/")
    expect(maker.page.locator("main")).to_contain_text("You have none yet.")


def test_a_team_that_asks_for_two_factors_leads_there_and_opens_again(visit, language, person):
    owner, member = (visit(locale=LANGUAGES[language], **given) for given in ({"person": person}, {"signed_in": False}))
    address = f"second-{person.team_id}@example.com"
    invite(owner, address)
    join(member, address)
    set_up_app(owner)
    owner.open("/team/settings/")
    owner.page.locator("[name=requires_two_factor]").check()
    owner.page.get_by_role("button", name=gettext("Save")).click()
    owner.notice(gettext("Saved."))

    member.arrive("/sign/two-factor/")  # by itself: its live page has noticed
    asked = gettext("%(team)s asks its members for two-factor sign-in. Set it up here, and the team opens again.")
    member.notice(asked % {"team": person.team})
    member.open("/team/")
    member.arrive("/sign/two-factor/")
    member.open("/account/")
    expect(member.page.locator("h1")).to_have_text(gettext("Account"))

    set_up_app(member)
    member.open("/gallery/")
    expect(member.page.locator(".team-card button")).to_contain_text(person.team)


def test_sessions_are_listed_and_ended_and_a_new_password_ends_the_others(visit, person):
    here, there = visit(signed_in=False), visit(signed_in=False, user_agent=FIREFOX)
    for each in (here, there):
        each.sign_in(person.email, person.password)
    here.open("/account/sessions/")
    rows = here.page.locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("This one")
    expect(rows.nth(1)).to_contain_text("Firefox")

    rows.nth(1).get_by_role("button", name=re.compile("^End")).click()
    here.confirm("End it")
    here.notice("The session was ended.")
    expect(rows).to_have_count(1)
    expect(there.page).to_have_url(re.compile("/sign/login/"))  # its live page has noticed

    there.sign_in(person.email, PASSWORD)
    here.open("/account/")
    here.page.get_by_role("link", name="Change Password").click()
    here.page.locator("[name=oldpassword]").fill(PASSWORD)
    for field in ("password1", "password2"):
        here.page.locator(f"[name={field}]").fill("another long pass phrase")
    here.page.get_by_role("button", name="Change password").click()
    here.arrive("/account/")
    expect(there.page).to_have_url(re.compile("/sign/login/"))
    here.open("/account/sessions/")
    expect(rows).to_have_count(1)
    there.sign_in(person.email, "another long pass phrase")
