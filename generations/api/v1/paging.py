"""Which tasks, and how many: filters, the documented offset, and a cursor that does not grow slower."""

import math
from uuid import UUID

from django.db.models import Sum
from ninja import Schema
from pydantic import Field

from accounts.api.paging import GivenMoment, cursor_of, id_of
from generations.catalog import MODELS, find_model
from generations.intake import InvalidParameter
from generations.models import Generation, GenerationCount, Status
from generations.models.generations import GenerationQuerySet
from project.ids import first_id

from .schemas import Pagination

MAX_OFFSET = 10_000
ID_SKEW_MS = 1000  # an id is made just before its created_at


class TaskFilters(Schema):
    """The query of GET /tasks. created_after is the first moment included, created_before the first one left out."""

    status: Status | None = None
    model: str | None = Field(None, max_length=60)
    task_type: str | None = Field(None, max_length=30)
    created_after: GivenMoment | None = None
    created_before: GivenMoment | None = None
    q: str | None = Field(None, max_length=200, description="Words of the prompt, in this order.")
    limit: int = Field(20, ge=1, le=100)
    offset: int = Field(0, ge=0)
    cursor: str | None = Field(None, max_length=60, description="next_cursor of the page before.")


def find(team_id: UUID, filters: TaskFilters) -> tuple[list[Generation], Pagination]:
    """One page, newest first, assets fetched along, in three queries. Raises InvalidParameter, InvalidSetting."""
    matching = _matching(team_id, filters)
    page = matching.newest_first().prefetch_related("assets")
    if filters.cursor:
        page = page.filter(id__lt=id_of(filters.cursor))
    start = _offset(filters)
    rows = list(page[start : start + filters.limit + 1])
    has_more = len(rows) > filters.limit
    rows = rows[: filters.limit]
    total = _total(team_id, filters, matching)
    return rows, _pagination(filters, total=total, next_cursor=cursor_of(rows[-1].id) if has_more else None)


def _matching(team_id: UUID, filters: TaskFilters) -> GenerationQuerySet:
    matching = Generation.objects.for_team(team_id)
    if filters.status:
        matching = matching.with_status(filters.status)
    for column, value in _exact(filters).items():
        matching = matching.filter(**{column: value})
    if filters.created_after:
        first = first_id(filters.created_after, skew_ms=-ID_SKEW_MS)
        matching = matching.filter(created_at__gte=filters.created_after, id__gte=first)
    if filters.created_before:
        last = first_id(filters.created_before, skew_ms=ID_SKEW_MS)
        matching = matching.filter(created_at__lt=filters.created_before, id__lt=last)
    if filters.q:
        if "\0" in filters.q:
            raise InvalidParameter("q", "text", "q holds a character that is not text (NUL). Remove it.")
        matching = matching.filter(prompt__icontains=filters.q)
    return matching


def _exact(filters: TaskFilters) -> dict[str, str]:
    exact = {}
    if filters.model:
        exact["model"] = find_model(filters.model).slug
    if filters.task_type:
        known = sorted({each for spec in MODELS.values() for each in spec.task_types})
        if filters.task_type not in known:
            message = f"task_type must be one of: {', '.join(known)}."
            raise InvalidParameter("task_type", "one_of", message, limit=known, value=filters.task_type)
        exact["task_type"] = filters.task_type
    return exact


def _total(team_id: UUID, filters: TaskFilters, matching: GenerationQuerySet) -> int:
    """From the counters where they know, else counted."""
    if filters.created_after or filters.created_before or filters.q:
        return matching.count()
    status = {"status": filters.status} if filters.status else {}
    counters = GenerationCount.objects.filter(team_id=team_id, **status, **_exact(filters))
    return counters.aggregate(total=Sum("count", default=0))["total"]


def _offset(filters: TaskFilters) -> int:
    if filters.cursor and filters.offset:
        raise InvalidParameter("offset", "exclusive", "Send a cursor or an offset, not both.")
    if filters.offset > MAX_OFFSET:
        message = f"offset goes to {MAX_OFFSET}. Go further with cursor, the next_cursor of the page before."
        raise InvalidParameter("offset", "maximum", message, limit=MAX_OFFSET, value=filters.offset)
    return filters.offset


def _pagination(filters: TaskFilters, *, total: int, next_cursor: str | None) -> Pagination:
    by_offset = not filters.cursor
    return Pagination(
        page=filters.offset // filters.limit + 1 if by_offset else None,
        pageSize=filters.limit,
        total=total,
        total_pages=math.ceil(total / filters.limit),
        limit=filters.limit,
        offset=filters.offset if by_offset else None,
        next_cursor=next_cursor,
        has_more=next_cursor is not None,
    )
