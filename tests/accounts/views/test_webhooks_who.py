from uuid import uuid4

import pytest
from django.test import Client

from accounts.actors import INSTALLATION
from accounts.models import AuditEntry, Role, WebhookDelivery, WebhookEndpoint, WebhookSecret
from accounts.webhooks import endpoints
from accounts.webhooks.versions import version_of
from tests.factories import make_endpoint, make_member, make_team
from tests.pages import SURE, text_of
from tests.webhook_forms import (
    ACTIONS,
    NEW_URL,
    ROTATE_SIGNING_URL,
    SIGNING_URL,
    URL,
    endpoint_url,
    new_form,
    rotate_form,
    settings_form,
)


@pytest.fixture
def stranger(db):
    """Another team."""
    return make_team(name="Pathé")


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MEMBER])
def test_who_may_not_manage_webhooks_is_refused_and_nothing_changes(team, sign_in, role):
    endpoint = make_endpoint(team=team)
    browser, before = sign_in(make_member(team=team, role=role)), all_there_is()

    answers = every_answer(browser, endpoint)

    assert {answer.status_code for answer in answers} == {403}
    assert all_there_is() == before


def test_an_admin_may_manage_webhooks(team, sign_in):
    answers = every_answer(sign_in(make_member(team=team, role=Role.ADMIN)), make_endpoint(team=team))

    assert [answer.status_code for answer in answers] == [200] * 6 + [302] + [200] + [302] * 5


def test_another_teams_endpoint_is_not_found_and_nothing_changes(team, owner, sign_in, stranger):  # A1
    endpoint = make_endpoint(team=stranger, description="only theirs")
    browser, before = sign_in(owner), all_there_is()

    answers = answers_about(browser, endpoint)

    assert {answer.status_code for answer in answers} == {404}
    assert all_there_is() == before
    assert "only theirs" not in text_of(browser.get(URL))


def test_a_deleted_endpoint_is_not_found(team, owner, sign_in):
    endpoint = make_endpoint(team=team, description="gone")
    endpoints.delete(endpoint, by=INSTALLATION)
    browser, before = sign_in(owner), all_there_is()

    answers = answers_about(browser, endpoint)

    assert {answer.status_code for answer in answers} == {404}
    assert all_there_is() == before
    assert "gone" not in [row.name for row in browser.get(URL).context["rows"]]


def test_signed_out_nothing_happens(team):
    endpoint = make_endpoint(team=team)
    before = all_there_is()

    answers = every_answer(Client(), endpoint)

    assert {(answer.status_code, answer.url.split("?")[0]) for answer in answers} == {(302, "/sign/login/")}
    assert all_there_is() == before


def test_a_request_from_elsewhere_changes_nothing(team, owner):  # B3
    endpoint = make_endpoint(team=team)
    browser = Client(enforce_csrf_checks=True, headers={"Origin": "https://evil.example"})
    browser.force_login(owner)
    before = all_there_is()
    urls = [NEW_URL, SIGNING_URL, ROTATE_SIGNING_URL, *(endpoint_url(endpoint, action) for action in ("", *ACTIONS))]

    answers = [browser.post(url, {**new_form(), **rotate_form(endpoint), **SURE}) for url in urls]

    assert [answer.status_code for answer in answers] == [403] * 10
    assert all_there_is() == before


def test_other_methods_are_refused(team, owner, sign_in):
    endpoint = make_endpoint(team=team)
    browser, before = sign_in(owner), all_there_is()
    posted = [SIGNING_URL, ROTATE_SIGNING_URL, *(endpoint_url(endpoint, action) for action in ACTIONS)]

    answers = [browser.post(URL), browser.put(NEW_URL), browser.delete(endpoint_url(endpoint))]
    answers += [browser.put(url) for url in posted]
    led = [browser.get(url).headers["Location"] for url in posted]

    assert [answer.status_code for answer in answers] == [405] * 11
    assert led == [URL] * 2 + [endpoint_url(endpoint)] * 6
    assert all_there_is() == before


def test_a_page_of_another_team_changes_nothing(team, owner, sign_in):
    before = all_there_is()

    refused = sign_in(owner).post(NEW_URL, new_form(page_team=str(uuid4())))

    assert refused.status_code == 409
    assert all_there_is() == before


def every_answer(browser, endpoint):
    """Everything that can be asked of the pages of endpoints."""
    return [
        browser.get(URL),
        browser.get(NEW_URL),
        browser.post(NEW_URL, new_form()),
        browser.post(SIGNING_URL),
        browser.post(ROTATE_SIGNING_URL, {"current": version_of(WebhookSecret.objects.first()), "grace": "3600"}),
        *answers_about(browser, endpoint),
    ]


def answers_about(browser, endpoint):
    return [
        browser.get(endpoint_url(endpoint)),
        browser.post(endpoint_url(endpoint), settings_form(description="mine")),
        browser.post(endpoint_url(endpoint, "rotate/"), rotate_form(endpoint)),
        *(browser.post(endpoint_url(endpoint, action), SURE) for action in ACTIONS[1:]),
    ]


def all_there_is():
    return [
        list(model.objects.order_by("pk").values())
        for model in (WebhookEndpoint, WebhookSecret, WebhookDelivery, AuditEntry)
    ]
