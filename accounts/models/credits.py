"""The books: one balance row per team, and the entries that explain it.

available can be spent, held is set aside for running generations, spent is gone, and granted is what the team was
given in all, less withdrawals. available + held + spent = granted, on every row of both tables.
Written by accounts.credits alone.
"""

from django.db import models
from django.db.models import ExpressionWrapper, F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from .keys import ApiKey
from .teams import Team
from .users import User

MAX_COUNTED = 2**63 - 1  # what a column of credits can hold
MAX_CREDITS = 10**12  # what a form or a setting can ask for
NOTE_CHARACTERS = 200


class CreditBalance(models.Model):
    """What a team has now. sequence numbers the entries, without a gap."""

    team = models.OneToOneField(Team, primary_key=True, on_delete=models.PROTECT, related_name="balance")
    available = models.BigIntegerField(_("available"), default=0)
    held = models.BigIntegerField(_("held"), default=0)
    spent = models.BigIntegerField(_("spent"), default=0)
    granted = models.BigIntegerField(_("granted"), default=0)
    sequence = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("credit balance")
        verbose_name_plural = _("credit balances")
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    available__gte=0,
                    held__gte=0,
                    spent__gte=0,
                    granted=F("available") + F("held") + F("spent"),
                ),
                name="creditbalance_balances",
            )
        ]

    def __str__(self) -> str:
        return f"{self.available} + {self.held} + {self.spent} = {self.granted}"


class EntryKind(models.TextChoices):
    GRANT = "grant", _("Grant")
    ADJUST = "adjust", _("Adjustment")
    HOLD = "hold", _("Hold")
    CAPTURE = "capture", _("Charge")
    RELEASE = "release", _("Release")
    REFUND = "refund", _("Refund")
    WITHDRAW = "withdraw", _("Withdrawal")


HOLDING_KINDS = (EntryKind.HOLD, EntryKind.CAPTURE, EntryKind.RELEASE)
HOLD_NAMING_KINDS = (*HOLDING_KINDS, EntryKind.REFUND)

# What each kind may do to the four figures. The deltas of every kind add up, see creditentry_balances.
ENTRY_SHAPES = (
    Q(kind="grant", available_delta__gt=0, held_delta=0, spent_delta=0)
    | Q(kind="adjust", held_delta=0, spent_delta=0) & ~Q(available_delta=0)
    | Q(kind="withdraw", available_delta__lt=0, held_delta=0, spent_delta=0)
    | Q(kind="hold", held_delta__gt=0, spent_delta=0, granted_delta=0)
    | Q(kind="release", held_delta__lt=0, spent_delta=0, granted_delta=0)
    | Q(kind="capture", held_delta__lt=0, spent_delta__gt=0, available_delta__gte=0, granted_delta=0)
    | Q(kind="refund", held_delta=0, spent_delta__lt=0, granted_delta=0)
)


class CreditEntryQuerySet(models.QuerySet["CreditEntry"]):
    def statement(self, team: Team) -> "CreditEntryQuerySet":
        """The team's entries, newest first; the running balance is in each."""
        return self.filter(team=team).order_by("-sequence")


