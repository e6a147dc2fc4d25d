"""How credits come in: packages that are bought, codes that are redeemed, allowances that are paid each month."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from .credits import NOTE_CHARACTERS
from .teams import Team
from .users import User


class CreditPackage(models.Model):
    """Credits for a price, set by the operator. `amount` is in the currency's smallest unit, as Stripe counts it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=100)
    credits = models.PositiveIntegerField(_("credits"))
    amount = models.PositiveIntegerField(_("price"), help_text=_("In the smallest unit: 1900 is 19.00."))
    currency = models.CharField(_("currency"), max_length=3, default="usd", help_text=_("ISO 4217, lower case."))
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_offered = models.BooleanField(_("offered"), default=True)

    class Meta:
        verbose_name = _("credit package")
        verbose_name_plural = _("credit packages")
        ordering = ["position", "amount"]
        constraints = [
            models.CheckConstraint(condition=Q(credits__gt=0, amount__gt=0), name="creditpackage_has_figures")
        ]

    def __str__(self) -> str:
        return self.name


class Purchase(models.Model):
    """A package on its way through Stripe Checkout, with what it was when it was chosen. Written by billing.purchases.

    refunded_amount is the money that Stripe gave back so far, whenever we heard of it; returned_credits is what could
    be taken back for it. When paid_at is set granted_credits are granted, once: all, or 0 where the team takes none.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="purchases")
    bought_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(_("package"), max_length=100)
    credits = models.PositiveIntegerField(_("credits"))
    amount = models.PositiveIntegerField(_("price"))
    currency = models.CharField(_("currency"), max_length=3)
    checkout_id = models.CharField(max_length=255, null=True, unique=True)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    paid_at = models.DateTimeField(_("paid"), null=True)
    expired_at = models.DateTimeField(_("expired"), null=True)
    refunded_amount = models.PositiveIntegerField(_("refunded"), default=0)
    granted_credits = models.PositiveIntegerField(_("credits granted"), default=0)
    returned_credits = models.PositiveIntegerField(_("credits taken back"), default=0)

    class Meta:
        verbose_name = _("purchase")
        verbose_name_plural = _("purchases")
        constraints = [
            models.CheckConstraint(
                condition=Q(credits__gt=0, amount__gt=0, returned_credits__lte=F("granted_credits"))
                & Q(granted_credits__in=(0, F("credits")), refunded_amount__lte=F("amount")),
                name="purchase_gives_back_what_it_brought",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.id}"

    @property
    def due_credits(self) -> int:
        """What the refunded money had brought, rounded down."""
        return self.granted_credits * self.refunded_amount // self.amount

    @property
    def unreturned_credits(self) -> int:
        """What a refund should have taken back, and was spent already."""
        return self.due_credits - self.returned_credits


class RedeemCode(models.Model):
    """A code that an operator issued, good for credits once. Only the SHA-256 of it is kept."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(_("last four characters"), max_length=4)
    credits = models.PositiveIntegerField(_("credits"))
    note = models.CharField(_("note"), max_length=NOTE_CHARACTERS, blank=True)
    issued_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("issued"), db_default=Now(), editable=False)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    redeemed_at = models.DateTimeField(_("redeemed"), null=True)
    redeemed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    team = models.ForeignKey(Team, null=True, on_delete=models.PROTECT, related_name="redeemed_codes")

    class Meta:
        verbose_name = _("redeem code")
        verbose_name_plural = _("redeem codes")
        constraints = [
            models.CheckConstraint(condition=Q(credits__gt=0), name="redeemcode_is_worth_something"),
            models.CheckConstraint(
                condition=Q(redeemed_at=None, team=None) | Q(redeemed_at__isnull=False, team__isnull=False),
                name="redeemcode_goes_to_a_team",
            ),
        ]

    def __str__(self) -> str:
        return f"…{self.hint}"


class Allowance(models.Model):
    """That a team has had its allowance of a month, "2026-11" in its own time zone; credits may be 0."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="allowances")
    period = models.CharField(max_length=7)
    credits = models.BigIntegerField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "period"], name="allowance_once_a_month")]

    def __str__(self) -> str:
        return f"{self.period}: {self.credits}"
