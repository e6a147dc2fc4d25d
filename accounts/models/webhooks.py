"""Outgoing webhooks: an event is what happened, a delivery tells one URL, an attempt is one request.

An endpoint is a URL that a team has chosen events for; a delivery without one goes to the callback URL of a request.
Events are written by accounts.webhooks.events, endpoints by .endpoints and .health, deliveries and attempts by
.delivery and .again.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Index, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from .teams import Team
from .users import User


class EventType(models.TextChoices):
    COMPLETED = "task.completed", _("A clip or a set of images is ready")
    FAILED = "task.failed", _("A generation failed, and its credits are back")
    PROGRESS = "task.progress", _("A generation has come further")
    LOW_CREDITS = "credits.low", _("The credits fall below the threshold of the team")
    TEST = "endpoint.test", _("A test, sent from the page of the endpoint")


class SigningSecrets(models.Model):
    """What webhooks are signed with, encrypted at rest; the old secret signs along until `old_secret_until`."""

    secret = models.BinaryField()
    old_secret = models.BinaryField(null=True)
    old_secret_until = models.DateTimeField(null=True)

    class Meta:
        abstract = True


class WebhookSecret(SigningSecrets):
    """What the webhooks to a team's callback URLs are signed with. Made by signing.secrets_of()."""

    team = models.OneToOneField(Team, primary_key=True, on_delete=models.CASCADE, related_name="webhook_secret")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return str(self.team_id)


class WebhookEndpointQuerySet(models.QuerySet["WebhookEndpoint"]):
    def kept(self) -> "WebhookEndpointQuerySet":
        """Those that nobody has deleted."""
        return self.filter(deleted_at=None)


class WebhookEndpoint(SigningSecrets):
    """A URL of a team and the events that it is told of.

    What happens while it is paused waits; what happens while it is disabled is a failed delivery, to be sent again.
    `failing_since` is its first failure after the last success. Deleted, its deliveries stay to be read.
    """

    class Reason(models.TextChoices):
        GONE = "gone", _("It answered 410 Gone.")
        FAILING = "failing", _("It took nothing for five days.")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="webhook_endpoints")
    url = models.TextField("URL")
    description = models.CharField(_("description"), max_length=200, blank=True)
    events = ArrayField(models.CharField(max_length=50, choices=EventType.choices))
    failing_since = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    disabled_at = models.DateTimeField(null=True)
    disabled_reason = models.CharField(max_length=10, choices=Reason.choices, blank=True)
    disabled_mail_due = models.BooleanField(default=False)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    deleted_at = models.DateTimeField(null=True)

    objects = WebhookEndpointQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook endpoint")
        verbose_name_plural = _("webhook endpoints")
        constraints = [
            models.CheckConstraint(
                condition=Q(disabled_at=None, disabled_reason="", disabled_mail_due=False)
                | Q(disabled_at__isnull=False, disabled_reason__in=("gone", "failing")),
                name="webhookendpoint_disabled_for_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(old_secret=None, old_secret_until=None)
                | Q(old_secret__isnull=False, old_secret_until__isnull=False),
                name="webhookendpoint_old_secret_has_an_end",
            ),
        ]
        indexes = [Index("team", condition=Q(deleted_at=None), name="webhookendpoint_kept")]

    def __str__(self) -> str:
        return self.description or self.url

    @property
    def is_disabled(self) -> bool:
        return self.disabled_at is not None

    @property
    def is_paused(self) -> bool:
        return self.paused_at is not None


class WebhookEvent(models.Model):
    """Something that is said once of its subject; `body` is the JSON text exactly as it is sent.

    `sequence` grows with each event of a subject, where there are several.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="webhook_events")
    type = models.CharField(max_length=50, choices=EventType.choices)
    subject_id = models.UUIDField()
    sequence = models.PositiveIntegerField(default=0)
    body = models.TextField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject_id", "type", "sequence"], name="webhookevent_once_per_subject")
        ]
        indexes = [Index("created_at", name="webhookevent_by_age")]

    def __str__(self) -> str:
        return f"{self.type} {self.subject_id}"

    @property
    def message_id(self) -> str:
        """The webhook-id header: the same in every attempt, for receivers to tell repeats by."""
        return f"msg_{self.id.hex}"


class WebhookDelivery(models.Model):
    """One event for one URL. Of each `lane` only a few are under way at once: an endpoint, or a team's callback host.

    `first_attempts` were made before it was last sent again by hand: the schedule counts from there.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("Pending")
        DELIVERED = "delivered", _("Delivered")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="webhook_deliveries", db_index=False)
    event = models.ForeignKey(WebhookEvent, on_delete=models.CASCADE, related_name="deliveries")
    endpoint = models.ForeignKey(
        WebhookEndpoint, null=True, on_delete=models.CASCADE, related_name="deliveries", db_index=False
    )
    url = models.TextField("URL")
    host = models.CharField(max_length=300)
    lane = models.CharField(max_length=340)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    next_at = models.DateTimeField(null=True, db_default=Now())
    lease_until = models.DateTimeField(null=True)
    attempt_count = models.PositiveSmallIntegerField(default=0)
    first_attempts = models.PositiveSmallIntegerField(default=0)
    last_status_code = models.PositiveSmallIntegerField(null=True)
    last_error_code = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "webhook deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["event", "endpoint"], nulls_distinct=False, name="webhookdelivery_once_per_endpoint"
            ),
            models.CheckConstraint(
                condition=Q(state="pending", next_at__isnull=False, ended_at__isnull=True)
                | ~Q(state="pending") & Q(next_at__isnull=True, lease_until__isnull=True, ended_at__isnull=False),
                name="webhookdelivery_is_due_while_pending",
            ),
        ]
        indexes = [
            Index("lane", "next_at", "id", condition=Q(state="pending"), name="webhookdelivery_turns"),
            Index("lane", condition=Q(lease_until__isnull=False), name="webhookdelivery_leased"),
            Index("team", F("id").desc(), name="webhookdelivery_of_team"),
            Index("team", F("id").desc(), condition=Q(state="failed"), name="webhookdelivery_failed"),
            Index("endpoint", F("id").desc(), name="webhookdelivery_of_endpoint"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} {self.host} {self.state}"


class WebhookAttempt(models.Model):
    """One request and what came of it: a status code, or an error code where there was no answer.

    What was sent is the event's body, with `request_headers`; of the answer's body the first 4 KiB are kept.
    """

    delivery = models.ForeignKey(WebhookDelivery, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    url = models.TextField("URL")
    request_headers = models.JSONField(default=dict)
    started_at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField()
    status_code = models.PositiveSmallIntegerField(null=True)
    error_code = models.CharField(max_length=40, blank=True)
    response_headers = models.JSONField(default=dict)
    response_excerpt = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["delivery", "number"], name="webhookattempt_number_is_unique")]

    def __str__(self) -> str:
        return f"{self.delivery_id} {self.number} {self.status_code or self.error_code}"


class WebhookHost(models.Model):
    """A host that webhooks go to. One whose last answer was no 2xx is sent one a second at most: it may want none."""

    name = models.CharField(max_length=300, primary_key=True)
    accepts = models.BooleanField(default=False)
    next_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name
