"""A7: each call of the API by keys with each set of scopes; what is refused changes nothing."""

from itertools import combinations
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import ApiKey, ApiSecret, AuditEntry, CreditEntry, Scope, WebhookDelivery, WebhookEndpoint
from generations.models import Generation
from tests.api import asked, completed, ensure_prices, failed
from tests.factories import make_delivery, make_endpoint, make_key, make_team
from tests.generations.api.v1.test_document import OPERATIONS

NEEDED = {
    ("post", "/generations"): "generate",
    ("post", "/tasks/{task_id}/retry"): "generate",
    ("post", "/tasks/{task_id}/cancel"): "generate",
    ("delete", "/tasks/{task_id}"): "generate",
    ("post", "/estimates"): "read",
    ("get", "/tasks"): "read",
    ("get", "/tasks/{task_id}"): "read",
    ("get", "/tasks/{task_id}/content"): "read",
    ("get", "/tasks/{task_id}/content/{position}"): "read",
    ("get", "/tasks/{task_id}/poster"): "read",
    ("get", "/models"): "read",
    ("get", "/credits"): "read",
    ("get", "/key"): None,
    ("get", "/keys"): "manage",
    ("post", "/keys"): "manage",
    ("get", "/keys/{key_id}"): "manage",
    ("patch", "/keys/{key_id}"): "manage",
    ("delete", "/keys/{key_id}"): "manage",
    ("post", "/keys/{key_id}/rotate"): "manage",
    ("post", "/keys/{key_id}/end-old-secrets"): "manage",
    ("get", "/webhook_endpoints"): "manage",
    ("post", "/webhook_endpoints"): "manage",
    ("get", "/webhook_endpoints/{endpoint_id}"): "manage",
    ("patch", "/webhook_endpoints/{endpoint_id}"): "manage",
    ("delete", "/webhook_endpoints/{endpoint_id}"): "manage",
    ("post", "/webhook_endpoints/{endpoint_id}/rotate"): "manage",
    ("post", "/webhook_endpoints/{endpoint_id}/test"): "manage",
    ("post", "/webhook_endpoints/{endpoint_id}/pause"): "manage",
    ("post", "/webhook_endpoints/{endpoint_id}/resume"): "manage",
    ("post", "/webhook_endpoints/{endpoint_id}/enable"): "manage",
    ("get", "/webhook_deliveries"): "manage",
    ("get", "/webhook_deliveries/{delivery_id}"): "manage",
    ("post", "/webhook_deliveries/{delivery_id}/send_again"): "manage",
    ("post", "/webhook_deliveries/send_failed_again"): "manage",
}
BODIES = {
    ("post", "/generations"): {"prompt": "A gate, and light"},
    ("post", "/estimates"): {"prompt": "A gate, and light"},
    ("post", "/keys"): {"name": "another"},
    ("patch", "/keys/{key_id}"): {"name": "renamed"},
    ("post", "/webhook_endpoints"): {"url": "https://hooks.example.com/in", "events": ["task.completed"]},
    ("patch", "/webhook_endpoints/{endpoint_id}"): {"description": "renamed"},
}
SETS = [scopes for size in (1, 3) for scopes in combinations(Scope.values, size)]


@pytest.fixture
def team(db, settings, tmp_path):
    settings.MEDIA_FOLDER = tmp_path
    ensure_prices()
    return make_team(granted=1000)


def snapshot(key: ApiKey) -> list:
    rows = [Generation.objects.values(), CreditEntry.objects.values(), AuditEntry.objects.values()]
    rows += [ApiKey.objects.values(), ApiSecret.objects.exclude(api_key=key).values()]
    rows += [WebhookEndpoint.objects.values(), WebhookDelivery.objects.values()]
    return [list(each.order_by("id")) for each in rows]


def call(client: Client, method: str, path: str, **ids: object):
    body = BODIES.get((method, path), {})
    path = path.format(position=0, **ids)
    return getattr(client, method)(
        f"/api/v1{path}", **({} if method == "get" else {"data": body, "content_type": "application/json"})
    )


def test_every_call_has_its_scope_here():
    assert {(method, f"/api/v1{path}") for method, path in NEEDED} == OPERATIONS


def test_the_document_tells_the_scopes():
    paths = Client().get("/api/v1/openapi.json").json()["paths"]

    told = {call: paths[f"/api/v1{call[1]}"][call[0]]["security"] for call in NEEDED}

    for asked_for, scope in NEEDED.items():
        scopes = [scope] if scope else []
        assert told[asked_for] == [{"BearerKey": scopes}, {"HeaderKey": scopes}]


@pytest.mark.parametrize(("method", "path"), NEEDED)
@pytest.mark.parametrize("scopes", SETS, ids="+".join)
def test_a_call_is_made_with_its_scope_alone(team, scopes, method, path):
    given = failed if path.endswith("/retry") else asked if path.endswith("/cancel") else completed
    endpoint = make_endpoint(team=team, events=["credits.low"])
    ids = {
        "task_id": given(team).pk,
        "key_id": make_key(team=team)[0].pk,
        "endpoint_id": endpoint.pk,
        "delivery_id": make_delivery(team=team, endpoint=endpoint).pk,
    }
    key, secret = make_key(team=team, scopes=scopes)
    before = snapshot(key)

    client = Client(headers={"Authorization": f"Bearer {secret}"})
    response = call(client, method, path, **ids)

    scope = NEEDED[method, path]
    if scope is None or scope in scopes:
        assert response.status_code in (200, 201)
        return
    assert response.status_code == 403
    error = response.json()["error"]
    assert (error["code"], error["details"]) == ("FORBIDDEN", {"scope": scope})
    assert response.headers["X-RateLimit-Remaining"] == "999"
    assert snapshot(key) == before
    assert ApiSecret.objects.get(api_key=key).last_used_at is None


@pytest.mark.parametrize(("method", "path"), NEEDED)
def test_without_its_scope_a_key_does_not_learn_what_there_is(team, method, path):
    _, secret = make_key(team=team, scopes=("embed",))

    ids = {name: uuid4() for name in ("task_id", "key_id", "endpoint_id", "delivery_id")}
    response = call(Client(headers={"X-API-Key": secret}), method, path, **ids)

    assert response.status_code == (200 if NEEDED[method, path] is None else 403)
