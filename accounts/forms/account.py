from django import forms
from django.utils.translation import gettext_lazy as _

from accounts import names
from accounts.models import User

LANGUAGES = [("", _("As the browser asks")), ("en", "English"), ("zh-hans", "简体中文")]


class AccountForm(forms.ModelForm):
    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES, required=False)

    class Meta:
        model = User
        fields = ["name", "language"]
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "name"})}

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        names.validate(name)
        return name
