"""Provider accounts: one set of credentials for one upstream API."""

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import CheckConstraint, Q, QuerySet, UniqueConstraint
from uuid_utils.compat import uuid7

from project import secrets_at_rest


class ProviderAccountQuerySet(QuerySet["ProviderAccount"]):
    def active(self) -> "ProviderAccountQuerySet":
        """Those that may be sent work, the lowest priority number first."""
        return self.filter(paused_at=None).order_by("priority", "label")


class ProviderAccount(models.Model):
    """`base_url` is the one in the provider's document. The key is encrypted at rest.

    `options` are what its adapter takes besides, by name: {"status_path": "/status/{task_id}"}.

    Accounts of the same priority share the work by weight. `max_running` is how many of its tasks may run at once
    (None: any number), `max_unanswered` how many POSTs of the last minutes may be without an answer, so many at most
    are in doubt when it goes silent. Ten failures within 30 s from `failing_since` on open its circuit, and `probe_at`
    is when it is looked at again. `reads_free_at` is up to when its reads are spent, `listed_at` when a list was read.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    provider = models.CharField(max_length=40)
    label = models.CharField(max_length=80)
    base_url = models.CharField(max_length=500)
    encrypted_key = models.BinaryField()
    options = models.JSONField(default=dict, blank=True)
    priority = models.IntegerField(default=100)
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_reason = models.CharField(max_length=200, blank=True)
    busy_until = models.DateTimeField(null=True, blank=True)
    weight = models.PositiveSmallIntegerField(default=1, validators=[MinValueValidator(1)])
    max_running = models.PositiveIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    max_unanswered = models.PositiveSmallIntegerField(default=10, validators=[MinValueValidator(1)])
    reads_a_minute = models.PositiveIntegerField(default=900, validators=[MinValueValidator(60)])
    reads_free_at = models.DateTimeField(null=True)
    listed_at = models.DateTimeField(null=True)
    failure_count = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    circuit_opened_at = models.DateTimeField(null=True)
    probe_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ProviderAccountQuerySet.as_manager()

    class Meta:
        constraints = [
            UniqueConstraint(fields=["label"], name="provider_account_label_is_unique"),
            CheckConstraint(condition=Q(weight__gte=1), name="provider_account_has_a_weight"),
            CheckConstraint(condition=Q(max_unanswered__gte=1), name="provider_account_may_be_asked"),
            CheckConstraint(condition=Q(reads_a_minute__gte=60), name="provider_account_may_be_read"),
            CheckConstraint(
                condition=Q(circuit_opened_at=None, probe_at=None)
                | Q(circuit_opened_at__isnull=False, probe_at__isnull=False),
                name="provider_account_open_is_probed",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def key(self) -> str:
        return secrets_at_rest.decrypt(bytes(self.encrypted_key))

    @key.setter
    def key(self, key: str) -> None:
        self.encrypted_key = secrets_at_rest.encrypt(key)
