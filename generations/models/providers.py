"""Provider accounts: one set of credentials for one upstream API."""

from django.db import models
from django.db.models import QuerySet, UniqueConstraint
from uuid_utils.compat import uuid7

from project import secrets_at_rest


class ProviderAccountQuerySet(QuerySet["ProviderAccount"]):
    def active(self) -> "ProviderAccountQuerySet":
        """Those that may be sent work, the lowest priority number first."""
        return self.filter(paused_at=None).order_by("priority", "label")


class ProviderAccount(models.Model):
    """`base_url` is the one in the provider's document. The key is encrypted at rest.

    `options` are what its adapter takes besides, by name: {"status_path": "/status/{task_id}"}.
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
    poll_window_at = models.DateTimeField(null=True)
    poll_window_count = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ProviderAccountQuerySet.as_manager()

    class Meta:
        constraints = [UniqueConstraint(fields=["label"], name="provider_account_label_is_unique")]

    def __str__(self) -> str:
        return self.label

    @property
    def key(self) -> str:
        return secrets_at_rest.decrypt(bytes(self.encrypted_key))

    @key.setter
    def key(self, key: str) -> None:
        self.encrypted_key = secrets_at_rest.encrypt(key)
