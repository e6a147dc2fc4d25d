"""What a request costs: pure arithmetic over one version of a price list."""

from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

from django.utils import timezone

from .catalog import Resolved
from .models import Price, PriceList


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
                return Quote(lines=(_line(row, params),), price_version=self.version)
        raise NoPrice(resolved.spec.slug)

    def cheaper(self, resolved: Resolved) -> list[Alternative]:
        """Each single change of choice that would cost less, the dearest of them first."""
        total = self.quote(resolved).total_credits
        found = []
        for field in resolved.spec.priced_fields:
            for value in field.choices:
                request = replace(resolved.request, **{field.name: value})
                cost = self.quote(replace(resolved, request=request)).total_credits
                if cost < total:
                    found.append(Alternative(changes={field.name: value}, total_credits=cost))
        return sorted(found, key=lambda each: -each.total_credits)


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


def _line(row: Price, params: dict[str, Any]) -> Line:
    quantity = {"clip": 1, "second": params.get("duration"), "image": params.get("count")}[row.unit]
    return Line(conditions=row.conditions, unit=row.unit, quantity=int(quantity or 1), unit_credits=row.credits)
