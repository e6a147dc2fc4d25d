import re
from datetime import UTC, timedelta
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from django.utils.translation import override

from accounts import credits, keys
from accounts.actors import INSTALLATION
from accounts.models import ApiKey, ApiSecret, Role, Scope
from tests.factories import make_key, make_member
from tests.key_forms import (
    NEW_URL,
    URL,
    actions,
    current_of,
    key_url,
    new_form,
    rotate_form,
    settings_form,
    spend,
)
from tests.pages import SURE, text_of

# session, user, membership with team and balance, budgets, keys, secrets, usage, how many are in progress
LIST_QUERIES = 8


def test_without_keys_the_page_says_how_to_begin(team, owner, sign_in):
    page = text_of(sign_in(owner).get(URL))

    assert "No keys yet" in page
    assert f'href="{NEW_URL}"' in page


def test_the_list_shows_what_a_key_is_and_does(team, owner, sign_in):
    credits.grant(team, 1_000, note="for a test")
    key, secret = make_key(team=team, name="Renderer", monthly_budget_credits=250, rate_plan="pro")
    spend(key, 40)
    keys.touch(current_of(key), "192.0.2.7")

    page = text_of(sign_in(owner).get(URL))

    assert f'<a class="link" href="{key_url(key)}"><bdi>Renderer</bdi></a>' in page
    assert f"sk-video-…{secret[-4:]}" in page
    assert secret not in page
    assert "40 / 250" in page
    assert re.search(r'<progress class="meter"\s+max="250"\s+value="40"', page)
    assert 'aria-label="40 credits in the last 30 days, 40 on the busiest"' in page
    assert "from 192.0.2.7" in page
    assert "Pro: 1,000 an hour" in page
    assert ">Live</span>" in page
    assert '<span class="tag">Generate</span><span class="tag">Read</span>' in page


def test_scopes_are_told_in_the_readers_language(team, owner, sign_in):
    key, _secret = make_key(team=team)
    browser = sign_in(owner)
    browser.cookies[settings.LANGUAGE_COOKIE_NAME] = "zh-hans"

    listed = text_of(browser.get(URL))
    keys.revoke(key, by=INSTALLATION)
    shown = text_of(browser.get(key_url(key)))

    with override("zh-hans"):
        words = [Scope(scope).word for scope in key.scopes]
    assert words == ["生成", "读取"]
    assert "".join(f'<span class="tag">{word}</span>' for word in words) in listed
    assert ", ".join(words) in shown


def test_a_key_never_used_without_a_budget_says_so(team, owner, sign_in):
    make_key(team=team)

    page = text_of(sign_in(owner).get(URL))

    assert "never" in page
    assert "<progress" not in page
    assert 'aria-label="Nothing spent in the last 30 days"' in page


@pytest.mark.parametrize(
    ("days", "word"),
    [(-1, "Expired"), (0, "Expires today"), (1, "Expires in 1 day"), (14, "Expires in 14 days"), (15, "Live")],
)
def test_the_state_warns_fourteen_days_before_the_end(team, owner, sign_in, days, word):
    key, _secret = make_key(team=team)
    midnight = timezone.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    ApiKey.objects.filter(pk=key.pk).update(expires_at=midnight + timedelta(days=days + 1))

    assert f">{word}</span>" in text_of(sign_in(owner).get(URL))


def test_an_old_secret_that_still_works_is_in_the_list(team, owner, sign_in):
    key, old = make_key(team=team)
    new = keys.rotate(key, grace=timedelta(hours=1), by=INSTALLATION)

    page = text_of(sign_in(owner).get(URL))

    assert f"Old secret …{old[-4:]} valid until" in page
    assert f"sk-video-…{new[-4:]}" in page


def test_a_revoked_key_comes_last(team, owner, sign_in):
    revoked, _secret = make_key(team=team, name="gone")
    keys.revoke(revoked, by=INSTALLATION)
    make_key(team=team, name="here")

    page = text_of(sign_in(owner).get(URL))

    assert page.index("here") < page.index("gone")
    assert ">Revoked</span>" in page


@pytest.mark.parametrize("number", [1, 3])
def test_the_queries_do_not_grow_with_the_keys(team, owner, sign_in, django_assert_num_queries, number):
    for _ in range(number):
        key, _secret = make_key(team=team, monthly_budget_credits=10)
        keys.rotate(key, grace=timedelta(hours=1), by=INSTALLATION)
    browser = sign_in(owner)

    with django_assert_num_queries(LIST_QUERIES):
        browser.get(URL)


