"""What a provider sent us, kept as it came."""

from django.db import models
from django.db.models import Index, Q
from uuid_utils.compat import uuid7


class Callback(models.Model):
    """Unsigned, so a hint and nothing more: it wakes a fetch with our own credential."""

    class Verdict(models.TextChoices):
        WOKE = "woke"
        BOUND = "bound"
        FOREIGN = "foreign"
        MALFORMED = "malformed"
        SETTLED = "settled"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    submission = models.ForeignKey("generations.Submission", models.CASCADE, related_name="callbacks")
    headers = models.JSONField()
    body = models.BinaryField()
    provider_task_id = models.CharField(max_length=200, blank=True)
    verdict = models.CharField(max_length=20, choices=Verdict.choices, blank=True)
    attempt_count = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    received_at = models.DateTimeField()

    class Meta:
        indexes = [Index("next_at", condition=Q(next_at__isnull=False), name="callback_due")]

    def __str__(self) -> str:
        return f"{self.id} {self.verdict or 'new'}"
