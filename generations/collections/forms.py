"""A collection's name, description and who sees it; and where what was selected goes."""

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import names
from generations.models import Collection

from .keeping import DESCRIPTION_CHARACTERS, NAME_CHARACTERS
from .sharing import DAYS


def _name_field() -> forms.CharField:
    return forms.CharField(
        label=_("Name"),
        max_length=NAME_CHARACTERS,
        validators=[names.validate],
        widget=forms.TextInput(attrs={"class": "input", "dir": "auto", "autocomplete": "off"}),
    )


class CollectionForm(forms.Form):
    """`is_own` where whoever fills it in may say who sees the collection."""

    name = _name_field()
    description = forms.CharField(
        label=_("Description"),
        required=False,
        max_length=DESCRIPTION_CHARACTERS,
        widget=forms.Textarea(attrs={"class": "input", "rows": 3, "dir": "auto"}),
    )
    visibility = forms.ChoiceField(
        label=_("Who sees it"),
        choices=[
            (Collection.Visibility.TEAM, _("Everyone in the team")),
            (Collection.Visibility.PRIVATE, _("Only me")),
        ],
        initial=Collection.Visibility.TEAM,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: object, is_own: bool = True, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        if not is_own:
            del self.fields["visibility"]

    def clean_description(self) -> str:
        return str(self.cleaned_data["description"]).replace("\r\n", "\n")


class NewNameForm(forms.Form):
    """Of the collection that is made for what was selected."""

    name = _name_field()


def _terms() -> list[tuple[int, str]]:
    return [(days, ngettext("%(days)s day", "%(days)s days", days) % {"days": days}) for days in DAYS]


class ShareForm(forms.Form):
    days = forms.TypedChoiceField(
        label=_("Opens for"), coerce=int, choices=_terms, initial=7, widget=forms.Select(attrs={"class": "input"})
    )
