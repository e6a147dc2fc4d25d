from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts import sessions
from accounts.models import AuditAction, AuditEntry
from accounts.session_store import SIGNED_IN_AT, SessionStore
from project import secrets_at_rest
from tests.pages import SURE, queries
from tests.signing_in import enter, make_person, signed_in

URL = "/account/sessions/"
OTHERS = "/account/sessions/end-others/"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile Safari/604.1"

pytestmark = pytest.mark.usefixtures("quick_passwords", "fresh_counts")


@pytest.fixture
def user(db):
    return make_person()


@pytest.fixture
def here(user):
    return signed_in(user, user_agent=FIREFOX)


@pytest.fixture
def there(user):
    return signed_in(user, user_agent=IPHONE)


def is_in(client):
    return client.get("/account/").status_code == 200


def row_of(client):
    return UserSession.objects.get(session_key=client.session.session_key)


def last_seen_ago(client, **ago):
    """As if the browser had made its last request so long ago."""
    then = timezone.now() - timedelta(**ago)
    Session.objects.filter(session_key=client.session.session_key).update(expire_date=then + timedelta(hours=12))
    UserSession.objects.filter(session_key=client.session.session_key).update(last_seen_at=then)


def signed_in_ago(client, **ago):
    session = client.session
    session[SIGNED_IN_AT] -= int(timedelta(**ago).total_seconds())
    session.save()


def ended():
    return list(AuditEntry.objects.filter(action=AuditAction.SESSION_ENDED).values_list("detail", flat=True))


def test_it_lists_where_one_is_signed_in_this_one_first(here, there):
    listed = here.get(URL).context["sessions"]

    assert [(each.device, each.is_current) for each in listed] == [
        ("Firefox on Windows", True),
        ("Safari on iPhone", False),
    ]
    assert {each.ip for each in listed} == {"127.0.0.1"}
    assert all(abs(each.signed_in_at - each.last_seen_at) < timedelta(seconds=60) for each in listed)


def test_a_viewer_of_no_team_has_sessions_too(user, here):
    user.memberships.all().delete()

    assert here.get(URL).status_code == 200
    assert here.get("/account/").status_code == 200
    assert not user.memberships.exists()  # to look at oneself makes nobody a team


def test_ending_one_shuts_it_out_at_once_and_no_other(here, there):  # A17
    answer = here.post(f"{URL}{row_of(there).pk}/end/", SURE, follow=True)

    assert "The session was ended." in answer.content.decode()
    assert (is_in(here), is_in(there)) == (True, False)
    assert ended() == [{"browser": "Safari", "system": "iPhone", "address": "127.0.0.1"}]


def test_ending_it_again_finds_nothing(here, there):
    path = f"{URL}{row_of(there).pk}/end/"
    here.post(path, SURE)

    assert here.post(path, SURE).status_code == 404
    assert len(ended()) == 1


def test_ending_one_that_is_over_already_says_nothing_of_ending_it(here, there):
    last_seen_ago(there, hours=13)

    assert here.post(f"{URL}{row_of(there).pk}/end/", SURE).status_code == 404
    assert ended() == []


def test_anothers_session_is_not_found_and_goes_on(here):  # A1
    eve = signed_in(make_person("eve@example.com"))

    answer = here.post(f"{URL}{row_of(eve).pk}/end/", SURE)

    assert answer.status_code == 404
    assert is_in(eve)
    assert ended() == []


def test_ending_all_others_leaves_this_one(user, here, there):
    eve = signed_in(make_person("eve@example.com"))
    third = signed_in(user)

    first = here.post(OTHERS, SURE, follow=True).content.decode()
    again = here.post(OTHERS, SURE, follow=True).content.decode()

    assert [is_in(client) for client in (here, there, third, eve)] == [True, False, False, True]
    assert "2 sessions were ended." in first
    assert "You are signed in nowhere else." in again
    assert ended() == [{"count": 2}]


@pytest.mark.parametrize("path", [OTHERS, URL + "1/end/"])
def test_nothing_ends_by_a_link(here, path):
    answer = here.get(path)

    assert (answer.status_code, answer.url) == (302, URL)


@pytest.mark.parametrize(("path", "method"), [(URL, "get"), (OTHERS, "post"), (URL + "1/end/", "post")])
def test_signed_out_they_lead_to_the_sign_in_page(db, path, method):
    answer = getattr(Client(), method)(path)

    assert (answer.status_code, answer.url.split("?")[0]) == (302, "/sign/login/")


def test_a_hostile_name_of_a_browser_is_not_shown(user):  # B1
    page = signed_in(user, user_agent="<script>alert(1)</script>").get(URL).content.decode()

    assert "<script>alert" not in page
    assert "Unknown device" in page


def test_what_was_signed_out_or_is_over_is_not_listed(user, here, there):
    out, idle = signed_in(user), signed_in(user)
    out.post("/sign/logout/")
    last_seen_ago(idle, hours=13)

    assert len(here.get(URL).context["sessions"]) == 2
    assert UserSession.objects.count() == 3  # that of who signed out is gone


def test_a_page_writes_nothing_within_five_minutes(here):
    is_in(here)
    last_seen_ago(here, minutes=4)
    before = row_of(here).last_seen_at

    with queries(5):  # session, user, membership with team and balance, second factors, in progress; no write
        here.get("/account/")

    assert row_of(here).last_seen_at == before


def test_after_five_minutes_a_page_notes_that_one_was_here_and_from_where(here):
    last_seen_ago(here, minutes=6)

    here.get("/account/", REMOTE_ADDR="203.0.113.9", headers={"User-Agent": IPHONE})

    row = row_of(here)
    assert timezone.now() - row.last_seen_at < timedelta(minutes=1)
    assert (row.ip, row.user_agent) == ("203.0.113.9", IPHONE)


