"""Teams: who a generation, a key and a credit belong to, who is in them and who is asked to be."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from .users import User


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    ADMIN = "admin", _("Admin")
    MEMBER = "member", _("Member")
    VIEWER = "viewer", _("Viewer")


class TeamQuerySet(models.QuerySet["Team"]):
    def open(self) -> "TeamQuerySet":
        """Neither closed nor closing."""
        return self.filter(closing_at=None)

    def closing(self) -> "TeamQuerySet":
        return self.filter(closing_at__isnull=False, closed_at=None)


class Team(models.Model):
    """A tenant. Closed, never deleted, once it has credit entries. A budget of null is no limit, one of 0 is a stop."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=200)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    requires_two_factor = models.BooleanField(_("two-factor sign-in required"), default=False)
    monthly_budget_credits = models.BigIntegerField(_("monthly budget"), null=True, blank=True)
    lifetime_budget_credits = models.BigIntegerField(_("lifetime budget"), null=True, blank=True)
    monthly_allowance_credits = models.BigIntegerField(_("monthly allowance"), null=True, blank=True)
    low_balance_credits = models.BigIntegerField(_("low-balance alert below"), null=True, blank=True)
    low_balance_told_at = models.DateTimeField(null=True, blank=True, editable=False)
    low_balance_mails_due = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    closing_at = models.DateTimeField(_("closing since"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    members = models.ManyToManyField(User, through="Membership", related_name="teams")

    objects = TeamQuerySet.as_manager()

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        constraints = [
            models.CheckConstraint(
                condition=Q(closed_at=None) | Q(closing_at__isnull=False, closed_at__gte=F("closing_at")),
                name="team_closing_comes_before_closed",
            ),
            models.CheckConstraint(
                condition=(Q(monthly_budget_credits=None) | Q(monthly_budget_credits__gte=0))
                & (Q(lifetime_budget_credits=None) | Q(lifetime_budget_credits__gte=0))
                & (Q(monthly_allowance_credits=None) | Q(monthly_allowance_credits__gt=0))
                & (Q(low_balance_credits=None) | Q(low_balance_credits__gt=0)),
                name="team_figures_are_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        return self.closing_at is None


class Membership(models.Model):
    """A user in a team, and the cap on what they may spend of its credits."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(_("role"), max_length=10, choices=Role.choices)
    monthly_budget_credits = models.BigIntegerField(_("monthly cap"), null=True, blank=True)
    lifetime_budget_credits = models.BigIntegerField(_("lifetime cap"), null=True, blank=True)
    created_at = models.DateTimeField(_("joined"), db_default=Now(), editable=False)
    last_active_at = models.DateTimeField(_("last active"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["team", "user"], name="membership_once_per_team"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="membership_role_is_known"),
            models.CheckConstraint(
                condition=(Q(monthly_budget_credits=None) | Q(monthly_budget_credits__gte=0))
                & (Q(lifetime_budget_credits=None) | Q(lifetime_budget_credits__gte=0)),
                name="membership_caps_are_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role}"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def waiting(self) -> "InvitationQuerySet":
        """Neither accepted nor revoked; an expired one is still here, to be sent again."""
        return self.filter(accepted_at=None, revoked_at=None)


class Invitation(models.Model):
    """An e-mail address that was asked to join. The link carries a token, of which only the SHA-256 is kept."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField(_("e-mail address"))
    role = models.CharField(_("role"), max_length=10, choices=Role.choices)
    digest = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(_("sent"), db_default=Now(), editable=False)
    expires_at = models.DateTimeField(_("expires"))
    accepted_at = models.DateTimeField(_("accepted"), null=True)
    accepted_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    revoked_at = models.DateTimeField(_("revoked"), null=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints = [
            models.UniqueConstraint(
                fields=["team", "email"],
                condition=Q(accepted_at=None, revoked_at=None),
                name="invitation_waits_once_per_address",
            ),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="invitation_email_is_lower_case"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="invitation_role_is_known"),
            models.CheckConstraint(
                condition=Q(accepted_at=None) | Q(revoked_at=None), name="invitation_ends_in_one_way"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} {self.role}"
