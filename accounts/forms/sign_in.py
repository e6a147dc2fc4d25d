"""allauth's forms of signing in, with our names for their fields."""

from typing import Any

from allauth.account import forms as allauth
from allauth.account.models import EmailAddress
from allauth.core import context
from django import forms
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import addresses, audit_log, invitations
from accounts.actors import actor_of
from accounts.models import AuditAction

NEW_PASSWORD = {"password1": _("New password"), "password2": _("New password (again)")}


class _Named(forms.Form):
    """`names` are the labels; a placeholder that repeats them goes."""

    names: dict[str, Any] = {"email": _("E-mail"), "login": _("E-mail")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.names.keys() & self.fields.keys():
            self.fields[name].label = self.names[name]
            self.fields[name].widget.attrs.pop("placeholder", None)


class LoginForm(_Named, allauth.LoginForm):
    pass


class SignupForm(_Named, allauth.SignupForm):
    def clean_email(self) -> str:
        """Where only the invited may sign up, an invitation opens that to the address it is for, and to no other."""
        email: str = super().clean_email()
        invitation = invitations.remembered(context.request)
        if settings.SIGNUP == "invited" and not (invitation and addresses.is_same(email, invitation.email)):
            invited = invitation.email if invitation else ""
            raise forms.ValidationError(gettext("Only the address that was invited can be used: %s") % invited)
        return email


class AddEmailForm(_Named, allauth.AddEmailForm):
    @transaction.atomic
    def save(self, request: HttpRequest) -> EmailAddress:
        """With a note in the audit log, which does not name the address: a second one is no affair of a team's.

        One that is another account's already is only mailed to, and must look the same.
        """
        address: EmailAddress = super().save(request)
        by = actor_of(request)
        audit_log.record_of_account(by, AuditAction.EMAIL_CHANGED, user=self.user, change="address added")
        return address


class ResetPasswordForm(_Named, allauth.ResetPasswordForm):
    pass


class ResetPasswordKeyForm(_Named, allauth.ResetPasswordKeyForm):
    names = NEW_PASSWORD


class ChangePasswordForm(_Named, allauth.ChangePasswordForm):
    names = {"oldpassword": _("Current password"), **NEW_PASSWORD}