class CreditEntry(models.Model):
    """One posting: its effect on the four figures, and the four figures after it. Never changed, never deleted."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="credit_entries")
    sequence = models.BigIntegerField()
    kind = models.CharField(_("kind"), max_length=10, choices=EntryKind.choices)
    available_delta = models.BigIntegerField()
    held_delta = models.BigIntegerField()
    spent_delta = models.BigIntegerField()
    granted_delta = models.BigIntegerField()
    available_after = models.BigIntegerField()
    held_after = models.BigIntegerField()
    spent_after = models.BigIntegerField()
    granted_after = models.BigIntegerField()
    hold_id = models.UUIDField(null=True, blank=True)
    # Whose budgets the hold was reserved in, and for which month of the team's time zone; its settlement has the same.
    api_key = models.ForeignKey(ApiKey, null=True, blank=True, on_delete=models.PROTECT, related_name="credit_entries")
    member = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    period = models.CharField(max_length=7, blank=True)
    # What brought these credits; a purchase that was refunded also took some back.
    purchase = models.ForeignKey("accounts.Purchase", null=True, blank=True, on_delete=models.PROTECT, db_index=False)
    redeem_code = models.ForeignKey(
        "accounts.RedeemCode", null=True, blank=True, on_delete=models.PROTECT, db_index=False
    )
    allowance = models.ForeignKey("accounts.Allowance", null=True, blank=True, on_delete=models.PROTECT, db_index=False)
    note = models.CharField(_("note"), max_length=NOTE_CHARACTERS, blank=True)
    actor = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("posted"), db_default=Now(), editable=False)

    objects = CreditEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("credit entry")
        verbose_name_plural = _("credit entries")
        constraints = [
            models.UniqueConstraint(fields=["team", "sequence"], name="creditentry_sequence_is_unique"),
            # Opened by one entry and settled by one other at most; the same index finds both by hold_id.
            models.UniqueConstraint(
                "hold_id",
                ExpressionWrapper(Q(kind="hold"), output_field=models.BooleanField()),
                condition=Q(hold_id__isnull=False, kind__in=HOLDING_KINDS),
                name="creditentry_holds_once_settles_once",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=HOLD_NAMING_KINDS, hold_id__isnull=False)
                | ~Q(kind__in=HOLD_NAMING_KINDS) & Q(hold_id__isnull=True, api_key=None, member=None, period=""),
                name="creditentry_names_its_hold",
            ),
            models.UniqueConstraint(
                fields=["purchase"],
                condition=Q(purchase__isnull=False, kind="grant"),
                name="creditentry_purchase_brings_once",
            ),
            models.UniqueConstraint(
                fields=["redeem_code"], condition=Q(redeem_code__isnull=False), name="creditentry_code_brings_once"
            ),
            models.UniqueConstraint(
                fields=["allowance"], condition=Q(allowance__isnull=False), name="creditentry_allowance_brings_once"
            ),
            models.CheckConstraint(
                condition=Q(purchase=None, redeem_code=None, allowance=None)
                | Q(purchase__isnull=False, redeem_code=None, allowance=None, kind__in=("grant", "withdraw"))
                | Q(purchase=None, redeem_code__isnull=False, allowance=None, kind="grant")
                | Q(purchase=None, redeem_code=None, allowance__isnull=False, kind="grant"),
                name="creditentry_has_one_source",
            ),
            models.CheckConstraint(condition=ENTRY_SHAPES, name="creditentry_does_what_its_kind_may"),
            models.CheckConstraint(
                condition=Q(granted_delta=F("available_delta") + F("held_delta") + F("spent_delta")),
                name="creditentry_balances",
            ),
            models.CheckConstraint(
                condition=Q(
                    available_after__gte=0,
                    held_after__gte=0,
                    spent_after__gte=0,
                    granted_after=F("available_after") + F("held_after") + F("spent_after"),
                ),
                name="creditentry_leaves_books_balanced",
            ),
        ]
        indexes = [
            models.Index("hold_id", condition=Q(kind="refund"), name="creditentry_refunds"),
            models.Index("team", "created_at", name="creditentry_by_time"),
            models.Index("api_key", "created_at", condition=Q(api_key__isnull=False), name="creditentry_of_key"),
            models.Index(
                "team", "member", "created_at", condition=Q(member__isnull=False), name="creditentry_of_member"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sequence} {self.kind} {self.available_delta:+}"

    @property
    def reason(self) -> str:
        """Where the credits came from or went to, in the reader's language, else the note that was written."""
        if self.purchase and self.kind == EntryKind.GRANT:
            return gettext("Bought: %(package)s") % {"package": self.purchase.name}
        if self.purchase:
            return gettext("Refunded: %(package)s") % {"package": self.purchase.name}
        if self.redeem_code:
            return gettext("Code …%(hint)s") % {"hint": self.redeem_code.hint}
        if self.allowance:
            return gettext("Allowance of %(month)s") % {"month": self.allowance.period}
        return self.note


class BudgetUse(models.Model):
    """What a team, one of its keys or one of its members has taken of its budgets in one period.

    `period` is a month, "2026-11", or "lifetime". Used is what is held and what was spent. Neither key nor member: the
    whole team. Written by accounts.budgets alone; the limits are columns of Team, ApiKey and Membership.
    """

    LIFETIME = "lifetime"

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="budget_uses")
    api_key = models.ForeignKey(ApiKey, null=True, on_delete=models.PROTECT, related_name="budget_uses")
    member = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    period = models.CharField(max_length=8)
    used_credits = models.BigIntegerField()
    open_holds = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["team", "api_key", "member", "period"],
                nulls_distinct=False,
                name="budgetuse_once_per_period",
            ),
            models.CheckConstraint(
                condition=Q(used_credits__gte=0, open_holds__gte=0), name="budgetuse_is_not_negative"
            ),
            models.CheckConstraint(condition=Q(api_key=None) | Q(member=None), name="budgetuse_has_one_owner"),
        ]

    def __str__(self) -> str:
        return f"{self.period}: {self.used_credits}"
