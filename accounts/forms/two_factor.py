"""allauth's forms of two-factor sign-in, with our words, our limits, and a note of what failed in the audit log."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.core import context
from allauth.core.internal import ratelimit
from allauth.mfa import app_settings
from allauth.mfa.base import forms as codes
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn import forms as passkeys
from django import forms
from django.core.cache import cache
from django.utils.translation import gettext_lazy as _

from accounts import audit_log
from accounts.actors import actor_of

MAX_NAME = 60


class _CodeForm(codes.BaseAuthenticateForm):
    """A wrong code is noted, as a wrong password is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["code"]
        field.max_length = 20
        field.widget.attrs.update(placeholder="", maxlength=20, autofocus=True, inputmode="numeric", spellcheck="false")

    def clean_code(self) -> str:
        # allauth's own count of the address starts anew with each success, and one's own account is easy to enter.
        if not ratelimit.consume(context.request, app="allauth.mfa", action="second_step"):
            raise get_adapter().validation_error("too_many_login_attempts")
        code: str = super().clean_code()
        if self.authenticator.type == Authenticator.Type.TOTP:
            # allauth forgets a used code after one step, and it is good for as many as the tolerance allows.
            used = self.authenticator.wrap()._get_used_cache_key(code)
            cache.touch(used, app_settings.TOTP_PERIOD * (2 * app_settings.TOTP_TOLERANCE + 1))
        return code

    def _emit_authentication_failed(self, authenticator: Authenticator) -> None:
        super()._emit_authentication_failed(authenticator)
        audit_log.record_failed_sign_in(actor_of(context.request), user=self.user, method="code")


class SecondStepForm(_CodeForm, codes.AuthenticateForm):
    pass


class ReauthenticateForm(_CodeForm, codes.ReauthenticateForm):
    pass


class _PasskeyForm(passkeys.AuthenticateWebAuthnForm):
    """An answer that no passkey of the person's has signed is noted too."""

    def clean_credential(self) -> Authenticator:
        try:
            return super().clean_credential()
        except forms.ValidationError:
            audit_log.record_failed_sign_in(actor_of(context.request), user=self.user, method="passkey")
            raise


class SecondStepPasskeyForm(_PasskeyForm):
    pass


class ReauthenticatePasskeyForm(_PasskeyForm, passkeys.ReauthenticateWebAuthnForm):
    pass


class AddPasskeyForm(passkeys.AddWebAuthnForm):
    name = forms.CharField(
        label=_("Name"), required=False, max_length=MAX_NAME, help_text=_("Such as the device that keeps it.")
    )
    passwordless = forms.BooleanField(
        label=_("Sign in with it alone"),
        required=False,
        initial=True,
        help_text=_("No password is asked for then. The device must be unlocked by finger, face or PIN instead."),
    )


class RenamePasskeyForm(passkeys.EditWebAuthnForm):
    name = forms.CharField(label=_("Name"), max_length=MAX_NAME)