def every_answer(browser, key):
    """Everything that can be asked of the pages of keys."""
    return [
        browser.get(URL),
        browser.get(NEW_URL),
        browser.post(NEW_URL, new_form()),
        *answers_about(browser, key),
    ]


def answers_about(browser, key):
    return [
        browser.get(key_url(key)),
        browser.post(key_url(key), settings_form(name="mine")),
        browser.post(key_url(key, "rotate/"), rotate_form(key)),
        browser.post(key_url(key, "end-old/"), SURE),
        browser.post(key_url(key, "revoke/"), SURE),
    ]


def all_there_is():
    keys_now = list(ApiKey.objects.values_list("pk", "name", "revoked_at"))
    return keys_now, list(ApiSecret.objects.values_list("pk", "valid_until")), actions()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MEMBER])
def test_who_may_not_manage_keys_is_refused_and_nothing_changes(team, sign_in, role):
    key, _secret = make_key(team=team)
    keys.rotate(key, grace=timedelta(days=7), by=INSTALLATION)
    browser = sign_in(make_member(team=team, role=role))
    before = all_there_is()

    answers = every_answer(browser, key)

    assert [answer.status_code for answer in answers] == [403] * 8
    assert all_there_is() == before


def test_an_admin_may_manage_keys(team, sign_in):
    key, _secret = make_key(team=team)
    browser = sign_in(make_member(team=team, role=Role.ADMIN))

    answers = every_answer(browser, key)

    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 302, 200, 302, 302]


def test_another_teams_key_is_not_found_and_nothing_changes(team, owner, sign_in):  # A1
    key, _secret = make_key(name="only theirs")
    keys.rotate(key, grace=timedelta(days=7), by=INSTALLATION)
    browser = sign_in(owner)
    before = all_there_is()

    answers = answers_about(browser, key)

    assert [answer.status_code for answer in answers] == [404] * 5
    assert all_there_is() == before
    assert "only theirs" not in text_of(browser.get(URL))


def test_a_key_that_never_was_is_not_found(team, owner, sign_in):
    browser, key = sign_in(owner), ApiKey(pk=uuid4())

    answers = [browser.get(key_url(key)), browser.post(key_url(key, "revoke/"), SURE), browser.get("/keys/mine/")]

    assert [answer.status_code for answer in answers] == [404, 404, 404]


def test_signed_out_nothing_happens(team):
    key, _secret = make_key(team=team)
    before = all_there_is()

    answers = every_answer(Client(), key)

    assert [(answer.status_code, answer.url.split("?")[0]) for answer in answers] == [(302, "/sign/login/")] * 8
    assert all_there_is() == before


def test_signed_out_htmx_is_sent_to_sign_in_and_back(db):
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/keys/"}

    response = Client().post(NEW_URL, new_form(), headers=headers)

    assert response.headers["HX-Redirect"] == "/sign/login/?next=/keys/"


def test_a_request_from_elsewhere_changes_nothing(team, owner):  # B3
    key, _secret = make_key(team=team)
    browser = Client(enforce_csrf_checks=True, headers={"Origin": "https://evil.example"})
    browser.force_login(owner)
    before = all_there_is()
    urls = [NEW_URL, *(key_url(key, action) for action in ("", "rotate/", "end-old/", "revoke/"))]

    answers = [browser.post(url, {**new_form(), **rotate_form(key)}) for url in urls]

    assert [answer.status_code for answer in answers] == [403] * 5
    assert all_there_is() == before


def test_other_methods_are_refused(team, owner, sign_in):
    key, _secret = make_key(team=team)
    browser = sign_in(owner)
    before = all_there_is()

    answers = [browser.post(URL), browser.put(NEW_URL), browser.delete(key_url(key))]
    answers += [browser.put(key_url(key, action)) for action in ("rotate/", "end-old/", "revoke/")]
    led = [browser.get(key_url(key, action)).headers["Location"] for action in ("rotate/", "end-old/", "revoke/")]

    assert [answer.status_code for answer in answers] == [405] * 6
    assert led == [key_url(key)] * 3
    assert all_there_is() == before
