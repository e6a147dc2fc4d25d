"""A team whose webhook endpoints are in every state that there is; nobody else's pages tell of a disabled one.

Called by tests.browser.furnishing, in the stack's environment.
"""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

HOOK = "https://hooks.northlight.example/filmgate"
# Made so long ago, each by hours: what happened to the one in service.
TOLD = (("task.completed", "delivered", 1), ("task.completed", "delivered", 3), ("task.failed", "failed", 5))


def hooked() -> dict[str, Any]:
    """Whose team it is, and the addresses of its endpoints."""
    from django.db import transaction

    from accounts.actors import Actor
    from accounts.models import User
    from accounts.webhooks import endpoints
    from tests.browser import people
    from tests.factories import make_delivery, make_endpoint

    [person] = people._make(1, "hooked")
    owner = User.objects.get(email=person.email)
    team, by = owner.memberships.get().team, Actor(user=owner)
    with transaction.atomic():  # or a worker would send what has been sent
        made = {
            name: make_endpoint(team=team, url=f"{HOOK}/{name}?key=<b>{name}</b>", description=description)
            for name, description in (
                ("disabled", "Old <b>shop</b>"),
                ("paused", "Staging"),
                ("failing", ""),
                ("endpoint", "Website"),
            )
        }
        endpoints.pause(made["paused"], by=by)
        make_delivery(team=team, endpoint=made["paused"])
        endpoints.rotate(made["endpoint"], grace=timedelta(hours=24), by=by)
        for type, state, hours in TOLD:
            _end(make_delivery(team=team, endpoint=made["endpoint"], type=type), state, hours)
        _end(make_delivery(team=team, endpoint=made["failing"]), "failed", 20)
        _fail(made["failing"], 500, hours=50)
        make_delivery(team=team, endpoint=made["disabled"])
        _fail(made["disabled"], 410, hours=2)
    paths = {name: f"/webhooks/endpoints/{endpoint.pk}/" for name, endpoint in made.items()}
    return {"hooked": asdict(person), "endpoints": paths}


def _end(delivery: Any, state: str, hours: int) -> None:
    from django.utils import timezone

    from accounts.models import WebhookDelivery

    at = timezone.now() - timedelta(hours=hours)
    ended = {"state": state, "next_at": None, "ended_at": at, "updated_at": at, "created_at": at}
    answered = {"attempt_count": 1, "last_status_code": 200 if state == "delivered" else 500}
    WebhookDelivery.objects.filter(pk=delivery.pk).update(**ended, **answered)


def _fail(endpoint: Any, status_code: int, *, hours: int) -> None:
    from django.utils import timezone

    from accounts.webhooks import health

    health.note(endpoint, endpoint.url, status_code, is_success=False, now=timezone.now() - timedelta(hours=hours))
