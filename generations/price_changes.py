"""Changes of prices: each makes a new complete version of a model's list. A list that is in use is never edited."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from .catalog import Kind, ModelSpec
from .models import Generation, Price, PriceList

MAX_CREDITS = 2**31 - 1
FEW_LENGTHS = 3
# Clocks of processes differ a little, and a list that one of them has begun to use may not go.
WITHDRAWN_BEFORE = timedelta(minutes=1)


class Unpriced(Exception):
    """A row of the new version has no price."""

    def __init__(self, conditions: dict[str, Any]) -> None:
        super().__init__(str(conditions))
        self.conditions = conditions


class Outdated(Exception):
    """Since `based_on` was the latest version somebody made or withdrew one; `latest` is so now, 0 where none is."""

    def __init__(self, *, based_on: int, latest: int) -> None:
        super().__init__(f"based on version {based_on}, the latest is {latest}")
        self.based_on, self.latest = based_on, latest


class InForce(Exception):
    """The list is in use, or is about to be, and can't be withdrawn any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one unit costs where all conditions are met; `credits` is None where nobody has set a price."""

    conditions: dict[str, Any]
    unit: str
    credits: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A row of two versions; `old` is None where the older one has none for its conditions."""

    conditions: dict[str, Any]
    unit: str
    old: int | None
    new: int

    @property
    def percent(self) -> float | None:
        """How much dearer it is, below 0 how much cheaper."""
        return None if self.old is None else (self.new - self.old) * 100 / self.old


def latest_version(model: str) -> int:
    """0 where the model has no prices yet."""
    newest = PriceList.objects.filter(model=model).order_by("-version").values_list("version", flat=True).first()
    return newest or 0


def check_latest(spec: ModelSpec, based_on: int) -> None:
    """Raises Outdated."""
    if (latest := latest_version(spec.slug)) != based_on:
        raise Outdated(based_on=based_on, latest=latest)


def starting_rows(spec: ModelSpec, price_list: PriceList | None) -> list[Row]:
    """The rows of a list, to be changed; without one, every combination of choices, without a price yet."""
    if price_list:
        rows = price_list.prices.order_by("id")
        return [Row(conditions=each.conditions, unit=each.unit, credits=each.credits) for each in rows]
    unit, counted = _unit(spec)
    # What is paid for one by one sets no price by how many there are.
    fields = [each for each in spec.priced_fields if each.name != counted]
    names = [each.name for each in fields]
    combinations = itertools.product(*(each.choices for each in fields))
    return [Row(conditions=dict(zip(names, values, strict=True)), unit=unit, credits=None) for values in combinations]


def differences(old: Iterable[Row], new: Sequence[Row]) -> list[Difference]:
    """The rows of `new` whose price is another than in `old`, or that `old` has not; all are priced."""
    before = {_key(row): row.credits for row in old}
    found = [
        Difference(conditions=row.conditions, unit=row.unit, old=before.get(_key(row)), new=row.credits or 0)
        for row in new
    ]
    return [each for each in found if each.old != each.new]


@transaction.atomic
def make_version(
    spec: ModelSpec, rows: Sequence[Row], *, based_on: int, effective_at: datetime, note: str
) -> PriceList:
    """The version after `based_on`, which has to be the latest: of two made from the same one, the second is refused.

    Raises Unpriced, Outdated, ValueError for credits that are no whole number from 1 to MAX_CREDITS.
    """
    credits = [_checked(row) for row in rows]
    check_latest(spec, based_on)
    try:
        with transaction.atomic():
            price_list = PriceList.objects.create(
                model=spec.slug, version=based_on + 1, effective_at=effective_at, note=note
            )
    except IntegrityError as error:
        # Somebody else was faster by a moment: the version is unique.
        raise Outdated(based_on=based_on, latest=latest_version(spec.slug)) from error
    Price.objects.bulk_create(
        Price(price_list=price_list, conditions=row.conditions, unit=row.unit, credits=each)
        for row, each in zip(rows, credits, strict=True)
    )
    return price_list


def is_coming(price_list: PriceList) -> bool:
    return price_list.effective_at > timezone.now()


@transaction.atomic
def withdraw(price_list: PriceList) -> None:
    """Take back a list that is not in force yet. Raises InForce; a list that is gone already stays so."""
    locked = PriceList.objects.select_for_update().filter(pk=price_list.pk).first()
    if locked is None:
        return
    # Whoever asked while it was effective by their clock has its number in their generation.
    is_used = Generation.objects.filter(model=locked.model, price_version=locked.version).exists()
    if is_used or locked.effective_at <= timezone.now() + WITHDRAWN_BEFORE:
        raise InForce(str(locked))
    locked.delete()


def _checked(row: Row) -> int:
    """Its price; raises Unpriced, ValueError."""
    if row.credits is None:
        raise Unpriced(row.conditions)
    if not 0 < row.credits <= MAX_CREDITS:
        raise ValueError(f"{row.credits} credits")
    return row.credits


def _unit(spec: ModelSpec) -> tuple[str, str]:
    """What a model without prices is to be paid by, and the field that counts it: a model of few lengths has clips."""
    if spec.kind == Kind.IMAGE:
        return Price.Unit.IMAGE, "count"
    many = len(spec.field("duration").choices) > FEW_LENGTHS
    return (Price.Unit.SECOND, "duration") if many else (Price.Unit.CLIP, "")


def _key(row: Row) -> tuple[Any, ...]:
    return (row.unit, *sorted(row.conditions.items()))
