"""API keys, of which only a digest is kept, and the windows that count what each key does."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from .teams import Team
from .users import User


class ApiKey(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="api_keys")
    created_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    name = models.CharField(_("name"), max_length=100)
    hint = models.CharField(_("last four characters"), max_length=4)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")

    def __str__(self) -> str:
        return f"{self.name} (…{self.hint})"

    @property
    def is_revoked(self) -> bool:
        return self.revoked_at is not None


class RateWindow(models.Model):
    """How many requests of one kind a key has made since started_at. Written by accounts.limits alone."""

    class Kind(models.TextChoices):
        CREATE = "create", _("Create")
        READ = "read", _("Read")

    api_key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    started_at = models.DateTimeField()
    count = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["api_key", "kind"], name="ratewindow_once_per_kind")]

    def __str__(self) -> str:
        return f"{self.api_key_id} {self.kind} {self.count}"
