"""Two-factor sign-in, through its pages."""

import json
import re
import time
from datetime import UTC, datetime
from pathlib import Path

import allauth
import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.cache.backends import db as database_cache
from django.test import Client

from accounts.models import AuditAction, AuditEntry, Role
from project.env import ROOT
from tests.factories import make_member, make_team
from tests.passkeys import Passkey, options_in
from tests.signing_in import (
    ACTIVATE,
    ADD_PASSKEY,
    CODE,
    PASSKEY_LOGIN,
    RECOVERY_CODES,
    code_of,
    confirm,
    enter,
    fresh_code,
    make_person,
    recovery_codes_of,
    signed_in,
    with_app,
    with_passkey,
)

INDEX = "/sign/two-factor/"
DEACTIVATE = "/sign/two-factor/totp/deactivate/"
PASSKEYS = "/sign/two-factor/webauthn/"
NOTHING_INLINE = re.compile(r'<style|<script(?![^>]*(?:\ssrc=|type="application/json"))|\sstyle=|\son\w+=')


pytestmark = pytest.mark.usefixtures("quick_passwords", "fresh_counts")


@pytest.fixture
def user(db):
    return make_person()


def is_in(client):
    return client.get("/account/").status_code == 200


def audited(action):
    return list(AuditEntry.objects.filter(action=action).order_by("pk").values_list("detail", flat=True))


def test_with_an_app_the_password_alone_lets_nobody_in(user):
    secret = with_app(signed_in(user))
    browser = Client()

    answer = enter(browser, user.email)

    assert answer.url == CODE
    assert not is_in(browser)
    browser.post(CODE, {"code": code_of(secret)})
    assert is_in(browser)


def test_a_code_works_once(user):
    secret = with_app(signed_in(user))
    code, first, second = code_of(secret), Client(), Client()
    for browser in (first, second):
        enter(browser, user.email)

    first.post(CODE, {"code": code})
    second.post(CODE, {"code": code})

    assert (is_in(first), is_in(second)) == (True, False)


@pytest.fixture
def clock(monkeypatch):
    """What the app and we take for the time, in the middle of a half-minute; the cache forgets by it too."""

    class Clock:
        now = time.time() // 30 * 30 + 15

    monkeypatch.setattr(time, "time", lambda: Clock.now)
    monkeypatch.setattr(database_cache, "tz_now", lambda: datetime.fromtimestamp(Clock.now, UTC))
    return Clock


def enters(user, code):
    browser = Client()
    enter(browser, user.email)
    browser.post(CODE, {"code": code})
    return is_in(browser)


