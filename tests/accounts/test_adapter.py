import pytest
from django.core import mail
from django.core.cache import cache
from django.urls import reverse

from accounts.models import Membership, Role, Team, User
from tests.factories import make_user

PASSWORD = "through-the-gate-24"


@pytest.fixture(autouse=True)
def _fresh_counters(db):
    cache.clear()


def sign_up(client, email="Alice@Example.com", **headers):
    return client.post(reverse("account_signup"), {"email": email, "password1": PASSWORD}, headers=headers)


def test_signing_up_makes_a_user_with_a_team_of_their_own_and_asks_to_confirm(client):
    response = sign_up(client)

    user = User.objects.get()
    assert response.url == reverse("account_email_verification_sent")
    assert (user.email, user.password.split("$")[0]) == ("alice@example.com", "argon2")
    membership = Membership.objects.select_related("team__balance").get(user=user)
    assert (membership.role, membership.team.name) == (Role.OWNER, "alice's team")
    assert membership.team.balance.available == 0
    assert [message.to for message in mail.outbox] == [["alice@example.com"]]


def test_signing_up_twice_looks_the_same_and_makes_no_second_user(client):
    first = sign_up(client)

    again = sign_up(client, email="ALICE@example.com")

    assert (again.status_code, again.url) == (first.status_code, first.url)
    assert (User.objects.count(), Team.objects.count()) == (1, 1)


def test_an_invited_installation_lets_nobody_sign_up(client, settings):
    settings.SIGNUP = "invited"

    response = sign_up(client)

    assert response.status_code == 200
    assert (User.objects.count(), Team.objects.count()) == (0, 0)


def test_a_weak_password_is_refused(client):
    client.post(reverse("account_signup"), {"email": "a@example.com", "password1": "password"})

    assert User.objects.count() == 0


def test_guessing_a_password_is_stopped_whatever_address_it_claims_to_come_from(client):  # A11
    make_user(email="alice@example.com", password=PASSWORD)
    login = reverse("account_login")

    for attempt in range(12):
        spoofed = {"x_forwarded_for": f"203.0.113.{attempt}"}
        client.post(login, {"login": "alice@example.com", "password": f"guess {attempt}"}, headers=spoofed)
    response = client.post(login, {"login": "alice@example.com", "password": PASSWORD})

    assert response.status_code != 302
    assert "_auth_user_id" not in client.session
