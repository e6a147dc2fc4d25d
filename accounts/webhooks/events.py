"""Recording what customers are to be told."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import WebhookDelivery, WebhookEndpoint, WebhookEvent
from project import outbound
from project.celery import nudge

State = WebhookDelivery.State
DISABLED = "endpoint_disabled"


def record(
    *,
    team_id: UUID,
    type: str,
    subject_id: UUID,
    body: Callable[[], dict[str, Any]],
    url: str | None = None,
    sequence: int = 0,
) -> None:
    """Write the event in the caller's transaction, with a delivery to `url` and to each endpoint that chose its type.

    `body` makes the JSON object that is sent; where there is nobody to tell it is not asked for, and nothing written.
    An event of this type, subject and sequence that is already recorded stays as it is, and nothing else happens.
    """
    endpoints = _listening(team_id, type)
    if not endpoints and not url:
        return
    said: dict[str, Any] = {"team_id": team_id, "body": lambda: webhook_text(body())}
    event, is_new = WebhookEvent.objects.get_or_create(
        type=type, subject_id=subject_id, sequence=sequence, defaults=said
    )
    if is_new:
        deliveries = [to_endpoint(event, endpoint) for endpoint in endpoints]
        WebhookDelivery.objects.bulk_create([*deliveries, *([to_url(event, url)] if url else [])])
        transaction.on_commit(partial(nudge, "deliver"))


def to_endpoint(event: WebhookEvent, endpoint: WebhookEndpoint) -> WebhookDelivery:
    """An unsaved delivery, due at once. To a disabled endpoint it has failed already, and can be sent again."""
    delivery = WebhookDelivery(
        team_id=event.team_id,
        event=event,
        endpoint=endpoint,
        url=endpoint.url,
        host=host_of(endpoint.url),
        lane=str(endpoint.pk),
    )
    if endpoint.is_disabled:
        delivery.state, delivery.last_error_code = State.FAILED, DISABLED
        delivery.next_at, delivery.ended_at = None, timezone.now()
    return delivery


def to_url(event: WebhookEvent, url: str) -> WebhookDelivery:
    """An unsaved delivery to the callback URL of a request, due at once."""
    host = host_of(url)
    return WebhookDelivery(team_id=event.team_id, event=event, url=url, host=host, lane=f"{event.team_id} {host}")


def host_of(url: str) -> str:
    """The host in its one spelling, with its port where that is not the scheme's own."""
    return (outbound.host_of(url) or urlsplit(url).netloc.rpartition("@")[2].lower())[:300]


def _listening(team_id: UUID, type: str) -> list[WebhookEndpoint]:
    """The endpoints that chose it. One that is disabled is locked: enabled meanwhile, it must not miss this."""
    rows = WebhookEndpoint.objects.kept().filter(team_id=team_id, events__contains=[type]).order_by("pk")
    endpoints = list(rows)
    if any(endpoint.is_disabled for endpoint in endpoints):
        with transaction.atomic():
            list(rows.filter(disabled_at__isnull=False).select_for_update(no_key=True))
            endpoints = list(rows)
    return endpoints


def webhook_text(body: dict[str, Any]) -> str:
    """The body as it is signed and sent."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
