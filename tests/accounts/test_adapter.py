import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.models import AuditAction, AuditEntry, Membership, Role, Team, User
from tests.races import race
from tests.signing_in import PASSWORD, enter, fresh_counts, long_minutes, make_person, quick_passwords  # noqa: F401

pytestmark = pytest.mark.usefixtures("db", "fresh_counts")


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


LOGIN, RESET, SIGN_UP = "/sign/login/", "/sign/password/reset/", "/sign/signup/"
WRONG = b"are not correct"
TOO_MANY = b"Too many"


@pytest.fixture
def ada(db):
    return make_person()


@pytest.mark.usefixtures("long_minutes", "quick_passwords")
def test_a_password_is_tried_five_times_a_minute_for_an_account_from_wherever_and_however_it_is_written(ada):  # A11
    hosts, spellings = (
        ["localhost:1", "127.0.0.1:2", "[::1]:3"],
        ["ada@example.com", "ADA@Example.com", " ada@EXAMPLE.com"],
    )
    answers = []
    for attempt in range(9):
        client = Client(headers={"host": hosts[attempt % 3], "x-forwarded-for": f"203.0.113.{attempt}"})
        tried = {"login": spellings[attempt // 3], "password": f"guess {attempt}"}
        answers.append(client.post(LOGIN, tried, REMOTE_ADDR=f"198.51.100.{attempt}").content)

    right = enter(Client(), ada.email, REMOTE_ADDR="192.0.2.1")

    assert [WRONG in answer for answer in answers] == 5 * [True] + 4 * [False]
    assert all(TOO_MANY in answer for answer in [*answers[5:], right.content])
    assert AuditEntry.objects.filter(action=AuditAction.SIGN_IN_FAILED).count() == 1


@pytest.mark.usefixtures("long_minutes", "quick_passwords")
def test_it_is_one_count_for_all_addresses_of_an_account_and_noted_for_each(ada):  # A11
    ada.emailaddress_set.create(email="second@example.com", verified=True)

    answers = [enter(Client(), "second@example.com", f"guess {attempt}").content for attempt in range(5)]
    noted = AuditEntry.objects.get(action=AuditAction.SIGN_IN_FAILED)
    sixth = enter(Client(), ada.email).content

    assert all(WRONG in answer for answer in answers)
    assert noted.subject_id == ada.pk
    assert TOO_MANY in sixth


@pytest.mark.usefixtures("long_minutes", "quick_passwords")
def test_what_is_said_does_not_tell_whether_there_is_an_account(ada):  # A11
    told = {
        email: [enter(Client(), email, f"guess {attempt}").content for attempt in range(6)]
        for email in (ada.email, "nobody@example.com")
    }
    without = re.compile(rb'csrfmiddlewaretoken" value="\w+"|X-CSRFToken": "\w+"|(ada|nobody)@example.com')

    known, unknown = ([without.sub(b"", page) for page in pages] for pages in told.values())

    assert known == unknown


@pytest.mark.usefixtures("long_minutes", "quick_passwords")
def test_who_knows_the_password_is_not_kept_out_by_signing_in_often(ada):
    assert [enter(Client(), ada.email).status_code for _ in range(12)] == 12 * [302]


@pytest.mark.usefixtures("long_minutes", "quick_passwords")
@pytest.mark.parametrize(
    ("path", "form"),
    [
        (LOGIN, lambda number: {"login": f"person{number}@example.com", "password": "x"}),
        (RESET, lambda number: {"email": f"person{number}@example.com"}),
        (SIGN_UP, lambda number: {"email": f"person{number}@example.com", "password1": PASSWORD}),
    ],
)
def test_twenty_tries_a_minute_from_an_address_whatever_it_claims_to_be(db, path, form):  # A11
    answers = [
        Client(headers={"x-forwarded-for": f"203.0.113.{number}", "forwarded": f"for=203.0.113.{number}"})
        .post(path, form(number))
        .status_code
        for number in range(21)
    ]
    elsewhere = Client().post(path, form(99), REMOTE_ADDR="198.51.100.7")

    assert 429 not in answers[:20]
    assert answers[20] == 429
    assert elsewhere.status_code != 429


@pytest.mark.usefixtures("long_minutes", "quick_passwords")
def test_behind_a_trusted_proxy_it_is_the_client_who_is_counted(db, settings):  # A11
    settings.TRUSTED_PROXIES = ["127.0.0.1"]

    def tries(*ways):
        return [
            Client(headers={"x-forwarded-for": way}).post(LOGIN, {"login": f"p{n}@example.com", "password": "x"})
            for n, way in enumerate(ways)
        ]

    of_one = tries(*(f"203.0.113.{number}, 198.51.100.7" for number in range(21)))
    of_another = tries("198.51.100.8")

    assert [answer.status_code for answer in of_one] == 20 * [200] + [429]
    assert of_another[0].status_code == 200


@pytest.mark.usefixtures("long_minutes")
def test_links_are_mailed_five_times_a_minute_to_an_address(ada):  # A11
    answers = [Client().post(RESET, {"email": ada.email}, REMOTE_ADDR=f"198.51.100.{n}") for n in range(6)]

    assert [answer.status_code for answer in answers] == 5 * [302] + [429]
    assert "Too many tries" in answers[5].content.decode()
    assert len(mail.outbox) == 5


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("long_minutes", "quick_passwords")
def test_guessing_at_once_gains_nothing(settings):  # A11
    ada = make_person()
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "login": "1000/h/ip"}

    answers = race(
        lambda guess: enter(Client(), ada.email, guess).content, [f"guess {n}" for n in range(16)], threads=16
    )

    tried = sum(WRONG in answer for answer in answers)
    assert 1 <= tried <= 5
    assert AuditEntry.objects.filter(action=AuditAction.SIGN_IN_FAILED).count() == 1
    assert sum(TOO_MANY in answer for answer in answers) == 16 - tried


def test_other_peoples_counters_do_not_push_one_out(ada, settings):
    """A cache that holds 300 entries, as is the default, forgets a counter once enough others are made."""
    assert settings.CACHES["default"]["OPTIONS"]["MAX_ENTRIES"] >= 10_000
