"""Many prompts asked for as one: checked row by row, quoted as a whole, made within a cap."""

from django.db import models
from django.db.models import CheckConstraint, Index, Q, UniqueConstraint
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7


class Batch(models.Model):
    """Its id is the `batch_id` of its generations. `cap_credits` bounds what they may hold and cost together.

    `created_by` is whoever drafted, started or resumed it last: the rows that wait are made in their name and within
    their budget, and they are whom the list names. Who asked for what was made, its generations say.
    `next_at` is when it is looked at next while it runs.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        RUNNING = "running", _("Running")
        PAUSED = "paused", _("Paused")
        FINISHED = "finished", _("Finished")
        CANCELLED = "cancelled", _("Cancelled")

    class Pause(models.TextChoices):
        """Why it stands still."""

        BY_MEMBER = "by_member", _("Paused by a member")
        CAP = "cap", _("The cap is reached")
        CREDITS = "credits", _("There are not enough credits")
        PRICE = "price", _("The price has changed")
        MEMBER = "member", _("Whoever started it may not create any more")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey("accounts.Team", models.PROTECT)
    created_by = models.ForeignKey("accounts.User", models.PROTECT)
    name = models.CharField(max_length=120)
    state = models.CharField(max_length=12, choices=State.choices, default=State.DRAFT)
    paused_because = models.CharField(max_length=12, choices=Pause.choices, blank=True)
    cap_credits = models.PositiveBigIntegerField(null=True, blank=True)
    next_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            CheckConstraint(
                condition=Q(state="paused") ^ Q(paused_because=""),
                name="batch_paused_says_why",
            ),
            CheckConstraint(condition=Q(state="draft") | Q(cap_credits__isnull=False), name="batch_started_has_a_cap"),
            CheckConstraint(
                condition=Q(state__in=("finished", "cancelled"), ended_at__isnull=False)
                | (~Q(state__in=("finished", "cancelled")) & Q(ended_at=None)),
                name="batch_final_means_ended",
            ),
        ]
        indexes = [
            Index(fields=["team", "-id"], name="batch_of_team"),
            Index("next_at", condition=Q(next_at__isnull=False), name="batch_due"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.state}"


class BatchRow(models.Model):
    """One row as it was given, by the names of a request: {"prompt": "…", "duration": "5"}.

    It is bad and has a `problem`, waits with what it was quoted, or has its generation.
    """

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField()
    given = models.JSONField()
    problem = models.JSONField(null=True, blank=True)
    quoted_credits = models.PositiveBigIntegerField(null=True)
    generation = models.OneToOneField("generations.Generation", models.PROTECT, null=True, related_name="batch_row")

    class Meta:
        ordering = ["number"]
        constraints = [
            UniqueConstraint(fields=["batch", "number"], name="batch_row_number_is_unique"),
            CheckConstraint(
                condition=Q(problem__isnull=False, generation=None)
                | Q(problem__isnull=True, quoted_credits__isnull=False),
                name="batch_row_is_bad_or_quoted",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}"
