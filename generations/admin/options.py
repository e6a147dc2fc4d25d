"""What an account's adapter takes besides URL and key, as lines of text to edit."""

from typing import Any

from django import forms
from django.utils.translation import gettext


class OptionsField(forms.CharField):
    """{"model": "…", "version": "2"} as model=… and version=2, each on a line of its own."""

    widget = forms.Textarea(attrs={"rows": 4})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(f"{name}={each}" for name, each in value.items()) if isinstance(value, dict) else value

    def to_python(self, value: Any) -> Any:
        """Raises ValidationError for a line that is no option."""
        lines = [line.strip() for line in (super().to_python(value) or "").splitlines() if line.strip()]
        if malformed := [line for line in lines if "=" not in line]:
            raise forms.ValidationError(gettext("%(line)s is no option, such as name=value.") % {"line": malformed[0]})
        return {name.strip(): each.strip() for name, _sign, each in (line.partition("=") for line in lines)}

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(data) != (initial or {}))
        except forms.ValidationError:
            return True
