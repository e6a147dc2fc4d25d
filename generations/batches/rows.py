"""A batch's rows as pages and files tell them."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from generations import wording
from generations.catalog import MODELS
from generations.failures import FAILURES
from generations.intake import InvalidParameter
from generations.models import Batch, BatchRow, Generation, State

from . import progress
from .checking import resolved_of, told

AT_ONCE = 200  # rows of a file that are read together


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row: its `word` is how it stands, in the colour of `look`; `problem` why there is nothing to be had of it.

    `credits` is what it was quoted, holds, or cost. `generation` is what was made of it, unless that was deleted.
    """

    number: int
    prompt: str
    facts: str
    word: str
    look: str
    credits: int | None
    problem: str
    generation: Generation | None


def of(batch: Batch) -> QuerySet[BatchRow]:
    return batch.rows.select_related("generation").order_by("number")


def bad(rows: QuerySet[BatchRow]) -> QuerySet[BatchRow]:
    """Those of which nothing is to be had: refused before they were made, or failed."""
    return rows.filter(progress.BAD | progress.FAILED)


def line(row: BatchRow) -> Line:
    if row.generation:
        return _made(row, row.generation)
    is_bad = row.problem is not None
    return Line(
        number=row.number,
        prompt=row.given.get("prompt", ""),
        facts="" if is_bad else _facts(row),
        word=_("Refused") if is_bad else _("Not made yet"),
        look="bad" if is_bad else "",
        credits=row.quoted_credits,
        problem=told(row) if is_bad else "",
        generation=None,
    )


def results(batch: Batch) -> Iterator[list[list[str | int | None]]]:
    """The table of what became of each row, never many of them at once."""
    yield [[_("Row"), _("Prompt"), _("Status"), _("Task id"), _("Credits"), _("Error")]]
    rows, last = of(batch), 0
    while found := list(rows.filter(number__gt=last)[:AT_ONCE]):
        yield [_result(row) for row in found]
        last = found[-1].number


def _made(row: BatchRow, generation: Generation) -> Line:
    state, is_there = State(generation.state), generation.hidden_at is None
    failure = FAILURES.get(generation.failure_code)
    return Line(
        number=row.number,
        prompt=generation.prompt or row.given.get("prompt", ""),
        facts=_summary(generation.model, generation.params),
        word=str(state.label) if is_there else _("Deleted"),
        look={"completed": "ok", "failed": "bad", "cancelled": ""}.get(state, "busy") if is_there else "",
        credits=_credits(generation),
        problem=str(failure.message) if failure else "",
        generation=generation if is_there else None,
    )


def _credits(generation: Generation) -> int:
    return generation.charged_credits if generation.is_final else generation.held_credits


def _facts(row: BatchRow) -> str:
    """A row that was good may be none any more, where the catalogue has changed: that is said when it is its turn."""
    try:
        resolved = resolved_of(row.given)
    except InvalidParameter:
        return row.given.get("model", "")
    return _summary(resolved.spec.slug, resolved.params)


def _summary(slug: str, params: dict[str, object]) -> str:
    label = MODELS[slug].label if slug in MODELS else slug
    return " · ".join(filter(None, (label, wording.summary(params))))


def _result(row: BatchRow) -> list[str | int | None]:
    shown = line(row)
    task = str(row.generation_id) if row.generation_id else ""
    credits = _credits(row.generation) if row.generation else None
    return [shown.number, shown.prompt, _status(row), task, credits, shown.problem]


def _status(row: BatchRow) -> str:
    """The word that programs know, as the API has it."""
    if row.generation:
        return str(row.generation.status.value)
    return "refused" if row.problem is not None else "not_made"
