"""The audit log: who did what to what, from where, and when. Written by accounts.audit_log alone, never changed."""

from django.db import models
from django.db.models import F, Index, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from .keys import ApiKey
from .teams import Team
from .users import User


class AuditAction(models.TextChoices):
    SIGNED_IN = "account.signed_in", _("Signed in")
    SIGN_IN_FAILED = "account.sign_in_failed", _("Sign-in failed")
    PASSWORD_CHANGED = "account.password_changed", _("Password changed")
    EMAIL_CHANGED = "account.email_changed", _("E-mail address changed")
    TWO_FACTOR_CHANGED = "account.two_factor_changed", _("Two-factor sign-in changed")
    SESSION_ENDED = "account.session_ended", _("Session ended")
    ACCOUNT_CHANGED = "account.changed", _("Account changed")
    TEAM_CREATED = "team.created", _("Team created")
    TEAM_CHANGED = "team.changed", _("Team settings changed")
    TEAM_CLOSING = "team.closing", _("Team is being closed")
    TEAM_CLOSED = "team.closed", _("Team closed")
    MEMBER_INVITED = "member.invited", _("Member invited")
    INVITATION_REVOKED = "member.invitation_revoked", _("Invitation revoked")
    MEMBER_JOINED = "member.joined", _("Member joined")
    MEMBER_LEFT = "member.left", _("Member left")
    MEMBER_REMOVED = "member.removed", _("Member removed")
    MEMBER_ROLE_CHANGED = "member.role_changed", _("Role changed")
    MEMBER_CAP_CHANGED = "member.cap_changed", _("Cap changed")
    OWNERSHIP_TRANSFERRED = "member.ownership_transferred", _("Ownership transferred")
    KEY_CREATED = "key.created", _("API key created")
    KEY_CHANGED = "key.changed", _("API key changed")
    KEY_ROTATED = "key.rotated", _("API key rotated")
    KEY_REVOKED = "key.revoked", _("API key revoked")
    SIGNING_SECRET_SHOWN = "endpoint.secret_shown", _("Webhook signing secret shown")
    SIGNING_SECRET_ROTATED = "endpoint.secret_rotated", _("Webhook signing secret rotated")
    ENDPOINT_CREATED = "endpoint.created", _("Webhook endpoint created")
    ENDPOINT_CHANGED = "endpoint.changed", _("Webhook endpoint changed")
    ENDPOINT_ROTATED = "endpoint.rotated", _("Webhook endpoint's secret rotated")
    ENDPOINT_PAUSED = "endpoint.paused", _("Webhook endpoint paused")
    ENDPOINT_RESUMED = "endpoint.resumed", _("Webhook endpoint resumed")
    ENDPOINT_DISABLED = "endpoint.disabled", _("Webhook endpoint disabled")
    ENDPOINT_ENABLED = "endpoint.enabled", _("Webhook endpoint enabled again")
    ENDPOINT_DELETED = "endpoint.deleted", _("Webhook endpoint deleted")
    WEBHOOKS_SENT_AGAIN = "endpoint.sent_again", _("Webhooks sent again")
    COLLECTION_SHARED = "collection.shared", _("Collection shared by link")
    COLLECTION_LINK_REVOKED = "collection.link_revoked", _("Shared link revoked")
    CREDITS_GRANTED = "credits.granted", _("Credits granted")
    CREDITS_ADJUSTED = "credits.adjusted", _("Credits adjusted")
    CREDITS_BOUGHT = "credits.bought", _("Credits bought")
    PURCHASE_REFUNDED = "credits.purchase_refunded", _("Purchase refunded")
    ALLOWANCE_PAID = "credits.allowance_paid", _("Monthly allowance paid")
    CODE_REDEEMED = "credits.code_redeemed", _("Code redeemed")
    CODES_ISSUED = "credits.codes_issued", _("Redeem codes issued")


class AuditEntry(models.Model):
    """One thing that was done. Neither user nor key: the installation itself. `subject` is its name as it then was.

    `detail` is flat: {"role": ["member", "admin"]} for a change, from and to, {"credits": 100} for a figure.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey(Team, null=True, on_delete=models.PROTECT, related_name="audit_entries")
    user = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    api_key = models.ForeignKey(ApiKey, null=True, on_delete=models.PROTECT, related_name="+")
    action = models.CharField(_("action"), max_length=40, choices=AuditAction.choices)
    subject = models.CharField(max_length=254, blank=True)
    subject_id = models.UUIDField(null=True)
    detail = models.JSONField(default=dict)
    ip = models.GenericIPAddressField(_("address"), null=True)
    created_at = models.DateTimeField(_("when"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")
        constraints = [
            models.CheckConstraint(condition=Q(user=None) | Q(api_key=None), name="auditentry_is_done_by_user_or_key")
        ]
        indexes = [Index("team", F("id").desc(), name="auditentry_of_team")]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"
