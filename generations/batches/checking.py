"""What each row would be: its price, or what is wrong with it. One bad row stops nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from generations import pricing
from generations.catalog import Field, ModelSpec, Resolved, find_model, json_word, resolve
from generations.forms import links_value, refusal
from generations.forms.fields import FIELDS, INPUTS, takes_list, value_of
from generations.frozen import upload_ids
from generations.intake import UPLOAD_PREFIX, GenerationRequest, InvalidParameter
from generations.models import Asset, BatchRow
from generations.pricing import NoPrice, Prices

from .reading import SURPLUS, Given

NO_PRICE = "no_price"  # the constraint of a problem that may pass


@dataclass(slots=True)
class Checker:
    """Checks rows of one team, at prices that are read once, as are the ids of its uploads if a row names any."""

    team_id: UUID
    _prices: dict[str, Prices] = field(default_factory=dict)
    _uploads: frozenset[UUID] | None = None

    def row(self, number: int, given: Given) -> BatchRow:
        """A row of a batch that is not saved yet, with its price or its problem."""
        row = BatchRow(number=number, given=_storable(given))
        self.look_at(row, given)
        return row

    def look_at(self, row: BatchRow, given: Given | None = None) -> None:
        """Write the row's price or problem on it; it is not saved."""
        try:
            row.quoted_credits, row.problem = self._quote(row.given if given is None else given), None
        except InvalidParameter as error:
            row.quoted_credits, row.problem = None, as_json(error)

    def _quote(self, given: Given) -> int:
        resolved = resolved_of(given)
        self._refuse_foreign_uploads(resolved)
        slug = resolved.spec.slug
        try:
            if slug not in self._prices:
                self._prices[slug] = pricing.current(slug)
            return self._prices[slug].quote(resolved).total_credits
        except NoPrice as error:
            raise InvalidParameter("model", NO_PRICE, "There is no price for this model now.") from error

    def _refuse_foreign_uploads(self, resolved: Resolved) -> None:
        """Raises InvalidParameter as lifecycle.create() will, which asks the database about each request."""
        wanted = upload_ids(resolved.request)
        if not wanted:
            return
        if self._uploads is None:
            own = Asset.objects.filter(team_id=self.team_id, kind=Asset.Kind.UPLOAD, deleted_at=None)
            self._uploads = frozenset(own.values_list("id", flat=True))
        foreign = {f"{UPLOAD_PREFIX}{id}" for id in wanted - self._uploads}
        for each in resolved.spec.inputs:
            given = getattr(resolved.request, each.name)
            if foreign & ({given} if isinstance(given, str) else set(given)):
                raise InvalidParameter(each.name, "upload", f"{each.name} names no uploaded image.")


def with_choices(rows: Iterable[Given], spec: ModelSpec, choices: Given) -> list[Given]:
    """The rows with what was chosen for all of them, wherever they do not say it themselves.

    A row that names another model takes none of it: the choices were made for this one.
    """

    def completed(given: Given) -> Given:
        named = given.get("model")
        if named and _model_of(named) is not spec:
            return given
        return {**choices, **given, "model": spec.slug}

    return [completed(given) for given in rows]


def resolved_of(given: Given) -> Resolved:
    """The request that a row's words stand for; raises InvalidParameter."""
    if SURPLUS in given:
        raise InvalidParameter("", "cells", "The row has more cells than the header has names.")
    spec = find_model(given.get("model", ""))
    named = {each.name: each for each in spec.fields}
    values: dict[str, Any] = {}
    for name, word in given.items():
        if name in INPUTS:
            values[name] = _links(name, word)
        elif name in FIELDS:
            values[name] = _value(named.get(name, FIELDS[name]), word)
        else:
            values[name] = word
    return resolve(GenerationRequest.from_mapping(values))


def as_json(error: InvalidParameter) -> dict[str, Any]:
    """A refusal as a row keeps it, to be told in the language of whoever reads it."""
    kept = {"field": error.field, "constraint": error.constraint, "message": error.message, "value": error.value}
    return {**_storable(kept), "limit": error.limit}


def told(row: BatchRow) -> str:
    """What is wrong with a bad row, in the reader's language."""
    error = InvalidParameter(**(row.problem or {}))
    match error.constraint:
        case "cells":
            return _("The row has more cells than the table has columns.")
        case "no_price":
            return _("There is no price for this model now.")
        case "max_items" if error.limit == 1 and error.field in INPUTS:
            return _("One link at most: %(label)s.") % {"label": INPUTS[error.field].label}
    return refusal(error, _model_of(row.given.get("model", "")))


def _model_of(name: str) -> ModelSpec | None:
    try:
        return find_model(name)
    except InvalidParameter:
        return None


def _links(name: str, cell: str) -> Any:
    """Several links stand in one cell, parted by spaces."""
    links = cell.split()
    if not takes_list(INPUTS[name]) and len(links) > 1:
        raise InvalidParameter(name, "max_items", f"{name} takes one link.", limit=1, value=len(links))
    return links_value(INPUTS[name], links)


def _value(each: Field, word: str) -> Any:
    """A spreadsheet writes TRUE, and people write 4K."""
    alike = (choice for choice in map(json_word, each.choices) if choice.casefold() == word.casefold())
    return value_of(each, next(alike, word))


def _storable(words: Mapping[str, Any]) -> dict[str, Any]:
    """PostgreSQL keeps no NUL; a row that holds one is bad, so nothing is made of what stands in its place."""
    return {name: word.replace("\0", "\ufffd") if isinstance(word, str) else word for name, word in words.items()}
