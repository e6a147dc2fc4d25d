"""How an endpoint fares: 410 disables it at once, five days without one success do, and its team is told.

Disabled, it is sent nothing; what happens meanwhile is recorded as failed, to be sent again when it is enabled.
"""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse

from accounts import admin_mails, audit_log
from accounts.actors import INSTALLATION
from accounts.models import AuditAction, WebhookDelivery, WebhookEndpoint
from project.celery import nudge

from .events import DISABLED, host_of

PATIENCE = timedelta(days=5)
Reason = WebhookEndpoint.Reason
State = WebhookDelivery.State


def note(endpoint: WebhookEndpoint, url: str, status_code: int | None, *, is_success: bool, now: datetime) -> None:
    """What an answer of `url` says of the endpoint, while that is its URL, in the transaction that notes it."""
    row = WebhookEndpoint.objects.kept().filter(pk=endpoint.pk, url=url, disabled_at=None)
    if is_success:
        row.filter(failing_since__isnull=False).update(failing_since=None)
        return
    row.filter(failing_since=None).update(failing_since=now)
    if status_code == 410:
        _disable(row, endpoint, Reason.GONE, now)
    elif row.filter(failing_since__lte=now - PATIENCE).exists():
        _disable(row, endpoint, Reason.FAILING, now)


def _disable(row: QuerySet[WebhookEndpoint], endpoint: WebhookEndpoint, reason: Reason, now: datetime) -> None:
    if not row.update(disabled_at=now, disabled_reason=reason, disabled_mail_due=True):
        return
    fail_pending(endpoint, now)
    audit_log.record(
        INSTALLATION,
        AuditAction.ENDPOINT_DISABLED,
        team=endpoint.team,
        subject=host_of(endpoint.url),
        subject_id=endpoint.pk,
        reason=reason,
    )
    transaction.on_commit(partial(nudge, "upkeep"))


def fail_pending(endpoint: WebhookEndpoint, now: datetime) -> None:
    """End what waits for a disabled endpoint. What is under way right now ends when it is back."""
    waiting = WebhookDelivery.objects.filter(
        Q(lease_until=None) | Q(lease_until__lte=now), endpoint=endpoint, state=State.PENDING
    )
    waiting.update(
        state=State.FAILED, last_error_code=DISABLED, next_at=None, lease_until=None, ended_at=now, updated_at=now
    )


def number_of_disabled(team: OuterRef) -> Coalesce:
    """How many endpoints of that team are disabled, to be read along with a row of something else."""
    disabled = WebhookEndpoint.objects.kept().filter(team=team, disabled_at__isnull=False)
    numbers = disabled.order_by().values("team").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(numbers, output_field=IntegerField()), 0)


def tell_due(at: datetime) -> None:
    """Mail the owners and admins of endpoints that were disabled. Raises OSError when no mail can be sent."""
    due = WebhookEndpoint.objects.kept().filter(disabled_mail_due=True, team__closing_at=None)
    # In no order, so that a mail that always fails does not stand in the way of the same others each time.
    for endpoint_id in list(due.order_by("?").values_list("pk", flat=True)):
        _mail(endpoint_id, due)


@transaction.atomic
def _mail(endpoint_id: UUID, due: QuerySet[WebhookEndpoint]) -> None:
    if not admin_mails.claim(endpoint_id):
        return
    endpoint = due.select_related("team").filter(pk=endpoint_id).first()
    if endpoint is None:
        return  # told, enabled or deleted meanwhile
    admin_mails.send(
        "webhook_endpoint_disabled",
        team=endpoint.team,
        host=host_of(endpoint.url),
        reason=Reason(endpoint.disabled_reason).label,
        endpoint_url=settings.PUBLIC_URL + reverse("accounts:webhook_endpoint", args=[endpoint.pk]),
    )
    due.filter(pk=endpoint_id, disabled_at=endpoint.disabled_at).update(disabled_mail_due=False)
