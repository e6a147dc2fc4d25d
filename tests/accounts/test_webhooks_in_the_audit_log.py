"""What is done to webhook endpoints, as the page of the audit log tells it."""

from datetime import timedelta

import pytest
from django.utils.translation import override

from accounts import audit_words
from accounts.actors import INSTALLATION
from accounts.forms.audit_log import AuditFilter
from accounts.models import AuditAction, AuditEntry
from accounts.webhooks import endpoints
from tests.factories import make_delivery, make_endpoint, make_team
from tests.webhook_forms import disable


@pytest.fixture
def team(db):
    return make_team()


def told(team) -> list[tuple[str, list[str]]]:
    """What was done and its details, in words, the oldest first."""
    with override("en"):
        entries = AuditEntry.objects.filter(team=team, action__startswith="endpoint.").order_by("id")
        return [
            (entry.get_action_display(), [str(each) for each in audit_words.told(entry).details]) for entry in entries
        ]


def test_each_change_is_told_in_words(team):
    endpoint = make_endpoint(team=team, description="Shop")
    endpoints.change(
        endpoint, by=INSTALLATION, description="", url="https://other.example.com/in", events=["credits.low"]
    )
    endpoints.change(endpoint, by=INSTALLATION, url="https://other.example.com/secret-path")
    for days in (0, 7):
        endpoints.rotate(endpoint, grace=timedelta(days=days), by=INSTALLATION)
    make_delivery(team=team, endpoint=endpoint)
    endpoints.pause(endpoint, by=INSTALLATION)
    endpoints.resume(endpoint, by=INSTALLATION)
    endpoints.enable(disable(endpoint), send_failed=True, by=INSTALLATION)
    endpoints.rotate_of_team(team, grace=timedelta(hours=1), by=INSTALLATION)
    endpoints.delete(endpoint, by=INSTALLATION)

    assert told(team) == [
        ("Webhook endpoint created", ["URL: https://hooks.example.com", "Events: task.completed, task.failed"]),
        (
            "Webhook endpoint changed",
            [
                "URL: https://hooks.example.com → https://other.example.com",
                "Events: task.completed, task.failed → credits.low",
                "Description: Shop → none",
            ],
        ),
        ("Webhook endpoint changed", ["URL: https://other.example.com, with another path"]),
        ("Webhook endpoint's secret rotated", ["Old secret valid for: 0 seconds"]),
        ("Webhook endpoint's secret rotated", ["Old secret valid for: 7 days"]),
        ("Webhook endpoint paused", []),
        ("Webhook endpoint resumed", []),
        ("Webhook endpoint disabled", ["Reason: It answered 410 Gone."]),
        ("Webhook endpoint enabled again", ["Number: 1"]),
        ("Webhook signing secret rotated", ["Old secret valid for: 1 hour"]),
        ("Webhook endpoint deleted", []),
    ]


def test_the_filter_finds_all_of_them_and_nothing_else(team):
    form = AuditFilter({"group": "endpoint"}, team=team)

    assert form.is_valid()
    of_webhooks = {action.value for action in AuditAction if "ebhook" in str(action.label)}
    assert set(form.actions) == of_webhooks
