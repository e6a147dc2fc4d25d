"""A generation, its events, and the counts that make lists cheap. Only lifecycle.py writes a state."""

from datetime import datetime
from enum import nonmember

from django.db import models
from django.db.models import CheckConstraint, F, Index, Q, QuerySet, UniqueConstraint
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7


class Status(models.TextChoices):
    """The public word, as the documented API has it, and cancelled."""

    PENDING = "pending", _("Pending")
    PROCESSING = "processing", _("Processing")
    COMPLETED = "completed", _("Completed")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class State(models.TextChoices):
    """Where a generation stands between being asked for and its end."""

    QUEUED = "queued", _("Queued")
    SUBMITTING = "submitting", _("Submitting")
    UNCONFIRMED = "unconfirmed", _("Waiting for the provider to confirm")
    RUNNING = "running", _("Generating")
    ARCHIVING = "archiving", _("Saving our copy")
    COMPLETED = "completed", _("Completed")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")

    FINAL = nonmember(frozenset({"completed", "failed", "cancelled"}))
    OF_STATUS = nonmember(
        {
            "pending": ("queued", "submitting"),
            "processing": ("unconfirmed", "running", "archiving"),
            "completed": ("completed",),
            "failed": ("failed",),
            "cancelled": ("cancelled",),
        }
    )

    @property
    def status(self) -> Status:
        return next(Status(status) for status, states in State.OF_STATUS.items() if self.value in states)

    @property
    def is_final(self) -> bool:
        return self.value in State.FINAL


class GenerationQuerySet(QuerySet["Generation"]):
    def for_team(self, team_id: object) -> "GenerationQuerySet":
        return self.filter(team_id=team_id, hidden_at=None)

    def with_status(self, status: str) -> "GenerationQuerySet":
        return self.filter(state__in=State.OF_STATUS[status])

    def in_progress(self) -> "GenerationQuerySet":
        return self.exclude(state__in=State.FINAL)

    def newest_first(self) -> "GenerationQuerySet":
        """Ids are UUIDv7, so the order of ids is the order of creation."""
        return self.order_by("-id")


