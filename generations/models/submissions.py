"""One attempt to have one provider account make one generation."""

import secrets

from django.db import models
from django.db.models import CheckConstraint, Index, Q, UniqueConstraint
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7


def new_token() -> str:
    """128 random bits for the callback's address. An address, not proof."""
    return secrets.token_hex(16)


class Submission(models.Model):
    """Committed before the POST, so that a callback or a crash at any moment finds it.

    `next_at` is when it is asked about next: at its provider by id, or by looking it up where the provider can list.
    Once it has ended well, it is when its outputs are fetched.

    `provider_cost` is what the provider says it charged us, in units of its own, `provider_warnings` are its remarks:
    both are the operator's alone. `loss_credits` is what was made and could not be charged.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    generation = models.ForeignKey("generations.Generation", models.CASCADE, related_name="submissions")
    account = models.ForeignKey("generations.ProviderAccount", models.PROTECT)
    token = models.CharField(max_length=32, unique=True, default=new_token)
    provider_task_id = models.CharField(max_length=200, blank=True)

    next_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    poll_count = models.PositiveIntegerField(default=0)
    missing_count = models.PositiveIntegerField(default=0)
    missing_since = models.DateTimeField(null=True)
    polled_at = models.DateTimeField(null=True)
    unknown_word = models.CharField(max_length=60, blank=True)

    outputs = models.JSONField(default=list)
    link_expires_at = models.DateTimeField(null=True)
    archive_count = models.PositiveIntegerField(default=0)
    outcome = models.CharField(max_length=40, blank=True)
    arrived_late = models.BooleanField(default=False)
    loss_credits = models.BigIntegerField(default=0)
    provider_cost = models.JSONField(default=dict, blank=True)
    provider_warnings = models.JSONField(default=list, blank=True)

    created_at = models.DateTimeField()
    bound_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("submission")
        verbose_name_plural = _("submissions")
        constraints = [
            UniqueConstraint(
                fields=["account", "provider_task_id"],
                condition=~Q(provider_task_id=""),
                name="submission_provider_task_bound_once",
            ),
            CheckConstraint(condition=Q(loss_credits__gte=0), name="submission_loss_not_negative"),
        ]
        indexes = [
            Index("next_at", condition=Q(next_at__isnull=False), name="submission_due"),
            Index("account", condition=Q(provider_task_id="", ended_at=None), name="submission_unbound"),
            Index("account", condition=Q(ended_at=None), name="submission_open"),
            Index(fields=["generation", "-created_at"], name="submission_of_generation"),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.outcome or 'open'}"

    @property
    def charged_credits(self) -> int | None:
        """What the team was charged for it; None while that is open."""
        if self.ended_at is None or not self.generation.is_final:
            return None
        brought_it = self.outcome == "succeeded" and not self.arrived_late
        return self.generation.charged_credits if brought_it else 0
