from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.models import AuditEntry, Team, WebhookDelivery, WebhookEndpoint, WebhookEvent
from accounts.webhooks import again, desk
from project.ids import first_id
from tests.factories import make_delivery, make_endpoint, make_team
from tests.pages import SURE, browser_of, queries, text_of
from tests.team_pages import assert_only_post, url, who_comes
from tests.webhook_pages import DESK as URL
from tests.webhook_pages import again_of, attempted, ended, failed, page_of, states

FAILED_AGAIN = f"{URL}send-failed-again/"
# session, user, membership with team and balance, endpoints to choose from, deliveries, disabled endpoints for the
# banner, how many are in progress
QUERIES = 6
REFUSED = {"viewer": 403, "member": 403, "admin": 200, "stranger": 404, "nobody": 302}


def shown(response):
    return [delivery.pk for delivery, _last, _tone in response.context["rows"]]


def test_it_says_what_was_sent_where_and_what_came_of_it(team, owner, sign_in):
    endpoint = make_endpoint(team=team, description="Our shop")
    delivery = failed(team, endpoint=endpoint)
    WebhookDelivery.objects.filter(pk=delivery.pk).update(attempt_count=8)

    page = text_of(sign_in(owner).get(URL))

    for words in ("task.completed", "Our shop", "hooks.example.com", "Failed", "HTTP 500", ">8<"):
        assert words in page
    assert f'href="/generations/{delivery.event.subject_id}/"' in page
    assert f'href="{page_of(delivery)}"' in page


def test_callback_urls_of_requests_are_told_the_same_way_without_what_may_be_secret(team, owner, sign_in):
    make_delivery(team=team, url="https://callback.example.com/done?token=hush")

    page = text_of(sign_in(owner).get(URL))

    assert "callback.example.com" in page
    assert "Callback URL" in page
    assert "hush" not in page


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({}, "Due: it goes out when it is its turn"),
        ({"next_at": datetime(2099, 1, 1, tzinfo=UTC)}, "Next attempt:"),
        ({"lease_until": datetime(2099, 1, 1, tzinfo=UTC)}, "Being sent now"),
        ({"last_error_code": "endpoint_timeout"}, "Timed out"),
    ],
)
def test_what_is_pending_says_what_it_waits_for(team, owner, sign_in, columns, words):
    delivery = make_delivery(team=team)
    WebhookDelivery.objects.filter(pk=delivery.pk).update(**columns)
    browser = sign_in(owner)

    assert words in text_of(browser.get(URL))
    assert words in text_of(browser.get(page_of(delivery)))


def test_what_a_paused_endpoint_waits_for(team, owner, sign_in):
    endpoint = make_endpoint(team=team)
    make_delivery(team=team, endpoint=endpoint)
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(paused_at=timezone.now())

    assert "Waits until its endpoint is resumed" in text_of(sign_in(owner).get(URL))


def test_filters(team, owner, sign_in):
    endpoint = make_endpoint(team=team)
    to_endpoint = make_delivery(team=team, endpoint=endpoint, type="task.failed")
    to_url = failed(team)
    browser = sign_in(owner)

    def found(**given):
        return shown(browser.get(URL, given))

    assert found() == [to_url.pk, to_endpoint.pk]
    assert found(state="failed") == [to_url.pk]
    assert found(event="task.failed") == [to_endpoint.pk]
    assert found(endpoint=endpoint.pk) == [to_endpoint.pk]
    assert found(endpoint="callbacks") == [to_url.pk]
    assert found(id=to_url.event.subject_id) == [to_url.pk]
    assert found(id=f" {to_url.event.subject_id.hex.upper()} ") == [to_url.pk]
    assert found(id=to_url.event.message_id) == [to_url.pk]
    assert found(id=uuid4()) == []
    assert found(since="2001-01-01", until="2001-01-02") == []


