"""What new prices would change: each row, and what the last thirty days would have brought at them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from generations import price_changes
from generations.catalog import ModelSpec
from generations.models import PriceList
from generations.price_changes import Difference
from generations.takings import Effect, at_prices

from .price_form import UNITS, PricesForm, in_words

LOOKED_BACK = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """`before` is the list that would otherwise be in force by then; `replaced_by` comes later and undoes it."""

    version: int
    effective_at: datetime | None
    before: PriceList | None
    replaced_by: PriceList | None
    changes: list[tuple[str, Any, Difference]]
    effect: Effect
    days: int = LOOKED_BACK.days


def preview(spec: ModelSpec, form: PricesForm) -> Preview:
    """Of a valid form."""
    now = timezone.now()
    effective_at = form.cleaned_data["effective_at"]
    lists = PriceList.objects.filter(model=spec.slug)
    before = lists.effective(spec.slug, effective_at or now).first()
    old = price_changes.starting_rows(spec, before) if before else []
    return Preview(
        version=form.cleaned_data["latest_version"] + 1,
        effective_at=effective_at,
        before=before,
        replaced_by=lists.filter(effective_at__gt=effective_at or now).order_by("effective_at").first(),
        changes=[
            (in_words(spec, each.conditions), UNITS.get(each.unit, each.unit), each)
            for each in price_changes.differences(old, form.new_rows)
        ],
        effect=at_prices(spec.slug, form.new_rows, since=now - LOOKED_BACK),
    )
