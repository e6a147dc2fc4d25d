import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from accounts.models import AuditAction, AuditEntry, Team
from tests.factories import make_member, make_user
from tests.pages import text_of
from tests.signing_in import PASSWORD, enter, fresh_counts, make_person, quick_passwords, signed_in  # noqa: F401

NEW = "another long phrase"

pytestmark = pytest.mark.usefixtures("quick_passwords", "fresh_counts")


@pytest.fixture
def user(db):
    return make_person()


@pytest.fixture
def operator(db):
    """A browser that came in through the sign-in page."""
    person = make_person("root@example.com")
    person.is_staff = person.is_superuser = True
    person.save()
    return signed_in(person)


def change(operator, user, **changes):
    form = {"email": user.email, "name": user.name, "language": "", "is_active": "on", **changes}
    form = {name: value for name, value in form.items() if value is not None}
    return operator.post(reverse("admin:accounts_user_change", args=[user.pk]), form)


def set_password(operator, user, password=NEW):
    form = {"usable_password": "true", "password1": password, "password2": password, "set-password": "1"}
    return operator.post(reverse("admin:auth_user_password_change", args=[user.pk]), form)


def is_in(client):
    return client.get("/account/").status_code == 200


def log_of(user, *actions):
    return AuditEntry.objects.filter(subject_id=user.pk, action__in=actions).order_by("id")


def test_who_is_deactivated_has_no_session_left_that_could_revive(operator, user):  # A17
    browser = signed_in(user)

    assert change(operator, user, is_active=None).status_code == 302
    change(operator, user)

    user.refresh_from_db()
    assert user.is_active
    assert (is_in(operator), is_in(browser)) == (True, False)
    log = log_of(user, AuditAction.ACCOUNT_CHANGED)
    assert [(entry.team, entry.user.email, entry.detail) for entry in log] == [
        (user.teams.get(), "root@example.com", {"is_active": [True, False]}),
        (user.teams.get(), "root@example.com", {"is_active": [False, True]}),
    ]


def test_a_password_that_an_operator_sets_ends_the_sessions_and_is_in_the_audit_log(operator, user):  # A17
    browser = signed_in(user)

    assert set_password(operator, user).status_code == 302

    assert (is_in(operator), is_in(browser)) == (True, False)
    assert not UserSession.objects.filter(user=user).exists()
    entry = log_of(user, AuditAction.PASSWORD_CHANGED).get()
    assert (entry.team, entry.user.email) == (user.teams.get(), "root@example.com")
    # Their own session goes on, and can still be ended.
    assert UserSession.objects.get(user=entry.user).session_key == operator.session.session_key


def test_an_operators_own_password_keeps_the_session_that_sets_it(operator):
    person = UserSession.objects.get().user
    elsewhere = signed_in(person)

    set_password(operator, person)

    assert (is_in(operator), is_in(elsewhere)) == (True, False)
    assert UserSession.objects.get(user=person).session_key == operator.session.session_key


def test_a_password_that_will_not_do_ends_nothing(operator, user):
    browser = signed_in(user)

    assert set_password(operator, user, password="short").status_code == 200

    assert is_in(browser)
    assert not log_of(user, AuditAction.PASSWORD_CHANGED).exists()


def test_the_new_address_is_the_one_they_sign_in_by_once_they_have_confirmed_it(operator, user):
    assert change(operator, user, email="New@Example.com").status_code == 302

    rows = EmailAddress.objects.filter(user=user).values_list("email", "verified", "primary")
    assert list(rows) == [("new@example.com", False, True)]
    assert enter(Client(), "new@example.com").url == "/sign/confirm-email/"
    entry = log_of(user, AuditAction.EMAIL_CHANGED).get()
    assert (entry.team, entry.user.email) == (user.teams.get(), "root@example.com")
    assert entry.detail == {"email": ["ada@example.com", "new@example.com"]}


def test_one_of_their_own_addresses_stays_confirmed(operator, user):
    user.emailaddress_set.create(email="second@example.com", verified=True)

    change(operator, user, email="second@example.com")

    rows = EmailAddress.objects.filter(user=user).values_list("email", "verified", "primary")
    assert list(rows) == [("second@example.com", True, True)]


def test_anothers_second_address_is_refused(operator, user):
    other = make_user()
    other.emailaddress_set.create(email="second@example.com", verified=True)

    page = change(operator, user, email="second@example.com")

    assert "Somebody else has this address." in text_of(page)
    user.refresh_from_db()
    assert user.email == "ada@example.com"


def test_who_is_made_an_operator_is_written_down_and_told_to_no_team(operator, user):
    change(operator, user, is_staff="on", is_superuser="on")

    entry = log_of(user, AuditAction.ACCOUNT_CHANGED).get()
    assert (entry.team, entry.user.email) == (None, "root@example.com")
    assert entry.detail == {"is_staff": [False, True], "is_superuser": [False, True]}


def test_what_is_saved_unchanged_is_not_written_down(operator, user):
    browser = signed_in(user)

    change(operator, user, name="Ada")

    user.refresh_from_db()
    assert user.name == "Ada"
    assert is_in(browser)
    assert not log_of(user, AuditAction.ACCOUNT_CHANGED, AuditAction.EMAIL_CHANGED).exists()


def test_the_only_owner_of_what_others_are_in_is_not_deactivated_and_the_teams_are_named(operator, user):  # A15
    browser, team = signed_in(user), user.teams.get()
    make_member(team=team)
    Team.objects.filter(pk=team.pk).update(name="Lumière & fils")

    page = operator.post(
        reverse("admin:accounts_user_change", args=[user.pk]), {"email": user.email, "name": "Eve"}, follow=True
    )

    assert "nobody who can sign in would own Lumière &amp; fils" in text_of(page)
    assert "was changed successfully" not in text_of(page)
    user.refresh_from_db()
    assert (user.is_active, user.name, is_in(browser)) == (True, "", True)
    assert not log_of(user, AuditAction.ACCOUNT_CHANGED).exists()
    assert not LogEntry.objects.exists()


def test_nobody_is_deleted(operator, user):  # A15
    page = operator.get(reverse("admin:accounts_user_change", args=[user.pk]))
    one = operator.post(reverse("admin:accounts_user_delete", args=[user.pk]), {"post": "yes"})
    many = {"action": "delete_selected", "_selected_action": [str(user.pk)], "post": "yes"}
    operator.post(reverse("admin:accounts_user_changelist"), many)

    assert reverse("admin:accounts_user_delete", args=[user.pk]) not in text_of(page)
    assert one.status_code == 403
    assert user.teams.count() == 1
