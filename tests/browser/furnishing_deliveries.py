"""A delivery with attempts of each kind, for the pages that show one. Called by tests.browser.furnishing."""

from datetime import timedelta

LONG = "A <b>server</b> that says \N{RIGHT-TO-LEFT OVERRIDE} more than it has to. " * 12
# What came of each, and how many hours ago.
ATTEMPTS = (
    ({"error_code": "endpoint_timeout"}, 30),
    ({"error_code": "endpoint_unreachable"}, 29),
    ({"status_code": 301, "response_headers": {"location": "https://www.northlight.example/in"}}, 20),
    ({"status_code": 500, "response_headers": {"server": "nginx", "items": "<i>"}, "response_excerpt": LONG}, 2),
)


def attempted(email: str) -> dict[str, str]:
    """The address of a delivery in the team of whoever has this e-mail address."""
    from django.utils import timezone

    from accounts.models import User, WebhookAttempt, WebhookDelivery
    from tests.factories import make_delivery

    team = User.objects.get(email=email).memberships.get().team
    # Not due before its last attempt is long over: no worker may send it meanwhile.
    later = timezone.now() + timedelta(hours=9)
    endpoint = team.webhook_endpoints.get(description="Staging")  # paused
    delivery = make_delivery(team=team, endpoint=endpoint, type="task.failed")
    for number, (came_of_it, hours) in enumerate(ATTEMPTS, start=1):
        WebhookAttempt.objects.create(
            delivery=delivery,
            number=number,
            url=delivery.url,
            request_headers={"webhook-id": delivery.event.message_id, "webhook-signature": "v1," + "0" * 43 + "="},
            started_at=timezone.now() - timedelta(hours=hours),
            duration_ms=15_000 if number == 1 else 230,
            **came_of_it,
        )
    rows = WebhookDelivery.objects.filter(pk=delivery.pk)
    rows.update(attempt_count=len(ATTEMPTS), last_status_code=500, next_at=later)
    return {"delivery": f"/webhooks/deliveries/{delivery.pk}/"}
