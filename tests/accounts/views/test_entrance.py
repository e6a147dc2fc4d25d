import re

import pytest
from django.core import mail
from django.test import Client

from accounts.models import Role, User
from tests.factories import make_member, make_team, make_user

PASSWORD = "a long pass phrase"


@pytest.fixture
def user(db):
    user = make_user(email="ada@example.com", password=PASSWORD)
    user.emailaddress_set.create(email=user.email, verified=True, primary=True)
    make_team(owner=user)
    return user


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
    assert not re.search(r"<style|<script(?![^>]*\ssrc=)|\sstyle=|\son\w+=", page)


def test_the_mailbox_is_offered_where_mail_is_kept(db, settings, tmp_path):
    settings.EMBEDDED_DATABASE = True
    settings.TRUSTED_PROXIES = []
    settings.EMAIL_FILE_PATH = tmp_path

    here = Client().get("/sign/confirm-email/").content.decode()
    elsewhere = Client().get("/sign/confirm-email/", REMOTE_ADDR="203.0.113.9").content.decode()

    assert 'href="/mail/"' in here
    assert 'href="/mail/"' not in elsewhere


@pytest.mark.parametrize("role", Role.values)
def test_the_frame_tells_the_role_so_that_what_it_may_not_do_is_not_offered(user, sign_in, role):
    member = make_member(team=make_team(), role=role)

    page = sign_in(member).get("/account/").content.decode()

    assert f'<body class="role-{role}"' in page
