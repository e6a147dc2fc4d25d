"""/api/v1/webhook_deliveries: what was sent, what came of it, and sending again."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from standardwebhooks import Webhook

from accounts.actors import INSTALLATION
from accounts.api.answers import iso
from accounts.models import AuditEntry, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from accounts.webhooks import endpoints, signing
from tests.factories import make_delivery, make_endpoint, make_key, make_team
from tests.receiver import Receiver, answer
from tests.webhooks import deliver

BAD_FILTERS = [
    ("status", "done", "one_of"),
    ("event", "task.cancelled", "one_of"),
    ("endpoint_id", "0", "type"),
    ("task_id", "0", "type"),
    ("created_after", "yesterday", "type"),
    ("created_before", "9999-99-99", "type"),
    ("limit", "0", "ge"),
    ("limit", "101", "le"),
    ("limit", "all", "type"),
    ("cursor", "x", "cursor"),
    ("cursor", "a" * 61, "max_length"),
]


@pytest.fixture
def team(db):
    return make_team()


@pytest.fixture
def endpoint(team) -> WebhookEndpoint:
    return make_endpoint(team=team)


@pytest.fixture
def client(team):
    return program_of(team)


def program_of(team, *scopes: str) -> Client:
    return Client(headers={"X-API-Key": make_key(team=team, scopes=scopes or ("manage",))[1]})


def listed(client: Client, query: str = "") -> list[str]:
    response = client.get(f"/api/v1/webhook_deliveries{query}")
    assert response.status_code == 200, response.content
    return [each["id"] for each in response.json()["data"]["deliveries"]]


def send(client: Client, path: str, body=None):
    content = b"" if body is None else json.dumps(body)
    return client.generic("POST", f"/api/v1/webhook_deliveries{path}", content, "application/json")


def error_of(response) -> dict:
    return response.json()["error"]


def snapshot() -> list:
    rows = (WebhookDelivery.objects.values(), WebhookAttempt.objects.values(), AuditEntry.objects.values())
    return [list(each.order_by("id")) for each in rows]


def ended(delivery: WebhookDelivery, state: str = "failed", **columns) -> WebhookDelivery:
    columns = {"ended_at": timezone.now(), **columns}
    WebhookDelivery.objects.filter(pk=delivery.pk).update(state=state, next_at=None, **columns)
    delivery.refresh_from_db()
    return delivery


def test_a_real_delivery_tells_each_attempt(transactional_db, settings):
    settings.ALLOW_PRIVATE_HOSTS = ("127.0.0.1",)
    team = make_team()
    with Receiver() as receiver:
        receiver.answers.append(answer(503, b"not <b>now</b>", X_Why="busy"))
        endpoint = make_endpoint(team=team, url=receiver.url("/in"))
        delivery = make_delivery(team=team, endpoint=endpoint, body={"event": "task.completed", "prompt": "雏菊"})
        deliver()
        client = program_of(team)
        first = client.get(f"/api/v1/webhook_deliveries/{delivery.pk}").json()["data"]
        sent = send(client, f"/{delivery.pk}/send_again")
        deliver(lambda: timezone.now() + timedelta(seconds=2))  # its host is paced

    told = client.get(f"/api/v1/webhook_deliveries/{delivery.pk}").json()["data"]
    assert (first["status"], first["last_status_code"], first["last_error"]) == ("pending", 503, None)
    assert (sent.status_code, sent.json()["data"]["status"]) == (200, "pending")
    assert (told["status"], told["attempt_count"], told["next_attempt_at"]) == ("delivered", 2, None)
    assert [(each["number"], each["status_code"]) for each in told["attempts"]] == [(2, 200), (1, 503)]
    latest, earliest = told["attempts"]
    assert earliest["response_excerpt"] == "not <b>now</b>"
    assert earliest["response_headers"]["x-why"] == "busy"
    assert earliest["duration_ms"] >= 0
    assert {each["request_headers"]["webhook-id"] for each in (latest, earliest)} == {told["webhook_id"]}
    assert told["body"].encode() == receiver.requests[0].body
    Webhook(signing.current(endpoint)).verify(told["body"], latest["request_headers"])


def test_a_delivery_to_a_callback_url_is_told_alike(client, team):
    delivery = make_delivery(team=team, url="https://callback.example.com/done?job=7")

    told = client.get(f"/api/v1/webhook_deliveries/{delivery.pk}").json()["data"]

    event = delivery.event
    delivery.refresh_from_db()
    assert told == {
        "id": str(delivery.pk),
        "webhook_id": event.message_id,
        "event": "task.completed",
        "task_id": str(event.subject_id),
        "endpoint_id": None,
        "url": "https://callback.example.com/done?job=7",
        "status": "pending",
        "attempt_count": 0,
        "next_attempt_at": iso(delivery.next_at),
        "last_status_code": None,
        "last_error": None,
        "created_at": iso(delivery.created_at),
        "updated_at": iso(delivery.updated_at),
        "ended_at": None,
        "body": event.body,
        "attempts": [],
    }


def test_of_very_many_attempts_the_latest_are_told(client, team):
    delivery = make_delivery(team=team)
    WebhookAttempt.objects.bulk_create(
        WebhookAttempt(delivery=delivery, number=number, url="u", started_at=timezone.now(), duration_ms=1)
        for number in range(1, 61)
    )

    told = client.get(f"/api/v1/webhook_deliveries/{delivery.pk}").json()["data"]["attempts"]

    assert [each["number"] for each in told] == list(range(60, 10, -1))


@pytest.mark.parametrize("there", [1, 3])
def test_deliveries_are_listed_newest_first_and_no_other_teams(
    client, team, endpoint, there, django_assert_num_queries
):
    made = [make_delivery(team=team, endpoint=endpoint) for _ in range(there)]
    make_delivery(team=make_team())
    listed(client)

    with django_assert_num_queries(3):  # key, limit, deliveries with their events
        ids = listed(client)

    assert ids == [str(each.pk) for each in reversed(made)]


def test_the_list_is_filtered(client, team, endpoint):
    pending = make_delivery(team=team, endpoint=endpoint)
    failed = ended(make_delivery(team=team, endpoint=endpoint, type="task.failed"))
    delivered = ended(make_delivery(team=team), "delivered")
    make_delivery(team=make_team(), endpoint=None)

    found = {
        "status=failed": [failed],
        "status=pending": [pending],
        "status=cancelled": [],
        "event=task.failed": [failed],
        "event=task.completed&status=delivered": [delivered],
        f"endpoint_id={endpoint.pk}": [failed, pending],
        f"task_id={failed.event.subject_id}": [failed],
        "status=&event=": [delivered, failed, pending],
    }

    assert {query: listed(client, f"?{query}") for query in found} == {
        query: [str(each.pk) for each in rows] for query, rows in found.items()
    }


def test_the_list_is_bounded_by_date(client, team):
    first, second = make_delivery(team=team), make_delivery(team=team)
    moment = timezone.now().replace(microsecond=0)
    for delivery, at in ((first, moment - timedelta(seconds=1)), (second, moment)):
        WebhookDelivery.objects.filter(pk=delivery.pk).update(created_at=at)

    assert listed(client, f"?created_after={iso(moment)}") == [str(second.pk)]
    assert listed(client, f"?created_before={iso(moment)}") == [str(first.pk)]
    assert listed(client, "?created_after=2031-01-01T00:00:00Z") == []
    assert listed(client, "?created_before=2020-01-01T00:00:00") == []


def test_a_cursor_turns_all_pages_whatever_comes_meanwhile(client, team):
    made = [str(make_delivery(team=team).pk) for _ in range(5)]

    seen, cursor = [], ""
    while cursor is not None:
        page = client.get(f"/api/v1/webhook_deliveries?limit=2&cursor={cursor}").json()["data"]
        seen += [each["id"] for each in page["deliveries"]]
        cursor = page["pagination"]["next_cursor"]
        assert page["pagination"] == {"limit": 2, "next_cursor": cursor, "has_more": cursor is not None}
        make_delivery(team=team)

    assert seen == made[::-1]


@pytest.mark.parametrize(("name", "value", "constraint"), BAD_FILTERS)
def test_a_bad_filter_is_refused_by_name(client, name, value, constraint):
    response = client.get("/api/v1/webhook_deliveries", {name: value})

    assert response.status_code == 400
    assert error_of(response)["details"].items() >= {"field": name, "constraint": constraint}.items()


def test_another_teams_ids_find_nothing(client, team):  # A2
    foreign = make_endpoint(team=make_team())
    theirs = make_delivery(team=foreign.team, endpoint=foreign)
    cursor = client.get("/api/v1/webhook_deliveries").json()["data"]["pagination"]["next_cursor"]

    assert cursor is None
    assert listed(client, f"?endpoint_id={foreign.pk}") == []
    before = snapshot()
    assert send(client, "/send_failed_again", {"endpoint_id": str(foreign.pk)}).status_code == 404
    assert send(client, f"/{theirs.pk}/send_again").status_code == 404
    assert snapshot() == before


def test_one_is_sent_again_under_its_id_and_twice_is_harmless(client, team, endpoint):
    delivery = ended(make_delivery(team=team, endpoint=endpoint), attempt_count=8)

    answers = [send(client, f"/{delivery.pk}/send_again") for _ in range(2)]

    assert [each.status_code for each in answers] == [200, 200]
    assert answers[0].json()["data"]["webhook_id"] == delivery.event.message_id
    delivery.refresh_from_db()
    assert (delivery.state, delivery.first_attempts, delivery.attempt_count) == ("pending", 8, 8)
    assert WebhookDelivery.objects.count() == 1
    entry = AuditEntry.objects.filter(action="endpoint.sent_again").first()
    assert (entry.subject_id, entry.detail) == (delivery.pk, {"count": 1})


def test_one_under_way_stays_as_it_is(client, team):
    delivery = make_delivery(team=team)
    WebhookDelivery.objects.update(lease_until=timezone.now() + timedelta(minutes=1))
    before = snapshot()

    assert send(client, f"/{delivery.pk}/send_again").status_code == 200

    assert snapshot() == before


@pytest.mark.parametrize("become", ["disabled", "deleted"])
def test_to_an_endpoint_out_of_service_nothing_is_sent_again(client, team, endpoint, become):
    delivery = ended(make_delivery(team=team, endpoint=endpoint))
    if become == "deleted":
        endpoints.delete(endpoint, by=INSTALLATION)
    else:
        WebhookEndpoint.objects.update(disabled_at=timezone.now(), disabled_reason="gone")
    before = snapshot()

    one, all_of_them = send(client, f"/{delivery.pk}/send_again"), send(client, "/send_failed_again")

    assert (one.status_code, error_of(one)["code"]) == (409, "CONFLICT")
    assert error_of(one)["details"] == {"state": "out_of_service"}
    assert all_of_them.json()["data"] == {"sent_again": 0}
    assert client.get(f"/api/v1/webhook_deliveries/{delivery.pk}").status_code == 200
    assert snapshot() == before


def test_all_that_failed_are_sent_again_and_no_others(client, team, endpoint):
    failed = [ended(make_delivery(team=team, endpoint=each)) for each in (endpoint, None)]
    others = [ended(make_delivery(team=team), "delivered"), ended(make_delivery(team=make_team()))]

    first, again = (send(client, "/send_failed_again") for _ in range(2))

    assert [each.json()["data"] for each in (first, again)] == [{"sent_again": 2}, {"sent_again": 0}]
    states = dict(WebhookDelivery.objects.values_list("pk", "state"))
    assert [states[each.pk] for each in failed] == ["pending", "pending"]
    assert [states[each.pk] for each in others] == ["delivered", "failed"]
    entry = AuditEntry.objects.get(action="endpoint.sent_again")
    assert (entry.detail, entry.api_key.team) == ({"count": 2}, team)


def test_those_of_an_endpoint_and_since_a_moment_are_sent_again(client, team, endpoint):
    moment = timezone.now().replace(microsecond=0)
    meant = ended(make_delivery(team=team, endpoint=endpoint), ended_at=moment)
    ended(make_delivery(team=team, endpoint=endpoint), ended_at=moment - timedelta(seconds=1))
    ended(make_delivery(team=team), ended_at=moment)

    response = send(client, "/send_failed_again", {"endpoint_id": str(endpoint.pk), "since": iso(moment)})

    assert response.json()["data"] == {"sent_again": 1}
    assert [each.pk for each in WebhookDelivery.objects.filter(state="pending")] == [meant.pk]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"since": "yesterday"}, "since"),
        ({"since": "2026-01-01T00:00:00"}, "since"),
        ({"since": 1900000000}, "since"),
        ({"endpoint_id": 7}, "endpoint_id"),
        ({"status": "delivered"}, "status"),
    ],
)
def test_a_bad_body_is_refused_by_name_and_nothing_is_sent(client, team, body, field):
    ended(make_delivery(team=team))
    before = snapshot()

    response = send(client, "/send_failed_again", body)

    assert (response.status_code, error_of(response)["details"]["field"]) == (400, field)
    assert snapshot() == before


@pytest.mark.parametrize("endpoint_id", ["0", "", "01980000-0000-7000-8000-000000000000"])
def test_an_endpoint_that_is_none_is_not_found(client, team, endpoint_id):
    ended(make_delivery(team=team))
    before = snapshot()

    response = send(client, "/send_failed_again", {"endpoint_id": endpoint_id})

    assert (response.status_code, error_of(response)["code"]) == (404, "NOT_FOUND")
    assert snapshot() == before


@pytest.mark.parametrize("whose", ["another team's", "nobody's", "no id"])
def test_any_other_delivery_is_not_found(client, whose):  # A1
    theirs = ended(make_delivery(team=make_team()))
    delivery_id = {"another team's": theirs.pk, "nobody's": uuid4(), "no id": "0"}[whose]
    before = snapshot()

    answers = [client.get(f"/api/v1/webhook_deliveries/{delivery_id}"), send(client, f"/{delivery_id}/send_again")]

    assert [(each.status_code, error_of(each)["code"]) for each in answers] == [(404, "NOT_FOUND")] * 2
    assert snapshot() == before


@pytest.mark.parametrize("path", ["", "/{}", "/{}/send_again", "/send_failed_again"])
def test_without_the_scope_it_is_refused_and_nothing_changes(team, path):  # A7
    delivery = ended(make_delivery(team=team))
    client = program_of(team, "embed", "generate", "read")
    before = snapshot()

    path = path.format(delivery.pk)
    response = send(client, path) if path.endswith("again") else client.get(f"/api/v1/webhook_deliveries{path}")

    assert (response.status_code, error_of(response)["details"]) == (403, {"scope": "manage"})
    assert snapshot() == before


@pytest.mark.parametrize(
    ("path", "allowed"), [("", "GET"), ("/{}", "GET"), ("/{}/send_again", "POST"), ("/send_failed_again", "POST")]
)
def test_other_methods_are_refused(client, team, path, allowed):
    delivery = make_delivery(team=team)

    response = client.delete(f"/api/v1/webhook_deliveries{path.format(delivery.pk)}")

    assert (response.status_code, response.headers["Allow"]) == (405, allowed)
