"""The forms by which an operator moves a team's credits. What is shown for a second look is what post() then does."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.actors import Actor
from accounts.billing import by_operator
from accounts.credits import NoSuchHold
from accounts.forms.fields import CreditsField
from accounts.models import Team
from accounts.models.credits import MAX_CREDITS, NOTE_CHARACTERS

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class _PostingForm(forms.Form):
    title: "StrOrPromise" = ""

    form_key = forms.UUIDField(widget=forms.HiddenInput)
    credits = CreditsField(label=_("credits"), min_value=1, max_value=MAX_CREDITS)
    note = forms.CharField(
        label=_("note"),
        max_length=NOTE_CHARACTERS,
        help_text=_("Why. It is shown on the team's statement and in its audit log."),
    )

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.team = team


class GrantForm(_PostingForm):
    title = _("Grant credits")

    def post(self, *, by: Actor) -> None:
        by_operator.grant(self.team, **self.cleaned_data, by=by)


class AdjustForm(_PostingForm):
    title = _("Adjust credits")

    credits = CreditsField(
        label=_("credits"), min_value=-MAX_CREDITS, max_value=MAX_CREDITS, help_text=_("Below 0 takes credits away.")
    )

    def clean_credits(self) -> int:
        credits: int = self.cleaned_data["credits"]
        if not credits:
            raise forms.ValidationError(gettext("Enter a number other than 0."))
        return credits

    def post(self, *, by: Actor) -> None:
        by_operator.adjust(self.team, **self.cleaned_data, by=by)


class RefundForm(_PostingForm):
    """How much was refunded when the form was looked at goes with it: once that has changed, it is out of date."""

    title = _("Refund a generation")

    hold_id = forms.UUIDField(label=_("generation"), help_text=_("Its id, as the statement has it."))
    refunded_before = forms.IntegerField(required=False, widget=forms.HiddenInput)

    field_order = ("hold_id", "credits", "note")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if "hold_id" not in given or "credits" not in given:
            return given
        try:
            charged, refunded = by_operator.charged(self.team, given["hold_id"])
        except NoSuchHold:
            raise forms.ValidationError({"hold_id": gettext("The team has no such generation.")}) from None
        if given["credits"] > charged - refunded:
            left = gettext("Of it %(left)s can be refunded.") % {"left": charged - refunded}
            raise forms.ValidationError({"credits": left})
        if given.get("refunded_before") is None:
            given["refunded_before"] = refunded
            self.data = {**self.data.dict(), "refunded_before": refunded}  # type: ignore[attr-defined]
        return given

    def post(self, *, by: Actor) -> None:
        given = {name: value for name, value in self.cleaned_data.items() if name != "form_key"}
        by_operator.refund(self.team, **given, by=by)


PostingForm = GrantForm | AdjustForm | RefundForm
"""post() does what a valid one says; it raises by_operator.AlreadyPosted and InsufficientCredits."""
