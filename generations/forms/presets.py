"""A prompt that a team keeps."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import names
from generations.intake import GenerationRequest, InvalidParameter
from generations.presets import NAME_CHARACTERS, TEXT_CHARACTERS

from .refusals import prompt_too_long, refusal


class PresetForm(forms.Form):
    """Its text is what a prompt may be; line ends are counted as one character, as while typing."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=NAME_CHARACTERS,
        validators=[names.validate],
        widget=forms.TextInput(attrs={"class": "input", "dir": "auto", "autocomplete": "off", "autofocus": True}),
    )
    text = forms.Field(
        label=gettext_lazy("Prompt"),
        widget=forms.Textarea(attrs={"class": "input", "rows": 6, "dir": "auto"}),
    )

    def clean_text(self) -> str:
        text = str(self.cleaned_data["text"]).replace("\r\n", "\n")
        if not text.strip():
            raise ValidationError(_("Write the prompt to be kept."))
        if (over := len(text) - TEXT_CHARACTERS) > 0:
            raise ValidationError(prompt_too_long(over, TEXT_CHARACTERS))
        try:
            return GenerationRequest.from_mapping({"prompt": text}).prompt
        except InvalidParameter as error:
            raise ValidationError(refusal(error)) from error
