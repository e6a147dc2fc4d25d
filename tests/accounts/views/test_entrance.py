import re
from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit

import pytest
from allauth.account.forms import EmailAwarePasswordResetTokenGenerator
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts import invitations
from accounts.actors import Actor
from accounts.models import AuditAction, AuditEntry, Membership, Role, Team, User
from tests.factories import make_member, make_team
from tests.signing_in import PASSWORD, code_of, enter, make_person, signed_in, with_app

pytestmark = pytest.mark.usefixtures("quick_passwords", "fresh_counts")


@pytest.fixture
def user(db):
    return make_person()


def link_in(message):
    return re.search(r"https?://[^/\s]+(/\S+)", message.body)[1]


def test_signing_up_confirming_and_being_let_in(db):
    browser = Client()

    browser.post("/sign/signup/", {"email": "New@Example.com", "password1": PASSWORD})
    confirmation = link_in(mail.outbox[0])
    asked = browser.get(confirmation)
    browser.post(confirmation)

    assert "new@example.com" in asked.content.decode()
    assert User.objects.get().teams.count() == 1
    assert "new@example.com" in browser.get("/account/").content.decode()


def test_an_address_that_is_not_confirmed_lets_nobody_in(db):
    browser = Client()
    browser.post("/sign/signup/", {"email": "new@example.com", "password1": PASSWORD})

    browser.post("/sign/login/", {"login": "new@example.com", "password": PASSWORD})

    assert browser.get("/account/").url == "/sign/login/?next=/account/"


def test_signing_in_leads_back_to_where_one_was_going(user):
    response = Client().post("/sign/login/?next=/keys/", {"login": "ADA@example.com", "password": PASSWORD})

    assert (response.status_code, response.url) == (302, "/keys/")


def test_a_wrong_password_is_said_where_it_can_be_heard(user):
    page = Client().post("/sign/login/", {"login": user.email, "password": "wrong"}).content.decode()

    assert 'role="alert"' in page
    assert "not correct" in page


def test_a_reset_link_works_once(user):
    browser = Client()
    browser.post("/sign/password/reset/", {"email": user.email})
    link = link_in(mail.outbox[0])

    form = browser.get(link, follow=True)
    browser.post(form.redirect_chain[-1][0], {"password1": "another long phrase", "password2": "another long phrase"})
    again = Client().get(link, follow=True)

    user.refresh_from_db()
    assert user.check_password("another long phrase")
    assert "This link no longer works" in again.content.decode()


def test_a_reset_does_not_tell_who_has_an_account(user):
    known = Client().post("/sign/password/reset/", {"email": user.email}, follow=True)
    unknown = Client().post("/sign/password/reset/", {"email": "nobody@example.com"}, follow=True)

    assert known.redirect_chain == unknown.redirect_chain
    without_tokens = re.compile(rb'(name="csrfmiddlewaretoken" value|X-CSRFToken)\W+\w+')
    assert without_tokens.sub(b"", known.content) == without_tokens.sub(b"", unknown.content)


def test_signing_out_takes_a_post(user, sign_in):
    browser = sign_in(user)

    asked = browser.get("/sign/logout/")
    still_in = browser.get("/account/").status_code
    browser.post("/sign/logout/")

    assert "Sign out?" in asked.content.decode()
    assert still_in == 200
    assert browser.get("/account/").status_code == 302


def test_signing_up_by_oneself_can_be_closed(db, settings):
    settings.SIGNUP = "invited"

    page = Client().post("/sign/signup/", {"email": "new@example.com", "password1": PASSWORD}).content.decode()

    assert "By invitation only" in page
    assert User.objects.count() == 0
    assert "Create an account" not in Client().get("/sign/login/").content.decode()


