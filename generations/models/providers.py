"""Provider accounts: one set of credentials for one upstream API."""

from contextlib import suppress
from datetime import datetime

from cryptography.fernet import InvalidToken
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import CheckConstraint, Q, QuerySet, UniqueConstraint
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from generations.providers.signatures import HMAC_SHA256, STANDARD_WEBHOOKS
from project import secrets_at_rest


class ProviderAccountQuerySet(QuerySet["ProviderAccount"]):
    def active(self) -> "ProviderAccountQuerySet":
        """Those that may be sent work, the lowest priority number first."""
        return self.in_order().filter(paused_at=None)

    def in_order(self) -> "ProviderAccountQuerySet":
        """The lowest priority number first, those that are paused too."""
        return self.order_by("priority", "label")


class ProviderAccount(models.Model):
    """`base_url` is the one in the provider's document. The key is encrypted at rest.

    `options` are what its adapter takes besides, by name: {"status_path": "/status/{task_id}"}.

    Accounts of the same priority share the work by weight. `max_running` is how many of its tasks may run at once
    (None: any number), `max_unanswered` how many POSTs of the last minutes may be without an answer, so many at most
    are in doubt when it goes silent. `reads_a_second` is None where its provider counts by the minute alone;
    `reads_free_at` is up to when its reads are spent, `listed_at` when a list was read.

    `failure_count` is of failures since `failing_since`. Of an account that makes generations ten of them within 30 s
    open its circuit, and `probe_at` is when it is looked at again (submitting/circuit.py). One that makes vectors is
    taken to be down from the third in a row on, and rests until `busy_until` (search/backoff.py).

    Where `signature_scheme` is one of providers/signatures.py, callbacks without its signature have no effect at all:
    `signature_header` names where HMAC-SHA256 has it. The secret is encrypted at rest; the one before it is good for
    what comes until `old_callback_secret_until`.
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
    reads_a_second = models.PositiveSmallIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    reads_free_at = models.DateTimeField(null=True)
    listed_at = models.DateTimeField(null=True)
    failure_count = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    circuit_opened_at = models.DateTimeField(null=True)
    probe_at = models.DateTimeField(null=True)
    signature_scheme = models.CharField(max_length=20, blank=True)
    signature_header = models.CharField(max_length=60, blank=True)
    encrypted_callback_secret = models.BinaryField(null=True)
    encrypted_old_callback_secret = models.BinaryField(null=True)
    old_callback_secret_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ProviderAccountQuerySet.as_manager()

    class Meta:
        verbose_name = _("provider account")
        verbose_name_plural = _("provider accounts")
        constraints = [
            UniqueConstraint(fields=["label"], name="provider_account_label_is_unique"),
            CheckConstraint(condition=Q(weight__gte=1), name="provider_account_has_a_weight"),
            CheckConstraint(condition=Q(max_unanswered__gte=1), name="provider_account_may_be_asked"),
            CheckConstraint(condition=Q(reads_a_minute__gte=60), name="provider_account_may_be_read"),
            CheckConstraint(
                condition=Q(reads_a_second=None) | Q(reads_a_second__gte=1), name="provider_account_has_its_turns"
            ),
            CheckConstraint(
                condition=Q(circuit_opened_at=None, probe_at=None)
                | Q(circuit_opened_at__isnull=False, probe_at__isnull=False),
                name="provider_account_open_is_probed",
            ),
            CheckConstraint(
                condition=Q(signature_scheme__in=("", STANDARD_WEBHOOKS, HMAC_SHA256)),
                name="provider_account_scheme_is_known",
            ),
            CheckConstraint(
                condition=Q(signature_scheme="", encrypted_callback_secret__isnull=True)
                | ~Q(signature_scheme="") & Q(encrypted_callback_secret__isnull=False),
                name="provider_account_scheme_has_a_secret",
            ),
            CheckConstraint(
                condition=Q(signature_scheme=HMAC_SHA256) & ~Q(signature_header="")
                | ~Q(signature_scheme=HMAC_SHA256) & Q(signature_header=""),
                name="provider_account_hmac_has_a_header",
            ),
            CheckConstraint(
                condition=Q(encrypted_old_callback_secret__isnull=True, old_callback_secret_until=None)
                | Q(
                    encrypted_callback_secret__isnull=False,
                    encrypted_old_callback_secret__isnull=False,
                    old_callback_secret_until__isnull=False,
                ),
                name="provider_account_old_secret_has_an_end",
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

    def callback_secrets(self, at: datetime) -> list[str]:
        """Those that are good for what comes at that moment, the newest first; none without a scheme.

        Raises cryptography.fernet.InvalidToken where none of CREDENTIAL_KEYS decrypts the newest. One before it that
        none of them decrypts is left out: the newest is enough to tell by.
        """
        if self.encrypted_callback_secret is None:
            return []
        secrets = [secrets_at_rest.decrypt(bytes(self.encrypted_callback_secret))]
        if self.has_old_callback_secret(at) and self.encrypted_old_callback_secret is not None:
            with suppress(InvalidToken):
                secrets.append(secrets_at_rest.decrypt(bytes(self.encrypted_old_callback_secret)))
        return secrets

    def has_old_callback_secret(self, at: datetime) -> bool:
        """Whether the secret before the newest is good at that moment, read or not."""
        return self.old_callback_secret_until is not None and at < self.old_callback_secret_until
