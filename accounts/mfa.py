"""Two-factor sign-in: what allauth asks us about it, and how far someone has it.

Someone whose team asks for it may still turn it off. They have to, to move to a new phone, as there is one
authenticator app for each person; and the team loses nothing, because it stays shut for them until they have it again.
They are told before.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import Membership, Team, User
from project import secrets_at_rest

Type = Authenticator.Type


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoFactor:
    """`recovery_codes` is how many are left."""

    app: bool
    passkeys: int
    recovery_codes: int

    @property
    def is_on(self) -> bool:
        return self.app or self.passkeys > 0


def two_factor_of(user: User) -> TwoFactor:
    """One query."""
    rows = list(Authenticator.objects.filter(user=user))
    kinds = Counter(row.type for row in rows)
    codes = next((row for row in rows if row.type == Type.RECOVERY_CODES), None)
    return TwoFactor(
        app=kinds[Type.TOTP] > 0,
        passkeys=kinds[Type.WEBAUTHN],
        recovery_codes=len(codes.wrap().get_unused_codes()) if codes else 0,
    )


def have_two_factor() -> QuerySet[Authenticator, UUID]:
    """The ids of all users who have a second factor: recovery codes alone are none."""
    return Authenticator.objects.filter(type__in=(Type.TOTP, Type.WEBAUTHN)).values_list("user_id", flat=True)


def lacks_two_factor(membership: Membership) -> bool:
    """Whether the team asks for two-factor sign-in and this member has none set up; a query only where it asks."""
    if not membership.team.requires_two_factor:
        return False
    return not have_two_factor().filter(user_id=membership.user_id).exists()


def teams_that_require_it(user: User) -> list[Team]:
    return list(Team.objects.open().filter(memberships__user=user, requires_two_factor=True).order_by("name", "pk"))


def teams_open_without_it(user: User) -> list[Team]:
    return list(Team.objects.open().filter(memberships__user=user, requires_two_factor=False).order_by("name", "pk"))


class MFAAdapter(DefaultMFAAdapter):
    """Passkeys belong to the host of PUBLIC_URL, under whatever name a page was asked for."""

    def encrypt(self, text: str) -> str:
        return secrets_at_rest.encrypt(text).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return secrets_at_rest.decrypt(encrypted_text.encode())

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        number = Authenticator.objects.filter(user=user, type=type).count() + 1
        return _("Passkey %(number)s") % {"number": number} if number > 1 else _("Passkey")

    def get_public_key_credential_rp_entity(self) -> dict[str, Any]:
        return {"id": urlsplit(settings.PUBLIC_URL).hostname, "name": "Filmgate"}
