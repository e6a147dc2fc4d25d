"""How long it is kept what was sent: ninety days, long after the last attempt and long enough to look back."""

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from accounts.models import WebhookDelivery, WebhookEndpoint, WebhookEvent, WebhookHost

KEPT = timedelta(days=90)
ROWS = 2_000


def forget_old(at: datetime) -> None:
    """Delete the oldest events, with their deliveries and attempts; what is under way right now stays.

    No schedule is that long: what still waits then is a paused endpoint's, and its links are dead. Endpoints that were
    deleted so long ago go when nothing that was sent to them is left, hosts when nothing was sent there.
    """
    under_way = WebhookDelivery.objects.filter(event=OuterRef("pk"), lease_until__gt=at)
    old = WebhookEvent.objects.filter(~Exists(under_way), created_at__lt=at - KEPT).order_by("created_at")
    WebhookEvent.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:ROWS])).delete()
    sent = WebhookDelivery.objects.filter(endpoint=OuterRef("pk"))
    gone = WebhookEndpoint.objects.filter(~Exists(sent), deleted_at__lt=at - KEPT).order_by("deleted_at")
    WebhookEndpoint.objects.filter(pk__in=list(gone.values_list("pk", flat=True)[:ROWS])).delete()
    WebhookHost.objects.filter(next_at__lt=at - KEPT).delete()
