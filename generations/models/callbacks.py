"""What a provider sent us, kept as it came."""

from django.db import models
from django.db.models import CheckConstraint, F, Func, Index, Q, UniqueConstraint
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7


class Callback(models.Model):
    """Proven or not, a hint and nothing more: it wakes a fetch with our own credential.

    `submission` is whose address it came to; without one nobody was given that address, and `provider` says at whose it
    came. `proof` is what its signature said when it came, by the account's `scheme` of then; `verdict` is what it was
    then taken for. A body that comes again with the same proof is the same callback: `repeat_count` counts,
    `last_received_at` is when it last did. The proof is part of that, so that a forged copy does not swallow the real
    one; and so is `signature_digest`, the SHA-256 of its signature's headers, where the proof is not good.
    """

    class Proof(models.TextChoices):
        """NONE: the account has no scheme. UNCHECKED: its secret can't be read, or is none."""

        NONE = "none", _("Unsigned")
        GOOD = "good", _("Good")
        STALE = "stale", _("Stale")
        BAD = "bad", _("Bad")
        UNCHECKED = "unchecked", _("Unchecked")

    class Verdict(models.TextChoices):
        WOKE = "woke", _("Woke")
        BOUND = "bound", _("Bound")
        FOREIGN = "foreign", _("Foreign")
        MALFORMED = "malformed", _("Malformed")
        SETTLED = "settled", _("Settled")
        FORGED = "forged", _("Forged")
        STALE = "stale", _("Stale")
        UNADDRESSED = "unaddressed", _("Unaddressed")
        UNCHECKED = "unchecked", _("Unchecked")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    submission = models.ForeignKey("generations.Submission", models.CASCADE, null=True, related_name="callbacks")
    provider = models.CharField(max_length=40, blank=True)
    headers = models.JSONField()
    body = models.BinaryField()
    digest = models.GeneratedField(
        expression=Func(F("body"), function="sha256"), output_field=models.BinaryField(), db_persist=True
    )
    proof = models.CharField(max_length=12, choices=Proof.choices, default=Proof.NONE)
    scheme = models.CharField(max_length=20, blank=True)
    signature_digest = models.BinaryField(default=b"")
    provider_task_id = models.CharField(max_length=200, blank=True)
    verdict = models.CharField(max_length=20, choices=Verdict.choices, blank=True)
    attempt_count = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    received_at = models.DateTimeField()
    repeat_count = models.PositiveIntegerField(default=0)
    last_received_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["submission", "proof", "digest", "signature_digest"], name="callback_kept_once"),
            UniqueConstraint(
                fields=["provider", "digest"],
                condition=Q(submission__isnull=True),
                name="callback_to_nobody_kept_once",
            ),
            CheckConstraint(
                condition=Q(submission__isnull=True, verdict="unaddressed", next_at=None)
                | Q(submission__isnull=False) & ~Q(verdict="unaddressed"),
                name="callback_unaddressed_is_nobodys",
            ),
        ]
        indexes = [
            Index("next_at", condition=Q(next_at__isnull=False), name="callback_due"),
            Index("received_at", name="callback_received"),
            Index("received_at", condition=Q(submission__isnull=True), name="callback_to_nobody"),
            Index("provider_task_id", condition=~Q(provider_task_id=""), name="callback_of_task"),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.verdict or 'new'}"
