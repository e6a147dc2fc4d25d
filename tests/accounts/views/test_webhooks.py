import re
from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.html import escape
from django.utils.translation import override

from accounts.actors import INSTALLATION
from accounts.forms.webhooks import event_choices
from accounts.models import AuditAction, AuditEntry, EventType, WebhookDelivery, WebhookEndpoint
from accounts.webhooks import endpoints, signing
from accounts.webhooks.endpoints import MAX_ENDPOINTS
from project.ids import first_id
from tests.factories import make_delivery, make_endpoint
from tests.pages import queries, text_of
from tests.races import race
from tests.webhook_forms import (
    HOOK,
    NEW_URL,
    URL,
    disable,
    endpoint_url,
    errors_of,
    new_form,
    secret_in,
)

REFUSED = {
    "ftp://hooks.example.com/": "This is not an http or https address.",
    "https://user:word@hooks.example.com/": "This is not an http or https address.",
    "https://hooks.example.com:8443/": "This port cannot be reached from here.",
    "http://10.0.0.1/": "This address is inside a private network, which we do not send to.",
    "http://localhost/": "This address is inside a private network, which we do not send to.",
    "http://2130706433/": "There is no such host on the internet.",
}
HOSTILE = ["<script>alert(1)</script>", "</bdi><img src=x onerror=alert(1)>", "{{ 7*7 }}"]
State = WebhookDelivery.State


def test_without_endpoints_the_page_says_what_they_are_for(team, owner, sign_in):
    page = text_of(sign_in(owner).get(URL))

    assert "No endpoints yet" in page
    assert f'href="{NEW_URL}"' in page
    assert 'aria-current="page">Endpoints</a>' in page


def test_the_list_shows_what_an_endpoint_is_and_how_it_fares(team, owner, sign_in):
    endpoint = make_endpoint(team=team, description="Website", events=["task.failed", "credits.low"])
    for state in (State.DELIVERED, State.DELIVERED, State.FAILED):
        settle(make_delivery(team=team, endpoint=endpoint), state)
    make_delivery(team=team, endpoint=endpoint)
    make_delivery(team=team)
    aged(settle(make_delivery(team=team, endpoint=endpoint), State.FAILED))

    response = sign_in(owner).get(URL)

    page, [row] = text_of(response), response.context["rows"]
    assert (row.delivered, row.failed, row.waiting) == (2, 1, 1)
    assert f'href="{endpoint_url(endpoint)}"><bdi>Website</bdi></a>' in page
    assert HOOK in page
    assert '<code class="tag">task.failed</code><code class="tag">credits.low</code>' in page
    assert "2 delivered" in page
    assert "1 failed" in page
    assert "1 waiting" in page
    assert ">In service</span>" in page
    assert f"1 of {MAX_ENDPOINTS} endpoints" in page


def test_the_list_names_an_endpoint_without_description_by_its_host(team, owner, sign_in):
    make_endpoint(team=team)

    assert "<bdi>hooks.example.com</bdi></a>" in text_of(sign_in(owner).get(URL))


def test_the_list_shows_each_state(team, owner, sign_in):
    failing, paused, disabled = (make_endpoint(team=team) for _ in range(3))
    make_endpoint(team=team)
    disable(failing, status_code=500)
    endpoints.pause(paused, by=INSTALLATION)
    disable(disabled)

    rows = sign_in(owner).get(URL).context["rows"]

    assert [row.state.word for row in rows] == ["In service", "Disabled", "Paused", "Failing"]
    assert rows[1].state.reason == "It answered 410 Gone."
    assert rows[3].disabled_from == rows[3].endpoint.failing_since + timedelta(days=5)


def test_a_paused_endpoint_that_was_disabled_is_shown_as_disabled(team, owner, sign_in):
    endpoint = make_endpoint(team=team)
    endpoints.pause(endpoint, by=INSTALLATION)
    disable(endpoint)

    [row] = sign_in(owner).get(URL).context["rows"]

    assert row.state.word == "Disabled"


def test_what_waits_for_a_paused_endpoint_is_counted_however_old(team, owner, sign_in):
    endpoint = make_endpoint(team=team)
    aged(make_delivery(team=team, endpoint=endpoint))

    [row] = sign_in(owner).get(URL).context["rows"]

    assert (row.delivered, row.failed, row.waiting) == (0, 0, 1)


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_takes_as_many_queries_for_many_as_for_one(team, owner, sign_in, number):
    for _ in range(number):
        make_delivery(team=team, endpoint=make_endpoint(team=team))
    browser = sign_in(owner)
    browser.get(URL)

    with queries(6):  # session, user, membership with team and balance, secret, endpoints, how many are in progress
        browser.get(URL)


def test_the_form_offers_every_event_but_the_test_and_says_when_each_comes(team, owner, sign_in):
    page = text_of(sign_in(owner).get(NEW_URL))

    values = re.findall(r'name="events"\s+value="([^"]+)"', page)
    assert values == ["task.completed", "task.failed", "task.progress", "credits.low"]
    assert "Several times for each while it runs, with the percent." in page
    assert "endpoint.test, come whenever you send one" in page


