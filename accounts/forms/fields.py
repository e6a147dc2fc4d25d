from typing import Any

from django import forms
from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.exceptions import ValidationError

from accounts.models.credits import MAX_CREDITS


class CreditsField(forms.IntegerField):
    """A bound that is passed is told with separators, as credits are on every page."""

    def run_validators(self, value: Any) -> None:
        try:
            super().run_validators(value)
        except ValidationError as error:
            for each in error.error_list:
                if each.params:
                    each.params["limit_value"] = intcomma(each.params["limit_value"], use_l10n=False)
            raise


class BudgetField(CreditsField):
    """A limit that may be left out; 0 blocks all use."""

    def __init__(self, **words: Any) -> None:
        super().__init__(required=False, min_value=0, max_value=MAX_CREDITS, **words)
