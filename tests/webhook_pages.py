"""What the tests of the desk of webhooks share."""

from django.utils import timezone

from accounts.models import WebhookAttempt, WebhookDelivery
from tests.factories import make_delivery

DESK = "/webhooks/deliveries/"


def page_of(delivery):
    return f"{DESK}{delivery.pk}/"


def again_of(delivery):
    return f"{page_of(delivery)}send-again/"


def failed(team, **given):
    return ended(make_delivery(team=team, **given), state="failed", last_status_code=500)


def ended(delivery, **columns):
    WebhookDelivery.objects.filter(pk=delivery.pk).update(
        **columns, next_at=None, ended_at=timezone.now(), updated_at=timezone.now()
    )
    return delivery


def attempted(delivery, number=1, *, response=None, excerpt="", status=500, **given):
    headers = {"content-type": "application/json", "webhook-id": delivery.event.message_id}
    return WebhookAttempt.objects.create(
        delivery=delivery,
        number=number,
        url=delivery.url,
        request_headers=headers,
        started_at=timezone.now(),
        duration_ms=123,
        status_code=status,
        response_headers=response or {},
        response_excerpt=excerpt,
        **given,
    )


def states(team):
    rows = WebhookDelivery.objects.filter(team=team).order_by("pk")
    return list(rows.values_list("state", "next_at", "updated_at"))
