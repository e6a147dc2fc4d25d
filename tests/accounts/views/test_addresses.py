"""The e-mail addresses of an account, through allauth's page."""

from urllib.parse import unquote

import pytest
from allauth.account.models import EmailAddress

from accounts.models import AuditAction, AuditEntry
from tests.signing_in import confirm, make_person, signed_in

URL = "/sign/email/"
SECOND = "second@example.com"
ACTS = {
    "add": {"action_add": "", "email": "third@example.com"},
    "remove": {"action_remove": "", "email": SECOND},
    "primary": {"action_primary": "", "email": SECOND},
}

pytestmark = pytest.mark.usefixtures("quick_passwords", "fresh_counts")


@pytest.fixture
def user(db):
    person = make_person()
    person.emailaddress_set.create(email=SECOND, verified=True)
    return person


def rows_of(user):
    return set(EmailAddress.objects.filter(user=user).values_list("email", "primary"))


def changes():
    entries = AuditEntry.objects.filter(action=AuditAction.EMAIL_CHANGED).order_by("id")
    return [(entry.user.email, entry.team, entry.detail) for entry in entries]


@pytest.mark.parametrize("act", ACTS)
def test_a_session_alone_changes_no_address(user, act):  # A17
    before = rows_of(user)

    answer = signed_in(user).post(URL, ACTS[act])

    assert unquote(answer.url) == f"/sign/reauthenticate/?next={URL}"
    assert rows_of(user) == before
    assert changes() == []


def test_what_was_asked_for_is_done_once_the_password_was_given(user):
    browser = signed_in(user)
    browser.post(URL, ACTS["add"])

    browser.post(f"/sign/reauthenticate/?next={URL}", {"password": "a long pass phrase", "next": URL})

    assert ("third@example.com", False) in rows_of(user)


@pytest.mark.parametrize(
    ("act", "detail"),
    [
        ("add", {"change": "address added"}),
        ("remove", {"change": "address removed"}),
        ("primary", {"email": ["ada@example.com", SECOND]}),
    ],
)
def test_every_change_is_in_the_audit_log(user, act, detail):
    browser = signed_in(user)
    confirm(browser)

    browser.post(URL, ACTS[act])

    user.refresh_from_db()
    assert changes() == [(user.email, user.teams.get(), detail)]


def test_an_address_of_somebody_else_looks_the_same(user):
    make_person("third@example.com")
    browser = signed_in(user)
    confirm(browser)

    answer = browser.post(URL, ACTS["add"])

    assert answer.url == URL
    assert [detail for _email, _team, detail in changes()] == [{"change": "address added"}]
