from django import forms


class FocusedForm(forms.Form):
    """One whose first field that is wrong has the focus when it comes back."""

    def full_clean(self) -> None:
        super().full_clean()
        for name, field in self.fields.items():
            if name in self.errors:
                field.widget.attrs["autofocus"] = True
                break
