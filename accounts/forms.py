from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey, User

LANGUAGES = [("", _("As the browser asks")), ("en", "English"), ("zh-hans", "简体中文")]


class KeyForm(forms.ModelForm):
    class Meta:
        model = ApiKey
        fields = ["name"]
        help_texts = {"name": _("What it is for, such as the program that uses it.")}
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "off"})}


class AccountForm(forms.ModelForm):
    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES, required=False)

    class Meta:
        model = User
        fields = ["name", "language"]
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "name"})}
