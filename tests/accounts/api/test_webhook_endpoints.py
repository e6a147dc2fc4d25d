"""/api/v1/webhook_endpoints: a program with the scope manage and where its team's events are sent."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from standardwebhooks import Webhook

from accounts.actors import INSTALLATION
from accounts.models import AuditEntry, WebhookDelivery, WebhookEndpoint
from accounts.webhooks import endpoints, signing
from accounts.webhooks.endpoint_settings import CHOICES
from accounts.webhooks.versions import version_of
from tests.factories import make_delivery, make_endpoint, make_key, make_team
from tests.races import race
from tests.receiver import Receiver
from tests.webhooks import deliver

URL = "https://hooks.example.com/services/T0?token=1"
NEW = {"url": URL, "events": ["task.failed", "credits.low"], "description": "Nightly"}
# A10: what nobody sets by sending it.
NOT_THEIRS = {
    "id": str(uuid4()),
    "team_id": str(uuid4()),
    "created_at": "2020-01-01T00:00:00Z",
    "created_by_id": None,
    "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "old_secret_until": None,
    "disabled_at": None,
    "paused_at": None,
    "failing_since": None,
    "sequence": 1,
}
BAD = [
    ("url", "example.com", "public_url"),
    ("url", "ftp://example.com/", "public_url"),
    ("url", "http://127.0.0.1/", "public_url"),  # C11, S1
    ("url", "http://[::ffff:10.0.0.7]/", "public_url"),
    ("url", "https://example.com:8443/", "public_url"),
    ("url", "http://nowhere.internal/", "public_url"),
    ("url", "https://ana:pw@example.com/", "public_url"),
    ("url", "", "min_length"),
    ("url", "https://example.com/" + "a" * 2048, "max_length"),
    ("url", 7, "type"),
    ("url", None, "type"),
    ("events", [], "min_length"),
    ("events", ["task.cancelled"], "one_of"),
    ("events", ["endpoint.test"], "one_of"),
    ("events", ["task.failed", "*"], "one_of"),
    ("events", [None], "one_of"),
    ("events", "task.failed", "type"),
    ("events", {"task.failed": True}, "type"),
    ("events", None, "type"),
    ("description", "a" * 201, "max_length"),
    ("description", 7, "type"),
    ("description", None, "type"),
]
ACTIONS = ("get", "patch", "delete", "rotate", "test", "pause", "resume", "enable")


@pytest.fixture
def team(db):
    return make_team()


@pytest.fixture
def client(team):
    """A program with the scope manage."""
    _, secret = make_key(team=team, name="manager", scopes=("manage",))
    return Client(headers={"Authorization": f"Bearer {secret}"})


@pytest.fixture
def endpoint(team) -> WebhookEndpoint:
    return make_endpoint(team=team)


def send(client: Client, method: str, path: str = "", body=None):
    path = f"/api/v1/webhook_endpoints{path}"
    return client.generic(method.upper(), path, b"" if body is None else json.dumps(body), "application/json")


def do(client: Client, action: str, endpoint_id, body=None):
    """One of ACTIONS, by the method that it takes."""
    if action in ("get", "patch", "delete"):
        return send(client, action, f"/{endpoint_id}", {"description": "mine"} if action == "patch" else body)
    return send(client, "post", f"/{endpoint_id}/{action}", body)


def error_of(response) -> dict:
    return response.json()["error"]


def snapshot() -> list:
    rows = (WebhookEndpoint.objects.values(), WebhookDelivery.objects.values(), AuditEntry.objects.values())
    return [list(each.order_by("id")) for each in rows]


def disabled(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    now = timezone.now()
    since = now - timedelta(hours=1)
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(
        disabled_at=now, disabled_reason="gone", disabled_mail_due=True, failing_since=since
    )
    endpoint.refresh_from_db()
    return endpoint


def failed_delivery(endpoint: WebhookEndpoint, **given) -> WebhookDelivery:
    delivery = make_delivery(team=endpoint.team, endpoint=endpoint)
    ended = {"state": "failed", "next_at": None, "ended_at": timezone.now(), **given}
    WebhookDelivery.objects.filter(pk=delivery.pk).update(**ended)
    return delivery


def test_an_endpoint_is_made_and_its_secret_told_once(client, team):  # C10
    response = send(client, "post", body=NEW)

    made = response.json()["data"]
    row = WebhookEndpoint.objects.get()
    assert response.status_code == 201
    assert response.headers["Cache-Control"] == "private, no-store"
    assert made.pop("secret") == signing.current(row)
    assert made == {
        "id": str(row.pk),
        "url": URL,
        "description": "Nightly",
        "events": ["task.failed", "credits.low"],
        "paused_at": None,
        "disabled_at": None,
        "disabled_reason": None,
        "failing_since": None,
        "secret_version": version_of(row),
        "old_secret_until": None,
        "created_at": made["created_at"],
    }
    assert (row.team, row.created_by) == (team, None)
    entry = AuditEntry.objects.get(subject_id=row.pk)
    assert (entry.action, entry.api_key.name, entry.ip) == ("endpoint.created", "manager", "127.0.0.1")
    assert "token=1" not in str(vars(entry))


def test_no_other_answer_holds_the_secret(client):  # C10
    made = send(client, "post", body=NEW).json()["data"]

    answers = [send(client, "get"), *(do(client, action, made["id"]) for action in ACTIONS if action != "rotate")]

    secret = made["secret"].removeprefix("whsec_")
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 404, 404, 404, 404]
    assert not any(secret in answer.content.decode() for answer in answers)


@pytest.mark.parametrize(("field", "value", "constraint"), BAD)
def test_a_bad_setting_is_refused_by_name_and_nothing_changes(client, endpoint, field, value, constraint):
    before = snapshot()

    answers = [
        send(client, "post", body={**NEW, field: value}),
        send(client, "patch", f"/{endpoint.pk}", {field: value}),
    ]

    for answer in answers:
        assert (answer.status_code, error_of(answer)["code"]) == (400, "INVALID_PARAMETER")
        assert error_of(answer)["details"].items() >= {"field": field, "constraint": constraint}.items()
    assert snapshot() == before


def test_addresses_that_will_not_do_are_told_apart_by_nothing(client, db):  # S7
    urls = ["http://127.0.0.1/", "http://localhost:1/", "http://0x7f.1/", "https://example.com:22/", "mailto:a@b.c"]

    answers = [error_of(send(client, "post", body={**NEW, "url": url})) for url in urls]

    assert {answer["message"] for answer in answers} == {"url must be a public http or https address."}
    assert len({str(answer["details"]) for answer in answers}) == 1


def test_an_unknown_event_is_told_those_that_there_are(client, db):
    details = error_of(send(client, "post", body={**NEW, "events": ["task.done"]}))["details"]

    offered = ["task.completed", "task.failed", "task.progress", "credits.low"]
    assert details == {"field": "events", "constraint": "one_of", "limit": offered, "value": None}
    assert offered == [str(each) for each in CHOICES]


@pytest.mark.parametrize("missing", ["url", "events"])
def test_a_url_and_events_are_needed(client, missing):
    response = send(client, "post", body={name: value for name, value in NEW.items() if name != missing})

    assert error_of(response)["details"].items() >= {"field": missing, "constraint": "required"}.items()
    assert not WebhookEndpoint.objects.exists()


@pytest.mark.parametrize("field", NOT_THEIRS)
def test_what_is_not_a_setting_is_refused_by_name(client, endpoint, field):  # A10
    before = snapshot()

    answers = [
        send(client, "post", body={**NEW, field: NOT_THEIRS[field]}),
        send(client, "patch", f"/{endpoint.pk}", {field: NOT_THEIRS[field]}),
        send(client, "post", f"/{endpoint.pk}/rotate", {field: NOT_THEIRS[field]}),
        send(client, "post", f"/{endpoint.pk}/enable", {field: NOT_THEIRS[field]}),
    ]

    for answer in answers:
        assert (answer.status_code, error_of(answer)["details"]["field"]) == (400, field)
    assert snapshot() == before


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'{"url":"a\\u0000"}', b'{"description":"\\ud800"}', b"\xff"])
def test_a_hostile_body_is_refused(client, endpoint, body):  # M11
    before = snapshot()

    for method, path in (("post", ""), ("patch", f"/{endpoint.pk}")):
        response = client.generic(method, f"/api/v1/webhook_endpoints{path}", body, "application/json")
        assert (response.status_code, error_of(response)["code"]) == (400, "INVALID_PARAMETER")

    assert snapshot() == before


def test_the_twenty_first_endpoint_is_a_conflict_and_a_deleted_one_makes_room(client, team):
    made = [make_endpoint(team=team) for _ in range(20)]
    before = snapshot()

    response = send(client, "post", body=NEW)

    assert (response.status_code, error_of(response)["code"]) == (409, "CONFLICT")
    assert error_of(response)["details"] == {"constraint": "max_endpoints", "limit": 20}
    assert snapshot() == before
    do(client, "delete", made[0].pk)
    assert send(client, "post", body=NEW).status_code == 201


@pytest.mark.parametrize("there", [1, 3])
def test_endpoints_are_listed_newest_first_without_the_deleted(client, team, there, django_assert_num_queries):
    made = [make_endpoint(team=team, description=f"{number}") for number in range(there + 1)]
    make_endpoint(team=make_team(), description="another team's")
    endpoints.delete(made[0], by=INSTALLATION)
    send(client, "get")

    with django_assert_num_queries(3):  # key, limit, endpoints
        listed = send(client, "get").json()["data"]["endpoints"]

    assert [each["description"] for each in listed] == [f"{number}" for number in range(there, 0, -1)]


def test_only_what_is_named_is_changed(client, endpoint):
    waiting = make_delivery(team=endpoint.team, endpoint=endpoint)

    response = send(client, "patch", f"/{endpoint.pk}", {"url": "https://new.example.com/in"})

    assert response.status_code == 200
    changed = response.json()["data"]
    assert (changed["url"], changed["events"]) == ("https://new.example.com/in", ["task.completed", "task.failed"])
    waiting.refresh_from_db()
    assert (waiting.url, waiting.host) == ("https://new.example.com/in", "new.example.com")
    entry = AuditEntry.objects.get(action="endpoint.changed")
    assert entry.detail == {"url": ["https://hooks.example.com", "https://new.example.com"]}


def test_a_change_of_nothing_is_harmless(client, endpoint):
    before = snapshot()

    answers = [send(client, "patch", f"/{endpoint.pk}", body) for body in ({}, {"events": endpoint.events[::-1]})]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert snapshot() == before


def test_a_rotated_endpoint_signs_with_both_secrets_for_the_grace(client, endpoint):  # C10
    old = signing.current(endpoint)

    response = do(client, "rotate", endpoint.pk, {"grace_seconds": 3600})

    told = response.json()["data"]
    delivery = make_delivery(team=endpoint.team, endpoint=WebhookEndpoint.objects.get())
    now = timezone.now()
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "private, no-store"
    assert told["old_secret_until"] is not None
    assert signing.valid_for(delivery, now) == [told["secret"], old]
    assert signing.valid_for(delivery, now + timedelta(hours=1)) == [told["secret"]]


def test_a_rotation_that_names_the_secret_it_replaces_happens_once(client, endpoint):
    body = {"grace_seconds": 3600, "current_version": version_of(endpoint)}

    first = do(client, "rotate", endpoint.pk, body)
    before = snapshot()
    again = do(client, "rotate", endpoint.pk, body)

    assert [first.status_code, again.status_code] == [200, 409]
    assert (error_of(again)["code"], error_of(again)["details"]) == ("CONFLICT", {"state": "replaced"})
    assert snapshot() == before
    assert first.json()["data"]["secret_version"] != body["current_version"]


@pytest.mark.parametrize("version", [7, "a" * 65])
def test_what_is_no_version_is_refused_and_nothing_is_rotated(client, endpoint, version):
    before = snapshot()

    response = do(client, "rotate", endpoint.pk, {"current_version": version})

    assert (response.status_code, error_of(response)["details"]["field"]) == (400, "current_version")
    assert snapshot() == before


@pytest.mark.parametrize("body", [None, {}])
def test_the_grace_is_a_day_where_none_is_chosen(client, endpoint, body):
    do(client, "rotate", endpoint.pk, body)

    left = WebhookEndpoint.objects.get().old_secret_until - timezone.now()
    assert timedelta(hours=23, minutes=59) < left <= timedelta(days=1)


@pytest.mark.parametrize("grace", [-1, 7 * 86400 + 1, 0.5, "60", True, None, 2**63])
def test_a_bad_grace_is_refused_and_nothing_is_rotated(client, endpoint, grace):
    before = snapshot()

    response = do(client, "rotate", endpoint.pk, {"grace_seconds": grace})

    assert (response.status_code, error_of(response)["details"]["field"]) == (400, "grace_seconds")
    assert snapshot() == before


def test_a_test_event_reaches_the_endpoint_signed(transactional_db, settings):
    settings.ALLOW_PRIVATE_HOSTS = ("127.0.0.1",)
    team = make_team()
    client = Client(headers={"X-API-Key": make_key(team=team, scopes=("manage",))[1]})
    with Receiver() as receiver:
        made = send(client, "post", body={"url": receiver.url("/in"), "events": ["task.failed"]}).json()["data"]
        response = do(client, "test", made["id"])
        deliver()

    told = response.json()["data"]
    (request,) = receiver.requests
    assert response.status_code == 201
    assert (told["event"], told["status"], told["task_id"]) == ("endpoint.test", "pending", None)
    assert request.headers["webhook-id"] == told["webhook_id"]
    body = Webhook(made["secret"]).verify(request.body, dict(request.headers))
    assert (body["event"], body["endpoint_id"]) == ("endpoint.test", made["id"])


def test_a_disabled_endpoint_is_not_tested(client, endpoint):
    disabled(endpoint)
    before = snapshot()

    response = do(client, "test", endpoint.pk)

    assert (response.status_code, error_of(response)["details"]) == (409, {"state": "disabled"})
    assert snapshot() == before


def test_an_endpoint_is_paused_and_resumed_and_again_is_harmless(client, endpoint):
    paused = do(client, "pause", endpoint.pk).json()["data"]
    after_pause = snapshot()
    assert do(client, "pause", endpoint.pk).json()["data"] == paused
    assert snapshot() == after_pause

    resumed = do(client, "resume", endpoint.pk).json()["data"]
    after_resume = snapshot()
    assert do(client, "resume", endpoint.pk).json()["data"] == resumed
    assert snapshot() == after_resume

    assert (paused["paused_at"] is None, resumed["paused_at"]) == (False, None)
    done = AuditEntry.objects.filter(subject_id=endpoint.pk).order_by("id").values_list("action", flat=True)
    assert list(done) == ["endpoint.created", "endpoint.paused", "endpoint.resumed"]


@pytest.mark.parametrize(("body", "number"), [({"send_failed": True}, 2), ({"send_failed": False}, 0), (None, 0)])
def test_a_disabled_one_is_enabled_and_says_how_many_are_sent_again(client, endpoint, body, number):  # C5
    disabled(endpoint)
    long_ago = timezone.now() - timedelta(days=2)
    failed_delivery(endpoint, ended_at=long_ago)
    for _ in range(2):
        failed_delivery(endpoint)

    first = do(client, "enable", endpoint.pk, body)
    before = snapshot()
    again = do(client, "enable", endpoint.pk, body)

    assert [first.status_code, again.status_code] == [200, 200]
    assert first.json()["data"].items() >= {"sent_again": number, "disabled_at": None, "failing_since": None}.items()
    assert again.json()["data"]["sent_again"] == 0
    assert WebhookDelivery.objects.filter(state="pending").count() == number
    assert snapshot() == before


@pytest.mark.parametrize("value", [1, "true", None])
def test_send_failed_is_true_or_false(client, endpoint, value):
    disabled(endpoint)
    before = snapshot()

    response = do(client, "enable", endpoint.pk, {"send_failed": value})

    assert error_of(response)["details"].items() >= {"field": "send_failed", "constraint": "type"}.items()
    assert snapshot() == before


def test_a_deleted_endpoint_is_gone_and_what_waited_is_cancelled(client, endpoint):
    waiting = make_delivery(team=endpoint.team, endpoint=endpoint)

    first = do(client, "delete", endpoint.pk)
    before = snapshot()
    again = do(client, "delete", endpoint.pk)

    assert first.json()["data"] == {"id": str(endpoint.pk), "deleted": True}
    assert (again.status_code, error_of(again)["code"]) == (404, "NOT_FOUND")
    waiting.refresh_from_db()
    assert waiting.state == "cancelled"
    assert snapshot() == before


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("whose", ["another team's", "deleted", "nobody's", "no id"])
def test_any_other_endpoint_is_not_found(client, team, action, whose):  # A1
    theirs, deleted = make_endpoint(team=make_team(), description="theirs"), make_endpoint(team=team)
    endpoints.delete(deleted, by=INSTALLATION)
    ids = {"another team's": theirs.pk, "deleted": deleted.pk, "nobody's": uuid4(), "no id": "0"}
    before = snapshot()

    response = do(client, action, ids[whose])

    assert (response.status_code, error_of(response)["code"]) == (404, "NOT_FOUND")
    assert "theirs" not in response.content.decode()
    assert snapshot() == before


@pytest.mark.parametrize("action", [*ACTIONS, "list", "create"])
def test_without_the_scope_it_is_refused_and_nothing_changes(team, endpoint, action):  # A7
    client = Client(headers={"X-API-Key": make_key(team=team, scopes=("embed", "generate", "read"))[1]})
    before = snapshot()

    if action in ("list", "create"):
        response = send(client, "get") if action == "list" else send(client, "post", body=NEW)
    else:
        response = do(client, action, endpoint.pk)

    assert (response.status_code, error_of(response)["details"]) == (403, {"scope": "manage"})
    assert snapshot() == before


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("", "GET, POST"), ("/{}", "DELETE, GET, PATCH"), *((f"/{{}}/{each}", "POST") for each in ACTIONS[3:])],
)
def test_other_methods_are_refused(client, endpoint, path, allowed):
    before = snapshot()

    response = send(client, "put", path.format(endpoint.pk), {})

    assert (response.status_code, response.headers["Allow"]) == (405, allowed)
    assert snapshot() == before


def test_of_many_at_once_no_more_are_made_than_there_may_be(transactional_db):
    team = make_team()
    for _ in range(18):
        make_endpoint(team=team)
    _, secret = make_key(team=team, scopes=("manage",))

    def create(_number):
        return send(Client(headers={"X-API-Key": secret}), "post", body=NEW).status_code

    answers = race(create, range(6), threads=6)

    assert sorted(answers) == [201, 201, 409, 409, 409, 409]
    assert WebhookEndpoint.objects.count() == 20
