from django import forms


class FocusedForm(forms.Form):
    """One whose first field that is wrong has the focus when it comes back."""

    def full_clean(self) -> None:
        super().full_clean()
        wrong = (field.widget for name, field in self.fields.items() if name in self.errors)
        for widget in wrong:
            widget.attrs["autofocus"] = True
            break