class Generation(models.Model):
    """One thing asked for. Request, quote and price version are frozen at create.

    `index_at` is set where it has come to be searched, or has gone, until the search knows.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey("accounts.Team", models.PROTECT, related_name="generations")
    api_key = models.ForeignKey("accounts.ApiKey", models.PROTECT, null=True, blank=True)
    created_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, blank=True)
    retry_of = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="retries")
    batch_id = models.UUIDField(null=True, blank=True)

    model = models.CharField(max_length=60)
    task_type = models.CharField(max_length=30)
    prompt = models.TextField()
    params = models.JSONField()
    metadata = models.JSONField(default=dict)
    callback_url = models.CharField(max_length=2000, blank=True)

    state = models.CharField(max_length=20, choices=State.choices, default=State.QUEUED)
    progress = models.PositiveSmallIntegerField(default=0)
    quote = models.JSONField()
    price_version = models.PositiveIntegerField()
    hold_id = models.UUIDField(default=uuid7, unique=True)
    held_credits = models.BigIntegerField()
    charged_credits = models.BigIntegerField(default=0)
    failure_code = models.CharField(max_length=40, blank=True)
    warnings = models.JSONField(default=list)

    next_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempt_count = models.PositiveIntegerField(default=0)
    first_refused_at = models.DateTimeField(null=True)
    deadline_at = models.DateTimeField(null=True)

    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    hidden_at = models.DateTimeField(null=True)
    index_at = models.DateTimeField(null=True)

    objects = GenerationQuerySet.as_manager()

    class Meta:
        constraints = [
            CheckConstraint(condition=Q(state__in=State.values), name="generation_state_is_known"),
            CheckConstraint(condition=Q(held_credits__gt=0), name="generation_holds_something"),
            CheckConstraint(
                condition=Q(charged_credits__gte=0, charged_credits__lte=F("held_credits")),
                name="generation_charge_is_covered",
            ),
            CheckConstraint(
                condition=Q(state__in=State.FINAL, ended_at__isnull=False)
                | (~Q(state__in=State.FINAL) & Q(ended_at=None)),
                name="generation_final_means_ended",
            ),
            CheckConstraint(condition=Q(state="failed") ^ Q(failure_code=""), name="generation_failed_says_why"),
            CheckConstraint(condition=Q(hidden_at=None) | Q(state__in=State.FINAL), name="generation_hidden_is_final"),
            CheckConstraint(condition=Q(progress__lte=100), name="generation_progress_is_percent"),
        ]
        indexes = [
            Index("team", F("id").desc(), condition=Q(hidden_at=None), name="generation_of_team"),
            Index("team", "state", F("id").desc(), condition=Q(hidden_at=None), name="generation_by_state"),
            # Most are text_to_video, which are found quickly without it.
            Index(
                "team",
                "task_type",
                F("id").desc(),
                condition=Q(hidden_at=None) & ~Q(task_type="text_to_video"),
                name="generation_by_type",
            ),
            Index(
                "team",
                "created_by",
                F("id").desc(),
                condition=Q(hidden_at=None, created_by__isnull=False),
                name="generation_by_member",
            ),
            Index("state", "next_at", condition=Q(next_at__isnull=False), name="generation_due"),
            Index("team", "next_at", condition=Q(state="queued"), name="generation_queued_by_team"),
            Index("batch_id", "id", condition=Q(batch_id__isnull=False), name="generation_of_batch"),
            Index("lease_until", condition=Q(lease_until__isnull=False), name="generation_leased"),
            Index("index_at", condition=Q(index_at__isnull=False), name="generation_to_index"),
            Index("deadline_at", condition=Q(deadline_at__isnull=False), name="generation_deadline"),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.state}"

    def get_absolute_url(self) -> str:
        return reverse("generations:detail", args=[self.id])

    @property
    def status(self) -> Status:
        return State(self.state).status

    @property
    def is_final(self) -> bool:
        return State(self.state).is_final

    @property
    def makes_images(self) -> bool:
        """Whether images come of it, and no clip."""
        return self.task_type == "text_to_image"

    @property
    def returned_credits(self) -> int:
        return self.held_credits - self.charged_credits if self.is_final else 0

    @property
    def completed_at(self) -> datetime | None:
        return self.ended_at if self.state == State.COMPLETED else None

    @property
    def failed_at(self) -> datetime | None:
        return self.ended_at if self.state == State.FAILED else None


class GenerationEvent(models.Model):
    """A change that anyone watching should see: the timeline of a generation and the feed of the live pages."""

    generation = models.ForeignKey(Generation, models.CASCADE, related_name="events")
    team = models.ForeignKey("accounts.Team", models.PROTECT)
    state = models.CharField(max_length=20, choices=State.choices)
    detail = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        indexes = [Index("team", "created_at", name="event_of_team"), Index("created_at", name="event_recent")]

    def __str__(self) -> str:
        return f"{self.generation_id} {self.state}"


class GenerationCount(models.Model):
    """How many visible generations a team has of each model, type and status: exact totals without count(*)."""

    team = models.ForeignKey("accounts.Team", models.CASCADE)
    model = models.CharField(max_length=60)
    task_type = models.CharField(max_length=30)
    status = models.CharField(max_length=20, choices=Status.choices)
    count = models.BigIntegerField()

    class Meta:
        constraints = [
            UniqueConstraint(fields=["team", "model", "task_type", "status"], name="count_one_per_kind"),
            CheckConstraint(condition=Q(count__gte=0), name="count_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.status}: {self.count}"


class IdempotencyKey(models.Model):
    """The Idempotency-Key of a create, kept 72 hours, committed with the generation it made."""

    team = models.ForeignKey("accounts.Team", models.CASCADE)
    key = models.CharField(max_length=255)
    request_digest = models.CharField(max_length=64)
    generation = models.ForeignKey(Generation, models.CASCADE)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [UniqueConstraint(fields=["team", "key"], name="idempotency_key_is_used_once")]

    def __str__(self) -> str:
        return self.key
