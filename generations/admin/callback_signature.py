"""The operator's form for the signature of an account's callbacks. A secret that was set is never shown again."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from generations import provider_accounts
from generations.models import ProviderAccount
from generations.providers import signatures
from generations.providers.registry import signatures_of

SCHEMES = {
    signatures.STANDARD_WEBHOOKS: _("Standard Webhooks"),
    signatures.HMAC_SHA256: _("HMAC-SHA256 over the body, in a header"),
}
OVERLAP_HOURS = 24
MOST_HOURS = int(provider_accounts.MOST_OVERLAP.total_seconds() // 3600)


class SignatureForm(forms.Form):
    scheme = forms.ChoiceField(label=_("scheme"))
    header = forms.CharField(
        label=_("header"), max_length=60, required=False, help_text=_("For HMAC-SHA256, such as X-Signature.")
    )
    secret = forms.CharField(
        label=_("secret"),
        max_length=signatures.MOST_CHARACTERS,
        required=False,
        strip=True,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("As the provider shows it. It is not shown again. Empty: the one that is set stays."),
    )
    overlap_hours = forms.IntegerField(
        label=_("hours for which the secret before it is good yet"),
        min_value=0,
        max_value=MOST_HOURS,
        required=False,
        help_text=_("0 ends it at once, with a new secret or without one. Empty: 24 with a new secret, else as it is."),
    )

    def __init__(self, *args: Any, account: ProviderAccount, **kwargs: Any) -> None:
        self.account = account
        kwargs.setdefault("initial", {"scheme": account.signature_scheme, "header": account.signature_header})
        super().__init__(*args, **kwargs)
        schemes = [(name, SCHEMES[name]) for name in signatures_of(account.provider)]
        self.fields["scheme"].choices = schemes  # type: ignore[attr-defined]

    def save(self) -> bool:
        """False where it can't be, with the reason in the form's errors."""
        given, hours = self.cleaned_data, self.cleaned_data["overlap_hours"]
        if hours is None and given["secret"]:
            hours = OVERLAP_HOURS
        try:
            provider_accounts.sign_callbacks(
                self.account,
                scheme=given["scheme"],
                header=given["header"] if given["scheme"] == signatures.HMAC_SHA256 else "",
                secret=given["secret"],
                overlap=None if hours is None else timedelta(hours=hours),
            )
        except provider_accounts.SignatureRefused as refusal:
            self.add_error(None, str(refusal))
            return False
        return True