def test_changing_the_password_needs_the_old_one(user, sign_in):
    wanted = {"oldpassword": "wrong", "password1": "another long phrase", "password2": "another long phrase"}

    page = sign_in(user).post("/sign/password/change/", wanted).content.decode()

    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    assert 'aria-invalid="true"' in page


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/sign/login/", "Sign in"),
        ("/sign/signup/", "Create an account"),
        ("/sign/confirm-email/", "Check your mail"),
        ("/sign/confirm-email/nonsense/", "Confirm your address"),
        ("/sign/password/reset/", "Reset your password"),
        ("/sign/password/reset/done/", "Check your mail"),
        ("/sign/password/reset/key/done/", "Password changed"),
        ("/sign/inactive/", "Account closed"),
    ],
)
def test_every_page_before_the_door_is_ours_and_has_nothing_inline(db, path, title):  # B2
    page = Client().get(path).content.decode()

    assert f"<h1>{title}</h1>" in page or f"<title>{title} · Filmgate</title>" in re.sub(
        r"\s*(</?title>)\s*", r"\1", page
    )
    data_or_file = r'(?:\ssrc=|type="application/json")'
    assert not re.search(rf"<style|<script(?![^>]*{data_or_file})|\sstyle=|\son\w+=", page)


def test_the_mailbox_is_offered_where_mail_is_kept(db, settings, tmp_path):
    settings.EMBEDDED_DATABASE = True
    settings.TRUSTED_PROXIES = []
    settings.EMAIL_FILE_PATH = tmp_path

    here = Client().get("/sign/confirm-email/", HTTP_HOST="localhost").content.decode()
    elsewhere = Client().get("/sign/confirm-email/", REMOTE_ADDR="203.0.113.9").content.decode()

    assert 'href="/mail/"' in here
    assert 'href="/mail/"' not in elsewhere


@pytest.mark.parametrize("role", Role.values)
def test_the_frame_tells_the_role_so_that_what_it_may_not_do_is_not_offered(user, sign_in, role):
    member = make_member(team=make_team(), role=role)

    page = sign_in(member).get("/account/").content.decode()

    assert f'<body class="role-{role}"' in page


ELSEWHERE = [
    "https://evil.example.org/",
    "http://evil.example.org",
    "//evil.example.org/",
    "///evil.example.org/",
    "////evil.example.org/",
    "/\\evil.example.org/",
    "\\\\evil.example.org/",
    "\\/evil.example.org",
    "https:evil.example.org",
    "https:/evil.example.org",
    "http:///evil.example.org",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "//testserver@evil.example.org/",
    "https://testserver.evil.example.org/",
    "https://testserver:80@evil.example.org/",
    "//evil.example.org%2f@testserver/",
    "\t//evil.example.org/",
    "\x00//evil.example.org",
    "http://localhost/",
    "http://127.0.0.1:9/",
    "ftp://testserver/",
    "http://[::1]/",
]


@pytest.mark.parametrize("next", ELSEWHERE)
def test_signing_in_leads_to_no_other_place(user, next):  # B7
    answers = [
        Client().post("/sign/login/", {"login": user.email, "password": PASSWORD, "next": next}),
        Client().post("/sign/login/?" + urlencode({"next": next}), {"login": user.email, "password": PASSWORD}),
    ]

    assert [(answer.status_code, answer.url) for answer in answers] == [(302, "/"), (302, "/")]


@pytest.mark.parametrize("next", ELSEWHERE[:8])
def test_signing_out_and_changing_the_language_lead_to_no_other_place(user, sign_in, next):  # B7
    answers = [
        sign_in(user).post("/sign/logout/", {"next": next}),
        Client().post("/i18n/setlang/", {"next": next, "language": "en"}),
    ]

    assert [answer.url for answer in answers] == ["/", "/"]


@pytest.mark.parametrize("next", ["/keys/?page=2", "http://testserver/keys/"])
def test_signing_in_leads_to_a_page_of_ours(user, next):
    assert enter(Client(), user.email, next=next).url == next


HOSTS = ["localhost:6666", "127.0.0.1", "[::1]:1"]  # all of them allowed, and none of them ours


