"""What a request costs, and what was made of it: arithmetic over one version of a price list."""

import math
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

from django.utils import timezone

from .catalog import AUTOMATIC, MODELS, ModelSpec, Resolved
from .models import Generation, Price, PriceList


class NoPrice(LookupError):
    """No price in force covers this request, so it can't be made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`quantity` units at `unit_credits` each; `conditions` are the choices that set the price."""

    conditions: dict[str, Any]
    unit: str
    quantity: int
    unit_credits: int

    @property
    def credits(self) -> int:
        return self.quantity * self.unit_credits


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The priced request: shown in the preview, answered by estimates, held at create, and the bound of the charge."""

    lines: tuple[Line, ...]
    price_version: int

    @property
    def total_credits(self) -> int:
        return sum(line.credits for line in self.lines)

    def as_json(self) -> list[dict[str, Any]]:
        return [{**asdict(line), "credits": line.credits} for line in self.lines]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """The same request with some choices changed, and what it would cost then."""

    changes: dict[str, Any]
    total_credits: int


@dataclass(frozen=True, slots=True)
class Prices:
    """One version of one model's prices, loaded."""

    version: int
    rows: tuple[Price, ...]

    def quote(self, resolved: Resolved) -> Quote:
        """Raises NoPrice when no row's conditions are all met."""
        params = resolved.params
        for row in self.rows:
            if all(params.get(name) == value for name, value in row.conditions.items()):
                return Quote(lines=(_line(row, resolved.spec, params),), price_version=self.version)
        raise NoPrice(resolved.spec.slug)

    def cheaper(self, resolved: Resolved) -> list[Alternative]:
        """For each choice that sets the price the next cheaper one, the dearest of them first."""
        total = self.quote(resolved).total_credits
        found = []
        for field in resolved.spec.priced_fields:
            others = [self._with(resolved, field.name, value) for value in field.choices]
            if less := [each for each in others if each.total_credits < total]:
                found.append(max(less, key=lambda each: each.total_credits))
        return sorted(found, key=lambda each: -each.total_credits)

    def _with(self, resolved: Resolved, name: str, value: Any) -> Alternative:
        changed = replace(resolved, request=replace(resolved.request, **{name: value}))
        return Alternative(changes={name: value}, total_credits=self.quote(changed).total_credits)


def current(model: str) -> Prices:
    """The prices of a model in force now; raises NoPrice."""
    in_force = PriceList.objects.effective(model, timezone.now()).values_list("id", "version").first()
    if in_force is None:
        raise NoPrice(model)
    return _loaded(*in_force)


def quote(resolved: Resolved) -> Quote:
    """The quote at the prices in force now; raises NoPrice."""
    return current(resolved.spec.slug).quote(resolved)


@lru_cache(maxsize=256)
def _loaded(price_list_id: int, version: int) -> Prices:
    """A list in use is never edited, so it is read once."""
    return Prices(version, tuple(Price.objects.filter(price_list_id=price_list_id).order_by("id")))


def made_credits(generation: Generation, *, seconds: float, count: int) -> int:
    """What was really made costs, by the lines of its quote: a clip of `seconds`, or a set of `count` images.

    It can be more than was held; only that much can be charged, and the rest is the installation's loss.
    """
    return sum(_made(line, generation, seconds, count) * line["unit_credits"] for line in generation.quote)


def _made(line: dict[str, Any], generation: Generation, seconds: float, count: int) -> int:
    """Units of a line. Only where the length was left to the model is it what came that counts."""
    if line["unit"] == Price.Unit.IMAGE:
        return count
    if line["unit"] == Price.Unit.SECOND and generation.params.get("duration") == AUTOMATIC:
        spec = MODELS.get(generation.model)
        offered = [each for each in spec.field("duration").choices if each > 0] if spec else [1]
        return max(min(offered), math.floor(seconds + 0.5))
    return int(line["quantity"])


def _line(row: Price, spec: ModelSpec, params: dict[str, Any]) -> Line:
    """Where the length is left to the model, the longest is set aside."""
    duration = params.get("duration", 1)
    longest = max(spec.field("duration").choices) if duration == AUTOMATIC else duration
    quantity = {"clip": 1, "second": longest, "image": params.get("count", 1)}[row.unit]
    return Line(conditions=row.conditions, unit=row.unit, quantity=quantity, unit_credits=row.credits)
