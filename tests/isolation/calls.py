"""What every call of the API answers to whom. A call without an entry here fails the test of the matrix."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accounts.models import Scope
from tests.api import asked, completed, failed
from tests.factories import make_delivery, make_endpoint, make_key

from .world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """`scope` is what a key needs, None where any good key will do. `of` makes the object and gives the path's ids."""

    scope: Scope | None
    of: Callable[[World], dict[str, Any]] = lambda world: {}
    body: dict[str, Any] | None = None


def _asked(world: World) -> dict[str, Any]:
    return {"task_id": asked(world.team).id}


def _failed(world: World) -> dict[str, Any]:
    return {"task_id": failed(world.team).id}


def _completed(world: World) -> dict[str, Any]:
    return {"task_id": completed(world.team).id, "position": 0}


def _key(world: World) -> dict[str, Any]:
    return {"key_id": make_key(team=world.team)[0].id}


def _endpoint(world: World) -> dict[str, Any]:
    return {"endpoint_id": make_endpoint(team=world.team).id}


def _delivery(world: World) -> dict[str, Any]:
    return {"delivery_id": make_delivery(team=world.team, endpoint=make_endpoint(team=world.team)).id}


PROMPT = {"prompt": "A gate, and light"}

CALLS = {
    "POST /api/v1/generations": Call(scope=Scope.GENERATE, body=PROMPT),
    "POST /api/v1/estimates": Call(scope=Scope.READ, body=PROMPT),
    "GET /api/v1/tasks": Call(scope=Scope.READ),
    "GET /api/v1/tasks/{task_id}": Call(scope=Scope.READ, of=_completed),
    "DELETE /api/v1/tasks/{task_id}": Call(scope=Scope.GENERATE, of=_completed),
    "POST /api/v1/tasks/{task_id}/cancel": Call(scope=Scope.GENERATE, of=_asked),
    "POST /api/v1/tasks/{task_id}/retry": Call(scope=Scope.GENERATE, of=_failed),
    "GET /api/v1/tasks/{task_id}/content": Call(scope=Scope.READ, of=_completed),
    "GET /api/v1/tasks/{task_id}/content/{position}": Call(scope=Scope.READ, of=_completed),
    "GET /api/v1/tasks/{task_id}/poster": Call(scope=Scope.READ, of=_completed),
    "GET /api/v1/models": Call(scope=Scope.READ),
    "GET /api/v1/credits": Call(scope=Scope.READ),
    "GET /api/v1/key": Call(scope=None),
    "GET /api/v1/keys": Call(scope=Scope.MANAGE),
    "POST /api/v1/keys": Call(scope=Scope.MANAGE, body={"name": "made by a program"}),
    "GET /api/v1/keys/{key_id}": Call(scope=Scope.MANAGE, of=_key),
    "PATCH /api/v1/keys/{key_id}": Call(scope=Scope.MANAGE, of=_key, body={"name": "renamed"}),
    "POST /api/v1/keys/{key_id}/rotate": Call(scope=Scope.MANAGE, of=_key, body={"grace_seconds": 60}),
    "POST /api/v1/keys/{key_id}/end-old-secrets": Call(scope=Scope.MANAGE, of=_key),
    "DELETE /api/v1/keys/{key_id}": Call(scope=Scope.MANAGE, of=_key),
    "GET /api/v1/webhook_endpoints": Call(scope=Scope.MANAGE),
    "POST /api/v1/webhook_endpoints": Call(
        scope=Scope.MANAGE, body={"url": "https://hooks.example.com/in", "events": ["task.completed"]}
    ),
    "GET /api/v1/webhook_endpoints/{endpoint_id}": Call(scope=Scope.MANAGE, of=_endpoint),
    "PATCH /api/v1/webhook_endpoints/{endpoint_id}": Call(
        scope=Scope.MANAGE, of=_endpoint, body={"description": "renamed"}
    ),
    "DELETE /api/v1/webhook_endpoints/{endpoint_id}": Call(scope=Scope.MANAGE, of=_endpoint),
    "POST /api/v1/webhook_endpoints/{endpoint_id}/rotate": Call(scope=Scope.MANAGE, of=_endpoint),
    "POST /api/v1/webhook_endpoints/{endpoint_id}/test": Call(scope=Scope.MANAGE, of=_endpoint),
    "POST /api/v1/webhook_endpoints/{endpoint_id}/pause": Call(scope=Scope.MANAGE, of=_endpoint),
    "POST /api/v1/webhook_endpoints/{endpoint_id}/resume": Call(scope=Scope.MANAGE, of=_endpoint),
    "POST /api/v1/webhook_endpoints/{endpoint_id}/enable": Call(
        scope=Scope.MANAGE, of=_endpoint, body={"send_failed": True}
    ),
    "GET /api/v1/webhook_deliveries": Call(scope=Scope.MANAGE),
    "GET /api/v1/webhook_deliveries/{delivery_id}": Call(scope=Scope.MANAGE, of=_delivery),
    "POST /api/v1/webhook_deliveries/{delivery_id}/send_again": Call(scope=Scope.MANAGE, of=_delivery),
    "POST /api/v1/webhook_deliveries/send_failed_again": Call(scope=Scope.MANAGE),
}