def test_by_days_of_the_teams_time_zone(team, owner, sign_in):
    Team.objects.filter(pk=team.pk).update(time_zone="Asia/Shanghai")
    made = []
    for hour in (15, 16):
        at = datetime(2026, 11, 1, hour, tzinfo=UTC)
        event = WebhookEvent.objects.create(team=team, type="task.failed", subject_id=uuid4(), body="{}")
        row = {"team": team, "event": event, "url": "http://a.example", "host": "a.example", "lane": "a"}
        made.append(WebhookDelivery.objects.create(id=first_id(at), created_at=at, **row).pk)
    browser = sign_in(owner)

    assert shown(browser.get(URL, {"until": "2026-11-01"})) == [made[0]]
    assert shown(browser.get(URL, {"since": "2026-11-02"})) == [made[1]]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"since": "x"}, "From: Enter a date such as 2026-11-30."),
        ({"since": "2026-11-02", "until": "2026-11-01"}, "To: The last day comes before the first."),
        ({"state": "x"}, "Status: Select a valid choice."),
        ({"event": "x"}, "Event: Select a valid choice."),
        ({"endpoint": "x"}, "Sent to: Select a valid choice."),
        ({"id": "x"}, "Id: Enter the id of a task"),
        ({"id": "msg_1"}, "Id: Enter the id of a task"),
        ({"id": "a\0"}, "Id: Null characters are not allowed."),
    ],
)
def test_a_filter_that_is_wrong_is_told(team, owner, sign_in, asked, told):
    response = sign_in(owner).get(URL, asked)

    assert response.status_code == 422
    assert told in text_of(response)


def test_ids_of_another_team_are_as_if_unknown(team, owner, sign_in):  # A2
    theirs = make_team()
    endpoint = make_endpoint(team=theirs, description="only theirs")
    delivery = make_delivery(team=theirs, endpoint=endpoint)
    browser = sign_in(owner)

    response, unknown = (browser.get(URL, {"endpoint": each}) for each in (endpoint.pk, uuid4()))

    assert (response.status_code, unknown.status_code) == (422, 422)
    assert "only theirs" not in text_of(response)
    for id in (delivery.event.subject_id, delivery.event.message_id):
        assert shown(browser.get(URL, {"id": id})) == []
    assert shown(browser.get(URL, {"before": delivery.pk})) == []


def test_another_teams_deliveries_are_not_shown(team, owner, sign_in):  # A1
    make_delivery(team=make_team())

    assert shown(sign_in(owner).get(URL)) == []


def test_an_empty_desk_says_what_will_be_there_and_one_that_is_filtered_offers_to_clear(team, owner, sign_in):
    browser = sign_in(owner)

    assert "Nothing sent yet" in text_of(browser.get(URL))
    assert f'href="{URL}">Clear the filters</a>' in text_of(browser.get(URL, {"state": "failed"}))


def test_as_many_queries_for_one_as_for_many(team, owner, sign_in):
    browser = sign_in(owner)
    browser.get(URL)  # notes when they were last here
    make_delivery(team=team, endpoint=make_endpoint(team=team))
    with queries(QUERIES):
        browser.get(URL)
    for _number in range(3):
        make_delivery(team=team, endpoint=make_endpoint(team=team))

    with queries(QUERIES):
        assert len(shown(browser.get(URL))) == 4


def test_older_ones_are_on_pages_of_their_own(team, owner, sign_in, monkeypatch):
    monkeypatch.setattr(desk, "PAGE_SIZE", 3)
    made = [make_delivery(team=team).pk for _number in range(5)]
    browser = sign_in(owner)

    first = browser.get(URL, {"event": "task.completed"})
    second = browser.get(URL, {"event": "task.completed", "before": first.context["page"].next_before})

    assert shown(first) + shown(second) == made[::-1]
    assert f"?event=task.completed&amp;before={made[2]}" in text_of(first)
    assert 'id="older"' not in text_of(second)
    assert 'id="newest"' in text_of(second)


@pytest.mark.parametrize("before", ["", "x", "1", "\x00"])
def test_a_cursor_that_is_no_id_is_not_found(team, owner, sign_in, before):
    assert sign_in(owner).get(URL, {"before": before}).status_code == 404


def test_the_first_page_asks_for_what_has_changed_and_older_ones_do_not(team, owner, sign_in, monkeypatch):
    monkeypatch.setattr(desk, "PAGE_SIZE", 1)
    for _number in range(2):
        make_delivery(team=team)
    browser = sign_in(owner)

    first = browser.get(URL)
    older = browser.get(URL, {"before": first.context["page"].next_before})

    assert f"version={first.context['page'].version}" in text_of(first)
    assert "every 2s" in text_of(first)
    assert "every 2s" not in text_of(older)


