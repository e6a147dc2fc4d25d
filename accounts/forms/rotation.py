from datetime import timedelta

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.keys import GRACES

GRACE_LABELS = {
    timedelta(0): _("Not at all"),
    timedelta(hours=1): _("1 hour more"),
    timedelta(hours=24): _("24 hours more"),
    timedelta(days=7): _("7 days more"),
}


class RotateForm(forms.Form):
    """`current` is the id of the secret that is replaced: once it is, the same form replaces nothing more."""

    current = forms.UUIDField(widget=forms.HiddenInput)
    grace = forms.TypedChoiceField(
        label=_("How long the present secret goes on working"),
        choices=[(str(int(grace.total_seconds())), GRACE_LABELS[grace]) for grace in GRACES],
        coerce=lambda seconds: timedelta(seconds=int(seconds)),
        widget=forms.RadioSelect,
        initial=str(24 * 3600),
    )