@pytest.mark.parametrize("host", HOSTS)
def test_mails_lead_to_the_public_address_whatever_host_was_asked_for(user, settings, host):  # A13
    settings.PUBLIC_URL = "https://filmgate.example.com"
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", "filmgate.example.com"]
    browser = Client(headers={"host": host})

    browser.post("/sign/password/reset/", {"email": user.email})
    browser.post("/sign/password/reset/", {"email": "nobody@example.com"})
    browser.post("/sign/signup/", {"email": "new@example.com", "password1": PASSWORD})
    browser.post("/sign/signup/", {"email": user.email, "password1": PASSWORD})

    links = [link for message in mail.outbox for link in re.findall(r"https?://\S+", message.body)]
    assert len(mail.outbox) == 4
    assert links
    assert {urlsplit(link).netloc.rstrip(".") for link in links} == {"filmgate.example.com"}
    assert not any(host in message.subject + message.body for message in mail.outbox)


@pytest.mark.parametrize("host", ["evil.example.org", "filmgate.example.com.evil.example.org", "localhost@evil"])
def test_a_host_that_is_not_ours_is_refused(user, settings, host):  # A13
    settings.ALLOWED_HOSTS = ["localhost"]

    answer = Client(headers={"host": host}).post("/sign/password/reset/", {"email": user.email})

    assert (answer.status_code, mail.outbox) == (400, [])


def test_forwarded_hosts_are_not_believed(user):  # A13
    headers = {
        "X-Forwarded-Host": "evil.example.org",
        "X-Forwarded-Proto": "https",
        "Forwarded": "host=evil.example.org",
    }

    Client(headers=headers).post("/sign/password/reset/", {"email": user.email})

    assert "evil" not in mail.outbox[0].body


@pytest.mark.parametrize(("seconds", "works"), [(3590, True), (3660, False)])
def test_a_reset_link_works_for_an_hour(user, monkeypatch, seconds, works):  # A13
    earlier = datetime.now() - timedelta(seconds=seconds)
    monkeypatch.setattr(EmailAwarePasswordResetTokenGenerator, "_now", lambda self: earlier)
    Client().post("/sign/password/reset/", {"email": user.email})
    link = link_in(mail.outbox[0])
    monkeypatch.undo()

    page = Client().get(link, follow=True).content.decode()

    assert ("This link no longer works" in page) != works


def test_a_link_asked_for_before_the_password_changed_is_dead(user):  # A13
    browser = Client()
    browser.post("/sign/password/reset/", {"email": user.email})
    browser.post("/sign/password/reset/", {"email": user.email})
    first, second = (link_in(message) for message in mail.outbox)
    form = browser.get(first, follow=True).redirect_chain[-1][0]
    browser.post(form, {"password1": "another long phrase", "password2": "another long phrase"})

    page = Client().get(second, follow=True).content.decode()

    assert "This link no longer works" in page


def test_a_link_for_one_account_is_no_link_for_another(user):  # A13
    eve = make_person("eve@example.com")
    Client().post("/sign/password/reset/", {"email": eve.email})
    Client().post("/sign/password/reset/", {"email": user.email})
    of_eve, of_user = (link_in(message) for message in mail.outbox)
    crossed = of_user.partition("-")[0] + "-" + of_eve.partition("-")[2]

    page = Client().get(crossed, follow=True).content.decode()

    assert "This link no longer works" in page


def audited(action):
    return AuditEntry.objects.filter(action=action).order_by("pk")


def test_signing_in_and_failing_to_are_written_down_without_what_was_typed(user):
    team = user.teams.get()
    enter(Client(), user.email, "my-other-password", REMOTE_ADDR="203.0.113.9")
    enter(Client(), user.email.upper(), REMOTE_ADDR="203.0.113.10")

    failed, succeeded = audited(AuditAction.SIGN_IN_FAILED).get(), audited(AuditAction.SIGNED_IN).get()
    assert (failed.team, failed.user, failed.subject, failed.ip) == (team, None, user.email, "203.0.113.9")
    assert (succeeded.team, succeeded.user, succeeded.ip) == (team, user, "203.0.113.10")
    assert succeeded.detail == {"method": "password"}
    assert "my-other-password" not in str(list(AuditEntry.objects.values()))


def test_what_was_tried_for_an_address_that_nobody_has_is_not_written_down(db):
    enter(Client(), "nobody@example.com")

    assert not AuditEntry.objects.exists()