def test_a_new_endpoint_shows_its_secret_once(team, owner, sign_in):
    browser = sign_in(owner)

    made = browser.post(NEW_URL, new_form(description=" Website ", events=["credits.low", "task.failed"]))

    endpoint, secret = WebhookEndpoint.objects.get(), secret_in(made)
    assert (made.status_code, endpoint.team, endpoint.url, endpoint.created_by) == (200, team, HOOK, owner)
    assert (endpoint.description, endpoint.events) == ("Website", ["task.failed", "credits.low"])
    assert secret == signing.current(endpoint)
    assert made.headers["Cache-Control"] == "private, no-store"
    assert 'href="/webhooks/verify/"' in text_of(made)
    assert secret not in text_of(browser.get(URL)) + text_of(browser.get(endpoint_url(endpoint)))
    entry = AuditEntry.objects.get(action=AuditAction.ENDPOINT_CREATED)
    assert (entry.user, entry.team, entry.subject_id, entry.ip) == (owner, team, endpoint.pk, "127.0.0.1")
    assert secret not in str(vars(entry))


def test_htmx_gets_the_new_endpoint_alone(team, owner, sign_in):
    response = sign_in(owner, htmx=True).post(NEW_URL, new_form())

    assert text_of(response).strip().startswith('<div class="stack" id="new-endpoint-form">')
    assert secret_in(response).startswith("whsec_")


def test_a_form_sent_twice_makes_one_endpoint(team, owner, sign_in):
    browser, form = sign_in(owner), new_form()
    secret = secret_in(browser.post(NEW_URL, form))

    again = browser.post(NEW_URL, form, follow=True)

    assert WebhookEndpoint.objects.count() == 1
    assert again.redirect_chain == [(URL, 302)]
    assert "This form has made its endpoint already." in text_of(again)
    assert secret not in text_of(again)


@pytest.mark.django_db(transaction=True)
def test_a_form_sent_twice_at_once_makes_one_endpoint(team, owner, sign_in):
    browsers, form = [sign_in(owner), sign_in(owner)], new_form()

    answers = race(lambda browser: browser.post(NEW_URL, form).status_code, browsers, threads=2)

    assert sorted(answers) == [200, 302]
    assert WebhookEndpoint.objects.count() == 1


@pytest.mark.parametrize(("url", "words"), REFUSED.items())
def test_a_url_that_is_not_sent_to_is_refused_in_words(team, owner, sign_in, url, words):  # S1
    refused = sign_in(owner).post(NEW_URL, new_form(url=url))

    assert (refused.status_code, errors_of(refused)) == (422, {"url": [words]})
    assert not WebhookEndpoint.objects.exists()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"url": ""}, "url"),
        ({"url": "https://hooks.example.com/" + "x" * 2048}, "url"),
        ({"description": "x" * 201}, "description"),
        ({"description": "a\u202eb"}, "description"),
        ({"events": []}, "events"),
        ({"events": ["endpoint.test"]}, "events"),
        ({"events": ["task.exploded"]}, "events"),
        ({"form_key": "mine"}, "form_key"),
    ],
)
def test_what_cannot_be_had_is_refused_beside_its_field(team, owner, sign_in, given, field):
    refused = sign_in(owner).post(NEW_URL, {**new_form(), **given})

    assert refused.status_code == 422
    assert list(errors_of(refused)) == [field]
    assert not WebhookEndpoint.objects.exists()


@pytest.mark.parametrize("text", HOSTILE)
def test_what_customers_write_is_only_text(team, owner, sign_in, text):  # B1
    browser = sign_in(owner)

    made = browser.post(NEW_URL, new_form(description=text, url=f"{HOOK}?q={text.replace(' ', '')}"))

    pages = (
        text_of(made) + text_of(browser.get(URL)) + text_of(browser.get(endpoint_url(WebhookEndpoint.objects.get())))
    )
    assert text not in pages.replace(escape(text), "") or text == "{{ 7*7 }}"
    assert escape(text) in pages
    assert "49" not in re.findall(r"<bdi>([^<]*)</bdi>", pages)


def test_one_endpoint_too_many_is_refused(team, owner, sign_in):
    for _ in range(MAX_ENDPOINTS):
        make_endpoint(team=team)

    refused = sign_in(owner).post(NEW_URL, new_form())

    assert refused.status_code == 422
    assert "A team can have 20 endpoints. Delete one" in text_of(refused)
    assert WebhookEndpoint.objects.count() == MAX_ENDPOINTS


def test_every_event_has_words_of_its_own():
    with override("en"):
        told = dict(event_choices())
    assert list(told) == [each.value for each in EventType if each is not EventType.TEST]
    assert len({choice.text for choice in told.values()}) == len(told)


def settle(delivery, state):
    now = timezone.now()
    WebhookDelivery.objects.filter(pk=delivery.pk).update(state=state, next_at=None, ended_at=now, updated_at=now)
    return delivery


def aged(delivery):
    """Of the day before yesterday: its id says when it was made."""
    old = first_id(timezone.now() - timedelta(days=2))
    WebhookDelivery.objects.filter(pk=delivery.pk).update(id=old)
