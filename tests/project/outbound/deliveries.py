"""Webhooks to wherever, written past every check, and what a customer is shown of them."""

from datetime import timedelta
from uuid import uuid4

from django.utils import timezone

from accounts.models import Team, WebhookAttempt, WebhookDelivery, WebhookEvent


def due(team: Team, url: str) -> WebhookDelivery:
    """A claimed delivery, whatever its URL."""
    event = WebhookEvent.objects.create(team=team, type="task.completed", subject_id=uuid4(), body="{}")
    lease = timezone.now() + timedelta(seconds=60)
    return WebhookDelivery.objects.create(
        team=team, event=event, url=url, host="some.example", lane="some", lease_until=lease
    )


def outcome_of(delivery: WebhookDelivery) -> dict[str, object]:
    attempt = WebhookAttempt.objects.get(delivery=delivery)
    attempt_columns = ("number", "status_code", "error_code", "response_headers", "response_excerpt")
    delivery_columns = ("state", "attempt_count", "last_status_code", "last_error_code")
    delivery.refresh_from_db()
    return {
        **{f"attempt {name}": str(getattr(attempt, name)) for name in attempt_columns},
        **{f"delivery {name}": str(getattr(delivery, name)) for name in delivery_columns},
    }
