"""Where allauth asks us: who may sign up, what a new user gets, where links lead, and what is written down."""

import logging
import unicodedata
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.account.utils import filter_users_by_email
from allauth.core import context
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from accounts import addresses, audit_log, invitations, sessions
from accounts.actors import Actor, actor_of, client_ip
from accounts.mfa import have_two_factor
from accounts.models import AuditAction, User
from accounts.teams import ensure_team

log = logging.getLogger(__name__)

TWO_FACTOR_CHANGES = {
    "mfa/email/totp_activated": "authenticator app added",
    "mfa/email/totp_deactivated": "authenticator app removed",
    "mfa/email/webauthn_added": "passkey added",
    "mfa/email/webauthn_removed": "passkey removed",
    "mfa/email/recovery_codes_generated": "new recovery codes",
}
FACTOR_ADDED = ("mfa/email/totp_activated", "mfa/email/webauthn_added")


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return settings.SIGNUP == "open" or invitations.remembered(request) is not None

    def is_email_verified(self, request: HttpRequest, email: str) -> bool:
        """The link of an invitation was read where its address gets its mail, so that address needs no other proof."""
        invitation = invitations.remembered(request)
        if invitation and addresses.is_same(invitation.email, email):
            return True
        return bool(super().is_email_verified(request, email))

    @transaction.atomic
    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        user = super().save_user(request, user, form, commit=commit)
        if commit and not invitations.remembered(request):
            ensure_team(user)
        return user

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        request.session.begin()  # type: ignore[attr-defined]  # our store

    def logout(self, request: HttpRequest) -> None:
        sessions.forget(request.session.session_key)
        super().logout(request)

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        methods = [record.get("type") or record["method"] for record in get_authentication_records(request, user)]
        detail = {"method": ", ".join(dict.fromkeys(methods))} if methods else {}
        audit_log.record_of_account(_actor(user, request), AuditAction.SIGNED_IN, user=user, **detail)
        return super().post_login(request, user, **kwargs)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """A wrong password for an address that we know. What was typed is told to nobody."""
        if user := _known_by(credentials.get("email", "")):
            audit_log.record_failed_sign_in(actor_of(request), user=user, method="password")

    @transaction.atomic
    def set_password(self, user: User, password: str) -> None:
        """Change or reset it, and end every session but the one that changes it."""
        request = context.request
        super().set_password(user, password)
        current = request.session.session_key if request.user == user else None
        by = _actor(user, request)
        audit_log.record_of_account(by, AuditAction.PASSWORD_CHANGED, user=user)
        sessions.end_others(user, current=current, by=by)

    def send_notification_mail(
        self,
        template_prefix: str,
        user: User,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """What is done is done, also where the mail about it cannot be sent."""
        _note(template_prefix, user, context or {})
        try:
            super().send_notification_mail(template_prefix, user, context, email)
        except OSError as error:
            log.warning("%s not sent: %s", template_prefix, type(error).__name__)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Links lead to PUBLIC_URL, whatever host the request named."""
        links = {name: _public(url) for name, url in context.items() if name.endswith("_url") and url}
        site = SimpleNamespace(name="Filmgate", domain=settings.PUBLIC_URL)
        super().send_mail(template_prefix, email, {**context, **links, "current_site": site})

    def is_safe_url(self, url: str) -> bool:
        """Only pages of the very host that was asked: allauth would also lead to every other in ALLOWED_HOSTS."""
        return url_has_allowed_host_and_scheme(url, allowed_hosts={context.request.get_host()})

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("accounts:account")

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """One count for an account, by whichever of its addresses: allauth's would be another for each of them, and
        for each host and port that a request may name."""
        email = credentials.get("email", "")
        user = _known_by(email)
        return str(user.pk) if user else _folded(email)


def _actor(user: User, request: HttpRequest) -> Actor:
    """The user themselves, who may not be signed in yet, or not any more."""
    return Actor(user=user, ip=client_ip(request))


@transaction.atomic
def _note(template_prefix: str, user: User, told: dict[str, Any]) -> None:
    """Write down what allauth is about to mail.

    Sessions from before the first second factor never gave one, so those elsewhere end with it.
    """
    request = context.request
    by = _actor(user, request)
    if change := TWO_FACTOR_CHANGES.get(template_prefix):
        audit_log.record_of_account(by, AuditAction.TWO_FACTOR_CHANGED, user=user, change=change)
        if template_prefix in FACTOR_ADDED and have_two_factor().filter(user_id=user.pk).count() == 1:
            sessions.end_others(user, current=request.session.session_key, by=by)
    elif template_prefix == "account/email/email_changed":
        email = [told["from_email"], told["to_email"]]
        audit_log.record_of_account(by, AuditAction.EMAIL_CHANGED, user=user, email=email)
    elif template_prefix == "account/email/email_deleted":
        audit_log.record_of_account(by, AuditAction.EMAIL_CHANGED, user=user, change="address removed")


def _known_by(email: str) -> User | None:
    """Whose password is asked for with this address: any of theirs, the confirmed ones first."""
    found: list[User] = filter_users_by_email(_folded(email), prefer_verified=True)
    return found[0] if found else None


def _folded(email: str) -> str:
    """The same for all ways to write an address that lead to the same account."""
    return unicodedata.normalize("NFKC", email).casefold().strip()


def _public(url: str) -> str:
    return settings.PUBLIC_URL + urlsplit(url)._replace(scheme="", netloc="").geturl()
