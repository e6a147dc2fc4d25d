"""Second factors and sessions, of which allauth's own pages show the secrets. Here a lost factor can be taken away."""

import allauth.mfa.admin
import allauth.usersessions.admin  # noqa: F401 -- both register their pages, which these replace
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest

from accounts import audit_log
from accounts.actors import actor_of
from accounts.models import AuditAction

from .read_only import ReadOnly

REMOVED = {
    Authenticator.Type.TOTP: "authenticator app removed",
    Authenticator.Type.WEBAUTHN: "passkey removed",
    Authenticator.Type.RECOVERY_CODES: "recovery codes removed",
}

admin.site.unregister([Authenticator, UserSession])


@admin.register(Authenticator)
class AuthenticatorAdmin(ReadOnly):
    fields = list_display = ("user", "type", "created_at", "last_used_at")
    list_select_related = ("user",)
    list_filter = ("type",)
    search_fields = ("user__email",)
    actions = None

    def has_delete_permission(self, request: HttpRequest, obj: Authenticator | None = None) -> bool:
        """For whoever has lost theirs: they sign in by password, and where a team requires it set up another."""
        return request.user.has_perm("mfa.delete_authenticator")

    @transaction.atomic
    def delete_model(self, request: HttpRequest, obj: Authenticator) -> None:
        by, action = actor_of(request), AuditAction.TWO_FACTOR_CHANGED
        audit_log.record_of_account(by, action, user=obj.user, change=REMOVED[obj.type])
        super().delete_model(request, obj)