def test_noting_it_undoes_nothing_that_another_request_did_to_the_session(here):
    last_seen_ago(here, minutes=6)
    slow = SessionStore(here.session.session_key)
    slow.get("anything")
    other = here.session
    other["team_id"] = "another"
    other.save()

    slow.keep()

    assert here.session["team_id"] == "another"


def test_a_page_that_asks_nobody_who_it_is_costs_nothing(here):
    last_seen_ago(here, minutes=6)

    with queries(1):  # that of healthz itself
        here.get("/healthz")


def test_noting_it_brings_no_ended_session_back(here, there):
    last_seen_ago(there, minutes=6)
    slow = SessionStore(there.session.session_key)
    slow.get("anything")
    here.post(OTHERS, SURE)

    slow.keep()

    assert not is_in(there)


def test_a_session_ends_12_hours_after_it_was_last_seen(here, there):
    last_seen_ago(here, hours=11, minutes=59)
    last_seen_ago(there, hours=12, minutes=1)

    assert (is_in(here), is_in(there)) == (True, False)
    last_seen_ago(here, hours=11, minutes=59)
    assert is_in(here)


def test_a_session_ends_30_days_after_the_sign_in_however_much_it_is_used(here):
    signed_in_ago(here, days=29, hours=23)
    last_seen_ago(here, hours=11)
    is_in(here)

    left = Session.objects.get(session_key=here.session.session_key).expire_date - timezone.now()

    assert timedelta(minutes=58) < left <= timedelta(hours=1)
    signed_in_ago(here, hours=2)
    assert not is_in(here)


def test_what_a_session_holds_cannot_be_read_in_the_database(here):
    session = here.session
    session["mfa.totp.secret"] = "JBSWY3DPEHPK3PXP"
    session.save()
    stored = Session.objects.get(session_key=session.session_key).session_data

    assert secrets_at_rest.decrypt(stored.encode())
    assert SessionStore().decode(stored)["mfa.totp.secret"] == "JBSWY3DPEHPK3PXP"


def test_a_session_written_under_keys_that_are_gone_is_empty(here, settings):
    settings.CREDENTIAL_KEYS = ["MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="]

    assert not is_in(here)


def test_the_session_changes_at_sign_in_and_is_dead_after_sign_out(user):  # A17
    client = Client()
    enter(client, user.email, "wrong")
    session = client.session
    session["before"] = "kept"
    session.save()
    client.cookies["sessionid"] = fixed = session.session_key

    enter(client, user.email)
    inside = client.cookies["sessionid"].value
    client.post("/sign/logout/")
    thief = Client()
    thief.cookies["sessionid"] = inside

    assert inside != fixed
    assert not Session.objects.filter(session_key__in=[fixed, inside]).exists()
    assert not is_in(thief)


def test_who_is_disabled_is_out_at_the_next_request(user, here):  # A17
    user.is_active = False
    user.save()

    assert not is_in(here)
    assert enter(Client(), user.email).url == "/sign/inactive/"


def test_a_page_is_not_kept_for_the_back_button(here):  # B8
    paths = [
        "/account/",
        URL,
        "/gallery/",
        "/sign/password/change/",
        "/sign/email/",
        "/sign/two-factor/",
        "/sign/login/",
    ]

    kept = {path: here.get(path).headers.get("Cache-Control", "") for path in paths}

    assert all("no-store" in value for value in kept.values()), kept


def test_changing_the_password_keeps_this_session_and_ends_all_others(user, here, there):
    since = here.get(URL).context["sessions"][0].signed_in_at
    key = here.session.session_key
    new = "another long phrase"

    answer = here.post(
        "/sign/password/change/", {"oldpassword": "a long pass phrase", "password1": new, "password2": new}
    )

    assert (answer.status_code, answer.url) == (302, "/account/")
    assert (is_in(here), is_in(there)) == (True, False)
    assert here.session.session_key != key
    assert [each.signed_in_at for each in here.get(URL).context["sessions"]] == [since]
    assert not Session.objects.filter(session_key=there.session.session_key).exists()


def test_a_reset_ends_them_all(user, here, there, mailoutbox):
    browser = Client()
    browser.post("/sign/password/reset/", {"email": user.email})
    link = next(word for word in mailoutbox[0].body.split() if "/key/" in word)
    form = browser.get(urlsplit(link).path, follow=True)
    browser.post(form.redirect_chain[-1][0], {"password1": "another long phrase", "password2": "another long phrase"})

    assert (is_in(here), is_in(there)) == (False, False)
    assert UserSession.objects.count() == 0


def test_what_nobody_can_come_back_to_is_forgotten(user, here, there):
    Session.objects.filter(session_key=there.session.session_key).update(
        expire_date=timezone.now() - timedelta(hours=1)
    )
    UserSession.objects.update(last_seen_at=timezone.now() - timedelta(hours=2))

    sessions.forget_expired(timezone.now())

    assert list(Session.objects.values_list("session_key", flat=True)) == [here.session.session_key]
    assert list(UserSession.objects.values_list("session_key", flat=True)) == [here.session.session_key]


def test_it_is_forgotten_by_so_many_at_once(user, here, monkeypatch):
    monkeypatch.setattr(sessions, "FORGET_AT_ONCE", 2)
    for _ in range(3):
        last_seen_ago(signed_in(user), hours=20)

    left = []
    for _ in range(2):
        sessions.forget_expired(timezone.now())
        left.append((Session.objects.count(), UserSession.objects.count()))

    assert left == [(2, 2), (1, 1)]
