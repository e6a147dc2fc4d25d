"""Sending again what was sent before: the same webhook-id, a new attempt, and the schedule from its start."""

from functools import partial

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from accounts import audit_log, roles
from accounts.actors import Actor
from accounts.models import AuditAction, Team, WebhookDelivery, WebhookEndpoint
from accounts.roles import Action, authorise
from project.celery import nudge

from .events import host_of

AT_ONCE = 10_000
State = WebhookDelivery.State


class NotSendable(Exception):
    """Its endpoint is disabled or deleted: nothing is sent there."""


def is_sendable(delivery: WebhookDelivery) -> bool:
    """Whether its endpoint, as it was read, is in service; a callback URL always is."""
    endpoint = delivery.endpoint
    return endpoint is None or (endpoint.disabled_at is None and endpoint.deleted_at is None)


@transaction.atomic
def send_again(delivery: WebhookDelivery, *, by: Actor) -> bool:
    """Make it due now, whatever became of it; False where it is under way right now, and stays as it is.

    Raises NotAllowed, NotSendable.
    """
    _admit(delivery.team, by)
    row = WebhookDelivery.objects.filter(pk=delivery.pk)
    if not _sendable(row).exists():
        raise NotSendable
    is_requeued = bool(requeue(row))
    if is_requeued:
        subject = host_of(delivery.url)
        audit_log.record(
            by, AuditAction.WEBHOOKS_SENT_AGAIN, team=delivery.team, subject=subject, subject_id=delivery.pk, count=1
        )
    return is_requeued


@transaction.atomic
def send_failed_again(
    team: Team, failed: QuerySet[WebhookDelivery], *, by: Actor, endpoint: WebhookEndpoint | None = None
) -> int:
    """Make all of these deliveries of the team due that have failed, AT_ONCE at most, the oldest first. How many.

    Those of endpoints that are disabled or deleted stay as they are. Raises NotAllowed.
    """
    _admit(team, by)
    rows = _failed(team, failed)
    if endpoint:
        rows = rows.filter(endpoint=endpoint)
    oldest = list(rows.order_by("id").values_list("pk", flat=True)[:AT_ONCE])
    number = requeue(WebhookDelivery.objects.filter(pk__in=oldest))
    if number:
        subject = host_of(endpoint.url) if endpoint else ""
        audit_log.record(
            by,
            AuditAction.WEBHOOKS_SENT_AGAIN,
            team=team,
            subject=subject,
            subject_id=endpoint.pk if endpoint else None,
            count=number,
        )
    return number


def count_failed(team: Team, deliveries: QuerySet[WebhookDelivery]) -> int:
    """How many of them send_failed_again() would send; no more than AT_ONCE are counted."""
    return _failed(team, deliveries)[:AT_ONCE].count()


def requeue(deliveries: QuerySet[WebhookDelivery]) -> int:
    """Make these due now, but for those that are under way; those of an endpoint go to its present URL. How many."""
    free = deliveries.filter(Q(lease_until=None) | Q(lease_until__lte=Now()))
    number = _queue(free.filter(endpoint=None))
    for endpoint in WebhookEndpoint.objects.filter(pk__in=free.values("endpoint")):
        number += _queue(free.filter(endpoint=endpoint), url=endpoint.url, host=host_of(endpoint.url))
    if number:
        transaction.on_commit(partial(nudge, "deliver"))
    return number


def _queue(free: QuerySet[WebhookDelivery], **where: str) -> int:
    return free.update(
        state=State.PENDING,
        first_attempts=F("attempt_count"),
        next_at=Now(),
        lease_until=None,
        ended_at=None,
        updated_at=timezone.now(),
        **where,
    )


def _failed(team: Team, deliveries: QuerySet[WebhookDelivery]) -> QuerySet[WebhookDelivery]:
    return _sendable(deliveries.filter(team=team, state=State.FAILED))


def _sendable(deliveries: QuerySet[WebhookDelivery]) -> QuerySet[WebhookDelivery]:
    in_service = Q(endpoint__disabled_at=None, endpoint__deleted_at=None)
    return deliveries.filter(Q(endpoint=None) | in_service)


def _admit(team: Team, by: Actor) -> None:
    authorise(roles.lock(team.pk), by, Action.MANAGE_WEBHOOKS)
