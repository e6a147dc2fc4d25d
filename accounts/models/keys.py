"""API keys and what each may do, their secrets, of which only a digest is kept, and the windows that count requests."""

import re
from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from .teams import Team
from .users import User


class Scope(models.TextChoices):
    GENERATE = "generate", _("Generate: ask for clips, cancel and delete them")
    READ = "read", _("Read: tasks, their files, models and credits")
    EMBED = "embed", _("Embed: embeddings and tags")
    MANAGE = "manage", _("Manage: make, change, rotate and revoke keys; trust it like an admin")

    @property
    def word(self) -> str:
        """The label up to its colon, which Chinese writes wider."""
        return re.split("[:：]", str(self.label))[0]


class RatePlan(models.TextChoices):
    STANDARD = "standard", _("Standard: 1,000 a minute")
    FREE = "free", _("Free: 10 an hour")
    PRO = "pro", _("Pro: 1,000 an hour")
    ENTERPRISE = "enterprise", _("Enterprise: no limit")
    OWN = "own", _("Custom limit")


def default_scopes() -> list[str]:
    return [Scope.GENERATE.value, Scope.READ.value]


class ApiKey(models.Model):
    """What a program may do. null or empty is no limit, a budget of 0 a stop. Its id stays when its secret changes."""

    secret: "ApiSecret"  # the one it was recognised by; set by keys.authenticate alone

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="api_keys")
    created_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    name = models.CharField(_("name"), max_length=100)
    scopes = ArrayField(models.CharField(max_length=10, choices=Scope.choices), default=default_scopes)
    allowed_models = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    allowed_networks = ArrayField(models.CharField(max_length=43), default=list, blank=True)
    rate_plan = models.CharField(_("rate plan"), max_length=10, choices=RatePlan.choices, default=RatePlan.STANDARD)
    rate_limit = models.PositiveIntegerField(_("requests"), null=True, blank=True)
    rate_seconds = models.PositiveIntegerField(_("seconds"), null=True, blank=True)
    max_in_progress = models.PositiveIntegerField(_("at once"), null=True, blank=True)
    monthly_budget_credits = models.BigIntegerField(_("monthly budget"), null=True, blank=True)
    lifetime_budget_credits = models.BigIntegerField(_("lifetime budget"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    expiry_told_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        constraints = [
            models.CheckConstraint(condition=Q(scopes__contained_by=Scope.values), name="apikey_scopes_are_known"),
            models.CheckConstraint(
                condition=Q(rate_plan="own", rate_limit__gt=0, rate_seconds__gt=0)
                | Q(rate_plan__in=("standard", "free", "pro", "enterprise"), rate_limit=None, rate_seconds=None),
                name="apikey_own_plan_has_figures",
            ),
            models.CheckConstraint(
                condition=(Q(monthly_budget_credits=None) | Q(monthly_budget_credits__gte=0))
                & (Q(lifetime_budget_credits=None) | Q(lifetime_budget_credits__gte=0))
                & (Q(max_in_progress=None) | Q(max_in_progress__gt=0)),
                name="apikey_limits_are_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def scope_words(self) -> list[str]:
        return [Scope(scope).word for scope in self.scopes]

    @property
    def is_revoked(self) -> bool:
        return self.revoked_at is not None

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @property
    def is_live(self) -> bool:
        return not self.is_revoked and not self.is_expired


class ApiSecret(models.Model):
    """A secret of a key: the current one, or an old one that still works until valid_until."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    api_key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="secrets")
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(_("last four characters"), max_length=4)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    valid_until = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    last_used_ip = models.GenericIPAddressField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["api_key"], condition=Q(valid_until=None), name="apisecret_one_is_current")
        ]

    def __str__(self) -> str:
        return f"…{self.hint}"

    @property
    def is_current(self) -> bool:
        return self.valid_until is None

    def is_valid_at(self, moment: datetime) -> bool:
        return self.valid_until is None or moment < self.valid_until


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