def test_both_steps_of_a_sign_in_are_written_down(user):
    browser = Client()
    enter(browser, user.email)
    secret = with_app(browser)
    again = Client()
    enter(again, user.email)
    before = audited(AuditAction.SIGNED_IN).count()

    again.post("/sign/two-factor/authenticate/", {"code": code_of(secret)})

    assert before == 1  # the password alone was no sign-in
    assert audited(AuditAction.SIGNED_IN).last().detail == {"method": "password, totp"}


def test_a_changed_password_is_written_down(user):
    browser = signed_in(user)
    new = "another long phrase"

    browser.post("/sign/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})

    assert audited(AuditAction.PASSWORD_CHANGED).get().user == user


def invited(email="new@example.com"):
    """The path of an invitation's link, as mailed, and its team."""
    owner = make_person("owner@example.com")
    team = make_team(name="Lumière", owner=owner)
    invitations.invite(team, email, Role.MEMBER, by=Actor(user=owner))
    return team


def opened(browser):
    """Open the invitation's page, as its mail says."""
    path = link_in(mail.outbox[-1])
    assert browser.get(path).status_code == 200
    return path


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("signup", ["open", "invited"])
def test_someone_invited_signs_up_lands_on_the_invitation_and_joins(settings, signup):
    settings.SIGNUP = signup
    team, browser = invited(), Client()
    path = opened(browser)
    form = browser.get("/sign/signup/", {"next": path}).content.decode()

    answer = browser.post("/sign/signup/", {"email": "New@Example.com", "password1": PASSWORD, "next": path})
    page = browser.get(path)
    teams_before = set(Membership.objects.filter(user__email="new@example.com"))
    browser.post(path)

    assert "Lumière" in form
    assert (answer.status_code, answer.url, page.status_code) == (302, path, 200)
    assert teams_before == set()
    assert list(User.objects.get(email="new@example.com").teams.all()) == [team]


@pytest.mark.django_db(transaction=True)
def test_someone_invited_who_signs_up_with_another_address_confirms_that_first(settings):
    settings.SIGNUP = "open"
    invited()
    browser = Client()
    path = opened(browser)

    answer = browser.post("/sign/signup/", {"email": "other@example.com", "password1": PASSWORD, "next": path})

    assert answer.url == "/sign/confirm-email/"
    assert browser.get("/account/").status_code == 302
    assert mail.outbox[-1].to == ["other@example.com"]
    assert Team.objects.filter(members__email="other@example.com").count() == 0


@pytest.mark.django_db(transaction=True)
def test_where_only_the_invited_sign_up_an_invitation_lets_in_its_own_address_alone(settings):
    settings.SIGNUP = "invited"
    invited()
    browser = Client()
    path = opened(browser)

    answer = browser.post("/sign/signup/", {"email": "other@example.com", "password1": PASSWORD, "next": path})

    assert answer.status_code == 200
    assert "Only the address that was invited can be used: new@example.com" in answer.content.decode()
    assert not User.objects.filter(email="other@example.com").exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["revoked", "expired", "never opened"])
def test_an_invitation_that_is_over_opens_no_door(settings, how):
    settings.SIGNUP = "invited"
    team, browser = invited(), Client()
    if how != "never opened":
        opened(browser)
    if how == "revoked":
        team.invitations.update(revoked_at=timezone.now())
    if how == "expired":
        team.invitations.update(expires_at=timezone.now())

    page = browser.post("/sign/signup/", {"email": "new@example.com", "password1": PASSWORD}).content.decode()

    assert "By invitation only" in page
    assert not User.objects.filter(email="new@example.com").exists()


def test_fields_are_named_in_our_words(user):
    browser = signed_in(user)

    labels = re.findall(r"<label[^>]*>([^<]*\S)\s*<", browser.get("/sign/password/change/").content.decode())

    assert labels == ["Current password", "New password", "New password (again)"]
    for page in (browser.get("/sign/email/"), Client().get("/sign/login/"), Client().get("/sign/password/reset/")):
        text = page.content.decode()
        assert ">E-mail<" in text
        assert 'placeholder="Email' not in text
