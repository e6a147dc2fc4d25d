import re
from uuid import uuid4

import pytest
from django.test import Client
from django.utils.html import escape

from accounts.keys import authenticate, well_formed
from accounts.models import ApiKey, Role, WebhookSecret
from accounts.webhooks.signing import secret_for
from tests.factories import make_key, make_member, make_team, make_user

URL = "/keys/"
SECRET_URL = "/keys/signing-secret/"
QUERIES = 5  # session, user, membership with team and balance, keys, how many generations are in progress
HOSTILE_NAMES = [
    "<script>alert(1)</script>",
    "</bdi><img src=x onerror=alert(1)>",
    '" autofocus onfocus=alert(1) x="',
    "<div hx-get='/x' hx-trigger='load'>",
    "{{ 7*7 }}",
    "\u202egpj.exe",
]


@pytest.fixture
def owner(db):
    return make_user()


@pytest.fixture
def team(owner):
    return make_team(owner=owner)


def revoke_url(key):
    return f"/keys/{key.pk}/revoke/"


def secret_in(response):
    found = re.search(r'<code id="new-key">([^<]+)</code>', response.content.decode())
    return found and found[1]


def test_a_new_key_is_shown_once_and_works(team, owner, sign_in):
    browser = sign_in(owner)

    created = browser.post(URL, {"name": "Renderer"})

    secret = secret_in(created)
    key = authenticate(secret)
    assert (created.status_code, key.team, key.name, key.created_by) == (200, team, "Renderer", owner)
    assert created.headers["Cache-Control"] == "private, no-store"
    later = browser.get(URL).content.decode()
    assert secret not in later
    assert f"sk-video-…{secret[-4:]}" in later


def test_htmx_gets_the_keys_alone(team, owner, sign_in):
    response = sign_in(owner, htmx=True).post(URL, {"name": "Renderer"})

    assert response.content.strip().startswith(b'<div class="stack" id="keys">')
    assert well_formed(secret_in(response))


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\x00b"])
def test_a_name_that_will_not_do_makes_no_key(team, owner, sign_in, name):
    response = sign_in(owner).post(URL, {"name": name})

    assert response.status_code == 422
    assert response.context["form"].errors["name"]
    assert ApiKey.objects.count() == 0


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_hostile_name_is_text_and_nothing_else(team, owner, sign_in, name):  # B1
    page = sign_in(owner).post(URL, {"name": name}).content.decode()

    assert ApiKey.objects.get().name == name
    assert f"<bdi>{escape(name)}</bdi>" in page
    for opening in ("<script>alert", "<img src=x", "<div hx-get='/x'", '" autofocus onfocus'):
        assert opening not in page


def test_revoking_ends_the_key(team, owner, sign_in):
    key, _secret = make_key(team=team)

    response = sign_in(owner).post(revoke_url(key), follow=True)

    key.refresh_from_db()
    assert key.is_revoked
    assert response.redirect_chain == [(URL, 302)]
    page = response.content.decode()
    assert "Revoked" in page
    assert revoke_url(key) not in page


def test_revoking_again_changes_nothing(team, owner, sign_in):
    key, _secret = make_key(team=team)
    browser = sign_in(owner)
    browser.post(revoke_url(key))
    key.refresh_from_db()
    before = key.revoked_at

    response = browser.post(revoke_url(key))

    key.refresh_from_db()
    assert (response.status_code, key.revoked_at) == (302, before)


def test_htmx_revokes_in_place(team, owner, sign_in):
    key, _secret = make_key(team=team)

    response = sign_in(owner, htmx=True).post(revoke_url(key))

    assert response.content.strip().startswith(b'<div class="stack" id="keys">')
    key.refresh_from_db()
    assert key.is_revoked


def test_another_teams_key_is_not_found_and_not_revoked(team, owner, sign_in):  # A1
    key, _secret = make_key(name="only theirs")
    browser = sign_in(owner)

    response = browser.post(revoke_url(key))

    key.refresh_from_db()
    assert (response.status_code, key.is_revoked) == (404, False)
    assert "only theirs" not in browser.get(URL).content.decode()


def test_a_key_that_never_was_is_not_found(team, owner, sign_in):
    response = sign_in(owner).post(f"/keys/{uuid4()}/revoke/")

    assert response.status_code == 404


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MEMBER])
def test_who_may_not_manage_keys_is_refused_and_nothing_changes(team, sign_in, role):
    key, _secret = make_key(team=team, name="the team's")
    browser = sign_in(make_member(team=team, role=role))

    answers = [
        browser.get(URL),
        browser.post(URL, {"name": "mine"}),
        browser.post(revoke_url(key)),
        browser.post(SECRET_URL),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403, 403]
    assert [*ApiKey.objects.values_list("name", "revoked_at")] == [("the team's", None)]
    assert WebhookSecret.objects.count() == 0


def test_an_admin_may_manage_keys(team, sign_in):
    response = sign_in(make_member(team=team, role=Role.ADMIN)).post(URL, {"name": "mine"})

    assert well_formed(secret_in(response))


def test_signed_out_nothing_happens(team):
    key, _secret = make_key(team=team)

    answers = [Client().post(URL, {"name": "x"}), Client().post(revoke_url(key)), Client().post(SECRET_URL)]

    assert [answer.status_code for answer in answers] == [302, 302, 302]
    assert [*ApiKey.objects.values_list("pk", "revoked_at")] == [(key.pk, None)]


def test_signed_out_htmx_is_sent_to_sign_in_and_back(db):
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/keys/"}

    response = Client().post(URL, {"name": "x"}, headers=headers)

    assert response.headers["HX-Redirect"] == "/sign/login/?next=/keys/"


def test_a_request_from_elsewhere_makes_no_key(team, owner):  # B3
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner)

    response = browser.post(URL, {"name": "x"}, headers={"Origin": "https://evil.example"})

    assert response.status_code == 403
    assert ApiKey.objects.count() == 0


@pytest.mark.parametrize(("url", "method"), [(URL, "delete"), (URL, "put"), (SECRET_URL, "get")])
def test_other_methods_are_refused(team, owner, sign_in, url, method):
    response = getattr(sign_in(owner), method)(url)

    assert response.status_code == 405


def test_revoking_by_a_link_is_refused(team, owner, sign_in):
    key, _secret = make_key(team=team)

    response = sign_in(owner).get(revoke_url(key))

    key.refresh_from_db()
    assert (response.status_code, key.is_revoked) == (405, False)


def test_the_signing_secret_is_shown_only_when_asked_for(team, owner, sign_in):
    browser = sign_in(owner)

    before = browser.get(URL).content.decode()
    shown = browser.post(SECRET_URL)

    assert secret_for(team) not in before
    assert f">{secret_for(team)}</code>" in shown.content.decode()
    assert shown.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("keys", [1, 3])
def test_the_queries_do_not_grow_with_the_keys(team, owner, sign_in, django_assert_num_queries, keys):
    for _ in range(keys):
        make_key(team=team)
    browser = sign_in(owner)

    with django_assert_num_queries(QUERIES):
        browser.get(URL)
