"""Outgoing webhooks: an event is what happened, a delivery tells one URL, an attempt is one request.

Events are written by accounts.webhooks.events, deliveries and attempts also by accounts.webhooks.delivery.
"""

from django.db import models
from django.db.models import Index, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from .teams import Team


class WebhookSecret(models.Model):
    """What a team's webhooks are signed with, encrypted at rest. Made by signing.secret_for()."""

    team = models.OneToOneField(Team, primary_key=True, on_delete=models.CASCADE, related_name="webhook_secret")
    secret = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return str(self.team_id)


class WebhookEvent(models.Model):
    """Something that is said once of its subject; `body` is the JSON text exactly as it is sent."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="webhook_events")
    type = models.CharField(max_length=50)
    subject_id = models.UUIDField()
    body = models.TextField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subject_id", "type"], name="webhookevent_once_per_subject")]

    def __str__(self) -> str:
        return f"{self.type} {self.subject_id}"

    @property
    def message_id(self) -> str:
        """The webhook-id header: the same in every attempt, for receivers to tell repeats by."""
        return f"msg_{self.id.hex}"


class WebhookDelivery(models.Model):
    class State(models.TextChoices):
        PENDING = "pending", _("Pending")
        DELIVERED = "delivered", _("Delivered")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    event = models.ForeignKey(WebhookEvent, on_delete=models.CASCADE, related_name="deliveries")
    url = models.TextField()
    host = models.CharField(max_length=300)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    next_at = models.DateTimeField(null=True, db_default=Now())
    lease_until = models.DateTimeField(null=True)
    attempt_count = models.PositiveSmallIntegerField(default=0)
    last_status_code = models.PositiveSmallIntegerField(null=True)
    last_error_code = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "webhook deliveries"
        constraints = [
            models.CheckConstraint(
                condition=Q(state="pending", next_at__isnull=False, ended_at__isnull=True)
                | ~Q(state="pending") & Q(next_at__isnull=True, lease_until__isnull=True, ended_at__isnull=False),
                name="webhookdelivery_is_due_while_pending",
            )
        ]
        indexes = [
            Index("next_at", condition=Q(state="pending"), name="webhookdelivery_due"),
            Index("host", condition=Q(lease_until__isnull=False), name="webhookdelivery_leased"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} {self.host} {self.state}"


class WebhookAttempt(models.Model):
    """One request and what came of it: a status code, or an error code where there was no answer."""

    delivery = models.ForeignKey(WebhookDelivery, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField()
    status_code = models.PositiveSmallIntegerField(null=True)
    error_code = models.CharField(max_length=40, blank=True)
    response_excerpt = models.CharField(max_length=1024, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["delivery", "number"], name="webhookattempt_number_is_unique")]

    def __str__(self) -> str:
        return f"{self.delivery_id} {self.number} {self.status_code or self.error_code}"