@pytest.mark.parametrize(("steps", "works"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_may_be_a_step_late_or_early(user, clock, steps, works):
    secret = with_app(signed_in(user))

    assert enters(user, code_of(secret, at=clock.now + 30 * steps)) is works


@pytest.mark.parametrize("later", [20, 31, 45, 74])
def test_a_code_works_once_in_all_of_the_time_that_it_is_good_for(user, clock, later):
    secret = with_app(signed_in(user))
    code = code_of(secret, at=clock.now + 30)
    assert enters(user, code)

    clock.now += later

    assert not enters(user, code)
    assert enters(user, code_of(secret, at=clock.now + 30))


def test_the_secret_is_shown_as_a_picture_and_typed_out(user):
    browser = signed_in(user)
    confirm(browser)

    page = browser.get(ACTIVATE).content.decode()

    assert 'src="data:image/svg+xml;base64,' in page
    assert re.search(r'<code id="totp-secret">[A-Z2-7]{32}</code>', page)


def test_a_wrong_code_turns_nothing_on(user):
    browser = signed_in(user)
    confirm(browser)
    browser.get(ACTIVATE)

    page = browser.post(ACTIVATE, {"code": "000000"})

    assert "Incorrect code" in page.content.decode()
    assert not Authenticator.objects.exists()


@pytest.mark.parametrize("path", [ACTIVATE, ADD_PASSKEY])
def test_setting_up_asks_for_the_password_again(user, path):
    answer = signed_in(user).get(path)

    assert answer.status_code == 302
    assert answer.url.startswith("/sign/reauthenticate/?next=")


@pytest.mark.parametrize(
    "path", [DEACTIVATE, RECOVERY_CODES, RECOVERY_CODES + "generate/", RECOVERY_CODES + "download/"]
)
def test_codes_are_shown_and_the_app_turned_off_only_to_who_has_just_shown_who_they_are(user, path):
    secret = with_app(signed_in(user))
    browser = Client()
    enter(browser, user.email)
    browser.post(CODE, {"code": fresh_code(secret)})

    answers = [browser.get(path), browser.post(path)]

    assert all(answer.status_code in (302, 405) for answer in answers)
    assert Authenticator.objects.filter(user=user).count() == 2


def test_a_recovery_code_lets_in_once(user):
    with_app(signed_in(user))
    code = recovery_codes_of(user)[3]
    first, second = Client(), Client()
    for browser in (first, second):
        enter(browser, user.email)
        browser.post(CODE, {"code": code})

    assert (is_in(first), is_in(second)) == (True, False)
    assert code not in recovery_codes_of(user)
    assert len(recovery_codes_of(user)) == 9


def test_recovery_codes_are_shown_downloaded_and_made_anew(user):
    browser = signed_in(user)
    with_app(browser)
    codes = recovery_codes_of(user)

    shown = browser.get(RECOVERY_CODES).content.decode()
    file = browser.get(RECOVERY_CODES + "download/")
    browser.post(RECOVERY_CODES + "generate/")

    assert all(f"<code>{code}</code>" in shown for code in codes)
    assert file.content.decode().split() == codes
    assert not set(codes) & set(recovery_codes_of(user))


def test_nobody_sees_anothers_recovery_codes(user):
    with_app(signed_in(user))
    eve = signed_in(make_person("eve@example.com"))
    confirm(eve)

    assert [eve.get(RECOVERY_CODES).status_code, eve.get(RECOVERY_CODES + "download/").status_code] == [404, 404]


def test_pages_with_secrets_are_kept_by_no_cache(user):  # B8
    browser = signed_in(user)
    confirm(browser)
    activate = browser.get(ACTIVATE)
    with_app(browser)

    answers = [activate, browser.get(RECOVERY_CODES), browser.get(RECOVERY_CODES + "download/"), browser.get(INDEX)]

    assert all("no-store" in answer.headers["Cache-Control"] for answer in answers)


def test_a_passkey_is_the_second_step(user):
    passkey = with_passkey(signed_in(user))
    browser = Client()
    enter(browser, user.email)

    browser.post(CODE, {"credential": passkey.get(options_in(browser.get(CODE)))})

    assert is_in(browser)


def test_a_passkey_signs_in_alone(user):
    passkey = with_passkey(signed_in(user))
    browser = Client()
    options = browser.get(PASSKEY_LOGIN, headers={"Accept": "application/json"}).json()["request_options"]

    answer = browser.post(PASSKEY_LOGIN, {"credential": passkey.get(options)})

    assert (answer.status_code, answer.url) == (302, "/")
    assert is_in(browser)
    assert audited(AuditAction.SIGNED_IN)[-1] == {"method": "webauthn"}


@pytest.mark.parametrize("fault", ["another key", "another origin", "another challenge", "nobody", "list", "text"])
def test_what_no_passkey_of_ours_has_signed_lets_nobody_in(user, fault):
    passkey = with_passkey(signed_in(user))
    browser = Client()
    options = browser.get(PASSKEY_LOGIN, headers={"Accept": "application/json"}).json()["request_options"]
    if fault == "another key":
        stranger = Passkey()
        stranger.credential_id, stranger.user_handle = passkey.credential_id, passkey.user_handle
        passkey = stranger
    elif fault == "another origin":
        passkey.origin = "https://filmgate.example.org"
    elif fault == "another challenge":
        options["publicKey"]["challenge"] = "AAAA"
    elif fault == "nobody":
        passkey.user_handle = "bm9ib2R5"
    credential = {"list": "[]", "text": '"x"'}.get(fault) or passkey.get(options)

    answer = browser.post(PASSKEY_LOGIN, {"credential": credential})

    assert (answer.status_code, answer.url) == (302, "/sign/login/")
    assert not is_in(browser)


def test_a_passkey_answer_works_once(user):
    passkey = with_passkey(signed_in(user))
    browser = Client()
    options = browser.get(PASSKEY_LOGIN, headers={"Accept": "application/json"}).json()["request_options"]
    answer = passkey.get(options)
    browser.post(PASSKEY_LOGIN, {"credential": answer})
    browser.post("/sign/logout/")

    browser.post(PASSKEY_LOGIN, {"credential": answer})

    assert not is_in(browser)


def test_passkeys_belong_to_the_public_address_whatever_host_was_asked(user, settings):
    settings.PUBLIC_URL = "https://filmgate.example.com"
    browser = signed_in(user)
    confirm(browser)

    options = options_in(browser.get(ADD_PASSKEY))["publicKey"]

    assert options["rp"] == {"id": "filmgate.example.com", "name": "Filmgate"}
    assert options["user"]["name"] == user.email


def test_a_passkey_is_renamed_and_removed(user):
    browser = signed_in(user)
    with_passkey(browser, name="Old phone")
    key = Authenticator.objects.get(type="webauthn")

    browser.post(f"{PASSKEYS}keys/{key.pk}/edit/", {"name": "<b>New phone</b>"})
    page = browser.get(PASSKEYS).content.decode()
    browser.post(f"{PASSKEYS}keys/{key.pk}/remove/")

    assert "&lt;b&gt;New phone&lt;/b&gt;" in page
    assert not Authenticator.objects.filter(user=user).exists()  # recovery codes go with the last of them


@pytest.mark.parametrize("act", ["edit", "remove"])
def test_anothers_passkey_is_not_found(user, act):  # A1
    with_passkey(signed_in(user))
    key = Authenticator.objects.get(type="webauthn")
    eve = signed_in(make_person("eve@example.com"))
    confirm(eve)

    answers = [eve.get(f"{PASSKEYS}keys/{key.pk}/{act}/"), eve.post(f"{PASSKEYS}keys/{key.pk}/{act}/", {"name": "x"})]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert Authenticator.objects.get(pk=key.pk).wrap().name == "My phone"


def test_a_name_that_is_too_long_is_refused(user):
    browser = signed_in(user)
    with_passkey(browser)
    key = Authenticator.objects.get(type="webauthn")

    page = browser.post(f"{PASSKEYS}keys/{key.pk}/edit/", {"name": "x" * 61})

    assert 'aria-invalid="true"' in page.content.decode()
    assert Authenticator.objects.get(pk=key.pk).wrap().name == "My phone"


def test_where_a_team_asks_for_it_the_page_says_so_and_lets_one_set_it_up(user):
    team = make_team(name="Strict")
    make_member(team=team, role=Role.MEMBER, user=user)
    team.requires_two_factor = True
    team.save()
    browser = signed_in(user)

    before = browser.get(INDEX).content.decode()
    with_app(browser)
    after = browser.get(INDEX).content.decode()

    assert "Before you can go on" in before
    assert "Strict" in before
    assert "Before you can go on" not in after


def test_turning_it_off_where_a_team_asks_for_it_is_warned_of_and_possible(user):
    browser = signed_in(user)
    with_app(browser)
    user.teams.update(name="Strict", requires_two_factor=True)

    asked = browser.get(DEACTIVATE).content.decode()
    browser.post(DEACTIVATE)

    assert "Strict asks its members for two-factor sign-in" in asked
    assert not Authenticator.objects.filter(user=user).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("set_up", [with_app, with_passkey])
def test_the_first_factor_shuts_out_every_session_that_never_gave_one(user, set_up):  # A17
    user.teams.update(requires_two_factor=True)
    here, elsewhere = signed_in(user), signed_in(user)
    before = [browser.get("/gallery/").status_code for browser in (here, elsewhere)]

    set_up(here)

    assert before == [302, 302]
    assert here.get("/gallery/").status_code == 200
    assert elsewhere.get("/gallery/").url == "/sign/login/?next=/gallery/"
    assert audited(AuditAction.SESSION_ENDED) == [{"count": 1}]


@pytest.mark.django_db(transaction=True)
def test_a_second_factor_more_ends_no_session(user):
    here = signed_in(user)
    secret = with_app(here)
    elsewhere = Client()
    enter(elsewhere, user.email)
    elsewhere.post(CODE, {"code": fresh_code(secret)})

    with_passkey(here)

    assert is_in(elsewhere)
    assert audited(AuditAction.SESSION_ENDED) == []


def test_a_reset_of_the_password_does_not_spare_the_second_step(user):
    with_app(signed_in(user))
    browser = Client()
    browser.post("/sign/password/reset/", {"email": user.email})
    link = re.search(r"(/sign/password/reset/key/\S+)", mail.outbox[-1].body)[1]
    form = browser.get(link, follow=True).redirect_chain[-1][0]

    browser.post(form, {"password1": "another long phrase", "password2": "another long phrase"})

    assert not is_in(browser)
    assert enter(browser, user.email, "another long phrase").url == CODE


@pytest.mark.django_db(transaction=True)
def test_changes_are_noted_and_told_by_mail(user):
    browser = signed_in(user)
    with_app(browser)
    with_passkey(browser)
    browser.post(RECOVERY_CODES + "generate/")
    browser.post(f"{PASSKEYS}keys/{Authenticator.objects.get(type='webauthn').pk}/remove/")
    browser.post(DEACTIVATE)

    assert [detail["change"] for detail in audited(AuditAction.TWO_FACTOR_CHANGED)] == [
        "authenticator app added",
        "passkey added",
        "new recovery codes",
        "passkey removed",
        "authenticator app removed",
    ]
    assert len(mail.outbox) == 5
    assert {entry.user for entry in AuditEntry.objects.filter(action=AuditAction.TWO_FACTOR_CHANGED)} == {user}


@pytest.mark.django_db(transaction=True)
def test_a_mail_that_cannot_be_sent_stops_nothing(user, settings):
    browser = signed_in(user)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1

    with_app(browser)

    assert Authenticator.objects.filter(user=user, type="totp").exists()


def test_a_wrong_code_is_noted(user):
    with_app(signed_in(user))
    browser = Client()
    enter(browser, user.email)

    browser.post(CODE, {"code": "123456"})

    assert audited(AuditAction.SIGN_IN_FAILED) == [{"method": "code"}]


def test_an_answer_that_no_passkey_has_signed_is_noted(user):
    with_passkey(signed_in(user))
    browser, stranger = Client(), Passkey()
    enter(browser, user.email)

    browser.post(CODE, {"credential": stranger.get(options_in(browser.get(CODE)))})

    assert not is_in(browser)
    assert audited(AuditAction.SIGN_IN_FAILED) == [{"method": "passkey"}]


def test_codes_are_tried_five_times_a_minute_for_an_account(user, long_minutes):  # A11
    secret = with_app(signed_in(user))
    browser = Client()
    enter(browser, user.email)
    for attempt in range(5):
        browser.post(CODE, {"code": f"{attempt:06}"}, headers={"X-Forwarded-For": f"203.0.113.{attempt}"})

    page = browser.post(CODE, {"code": code_of(secret)}).content.decode()

    assert "Too many" in page
    assert not is_in(browser)


def test_codes_are_tried_twenty_times_a_minute_from_an_address_whoever_succeeds_between(user, long_minutes):  # A11
    secret = with_app(signed_in(user))
    wrong, victims = 0, [make_person(f"victim{number}@example.com") for number in range(4)]
    for victim in victims:
        with_app(signed_in(victim))
    for victim in victims:
        browser = Client()
        enter(browser, victim.email)
        for attempt in range(5 if victim is not victims[-1] else 4):
            wrong += "Incorrect" in browser.post(CODE, {"code": f"{attempt:06}"}).content.decode()
    mine = Client()
    enter(mine, user.email)
    mine.post(CODE, {"code": code_of(secret)})  # the twentieth, and a success

    page = browser.post(CODE, {"code": "999999"}).content.decode()

    assert (wrong, is_in(mine)) == (19, True)
    assert "Too many" in page


@pytest.mark.parametrize(
    ("path", "ids"),
    [
        ("/sign/login/", ["passkey_login", "mfa_credential"]),
        (ADD_PASSKEY, ["mfa_webauthn_add", "id_passwordless", "id_credential", "js_data"]),
        ("/sign/two-factor/webauthn/reauthenticate/", ["mfa_webauthn_reauthenticate", "id_credential", "js_data"]),
        (CODE, ["mfa_webauthn_authenticate", "id_credential", "js_data"]),
    ],
)
def test_the_scripts_of_allauth_find_what_they_look_for(user, path, ids):
    browser = signed_in(user)
    with_passkey(browser)
    if path in (CODE, "/sign/login/"):
        browser = Client()
    if path == CODE:
        enter(browser, user.email)

    page = browser.get(path).content.decode()

    data = json.loads(
        re.search(r'<script data-allauth-onload="[\w.]+"\s+type="application/json">(.+?)</script>', page)[1]
    )
    assert list(data["ids"].values()) == ids
    assert all(len(re.findall(rf'\sid="{each}"', page)) == 1 for each in ids)
    assert not NOTHING_INLINE.search(page)  # B2


def test_every_page_is_ours_and_has_nothing_inline(user):  # B2
    browser = signed_in(user)
    confirm(browser)
    pages = {path: browser.get(path) for path in (INDEX, ACTIVATE, ADD_PASSKEY, PASSKEYS)}
    with_app(browser)
    with_passkey(browser)
    key = Authenticator.objects.get(type="webauthn")
    paths = (
        INDEX,
        DEACTIVATE,
        RECOVERY_CODES,
        RECOVERY_CODES + "generate/",
        PASSKEYS,
        "/sign/two-factor/reauthenticate/",
    )
    pages |= {path: browser.get(path) for path in paths}
    pages |= {act: browser.get(f"{PASSKEYS}keys/{key.pk}/{act}/") for act in ("edit", "remove")}

    for path, answer in pages.items():
        page = answer.content.decode()
        assert (path, answer.status_code) == (path, 200)
        assert '<main class="entrance"' in page, path
        assert not NOTHING_INLINE.search(page), path


def test_every_page_of_allauth_that_we_use_has_a_template_of_ours():
    theirs = Path(allauth.__file__).parent / "templates/mfa"
    unused = {"trust.html", "signup_form.html", "base.html", "scripts.html", "login_script.html"}

    pages = {page.relative_to(theirs) for page in theirs.rglob("*.html") if page.name not in unused}

    assert {str(page) for page in pages if not (ROOT / "templates/mfa" / page).exists()} == set()


@pytest.mark.parametrize("path", [INDEX, ACTIVATE, DEACTIVATE, RECOVERY_CODES, PASSKEYS, ADD_PASSKEY])
def test_signed_out_they_lead_to_the_sign_in_page(db, path):
    answer = Client().get(path)

    assert (answer.status_code, answer.url.split("?")[0]) == (302, "/sign/login/")