def test_nothing_is_sent_while_nothing_has_changed(team, owner, sign_in):
    delivery = make_delivery(team=team)
    browser = sign_in(owner, htmx=True)
    version = browser.get(URL).context["page"].version

    same = browser.get(URL, {"version": version})
    ended(delivery, state="delivered")
    changed = browser.get(URL, {"version": version})
    make_delivery(team=team)
    more = browser.get(URL, {"version": changed.context["page"].version})

    assert (same.status_code, same.content) == (204, b"")
    assert text_of(changed).strip().startswith("<div")
    assert "Delivered" in text_of(changed)
    assert len(shown(more)) == 2


def test_all_that_failed_and_fit_are_sent_again_when_asked_twice(team, owner, sign_in):
    endpoint = make_endpoint(team=team)
    its, other = failed(team, endpoint=endpoint), failed(team)
    browser, given = sign_in(owner), {"endpoint": endpoint.pk, "state": "failed"}
    assert 'id="send-failed-again"' in text_of(browser.get(URL, given))

    question = browser.post(FAILED_AGAIN, given)
    assert "Send 1 failed delivery again?" in text_of(question)
    assert "At most 10,000 are sent at once" in text_of(question)
    assert "disabled or deleted stay" in text_of(question)
    assert {delivery.state for delivery in WebhookDelivery.objects.all()} == {"failed"}
    answer = browser.post(FAILED_AGAIN, given | SURE, follow=True)

    assert "1 delivery is sent again." in text_of(answer)
    assert answer.redirect_chain == [(f"{URL}?state=failed&endpoint={endpoint.pk}", 302)]
    found = dict(WebhookDelivery.objects.values_list("pk", "state"))
    assert found == {its.pk: "pending", other.pk: "failed"}
    assert AuditEntry.objects.get(action="endpoint.sent_again").detail == {"count": 1}


def test_more_than_go_out_at_once_are_said_to_be_the_oldest(team, owner, sign_in, monkeypatch):
    monkeypatch.setattr(again, "AT_ONCE", 2)
    for _number in range(3):
        failed(team)

    question = sign_in(owner).post(FAILED_AGAIN, {})

    assert "Send the oldest 2 failed deliveries again?" in text_of(question)


def test_where_nothing_has_failed_that_could_be_sent_it_says_so(team, owner, sign_in):
    endpoint = make_endpoint(team=team)
    failed(team, endpoint=endpoint)
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(disabled_at=timezone.now(), disabled_reason="gone")
    before = states(team)
    browser = sign_in(owner)

    for given in ({}, SURE):
        answer = browser.post(FAILED_AGAIN, given, follow=True)
        assert "endpoints that are disabled or deleted are sent nothing" in text_of(answer)
    assert states(team) == before


def test_what_has_not_failed_is_not_offered(team, owner, sign_in):
    ended(make_delivery(team=team), state="delivered")

    assert "send-failed-again" not in text_of(sign_in(owner).get(URL))


def test_filters_that_are_wrong_send_nothing(team, owner, sign_in):  # A2
    failed(team)
    theirs = make_endpoint(team=make_team())
    before = states(team)

    response = sign_in(owner).post(FAILED_AGAIN, {"endpoint": theirs.pk} | SURE)

    assert response.status_code == 422
    assert states(team) == before


def test_who_may(team, owner):
    delivery = failed(team)
    attempted(delivery)
    before, browsers = states(team), who_comes(team)

    for path, stranger in ((URL, 200), (page_of(delivery), 404), ("/webhooks/verify/", 200)):
        found = {who: browser.get(path).status_code for who, browser in browsers.items()}
        assert found == REFUSED | {"stranger": stranger}
    del browsers["admin"]
    for path, stranger in ((FAILED_AGAIN, 302), (again_of(delivery), 404)):
        found = {who: browser.post(path, SURE).status_code for who, browser in browsers.items()}
        assert found == {"viewer": 403, "member": 403, "stranger": stranger, "nobody": 302}
    assert states(team) == before


def test_forms_are_posted_alone(team, owner):
    delivery = make_delivery(team=team)

    assert_only_post(owner, FAILED_AGAIN, URL)
    assert_only_post(owner, again_of(delivery), page_of(delivery))
    for path in (URL, page_of(delivery), url("webhooks_verify")):
        assert browser_of(owner).post(path).status_code == 405


def test_what_other_events_are_about(team, owner, sign_in):
    make_delivery(team=team, type="credits.low")
    make_delivery(team=team, type="endpoint.test")

    page = text_of(sign_in(owner).get(URL))

    assert '<a class="link" href="/credits/">Credits</a>' in page
    assert "A test" in page
    assert "/generations/" not in page.split('id="deliveries"')[1]
