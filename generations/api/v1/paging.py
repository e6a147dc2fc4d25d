"""Which tasks, and how many: filters, the documented offset, and a cursor that does not grow slower."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from django.db.models import Sum
from ninja import Schema
from pydantic import Field

from accounts.api.moments import GivenMoment
from accounts.api.paging import cursor_of, id_of
from accounts.refusals import InvalidSetting
from generations import tags
from generations.catalog import MODELS, find_model
from generations.intake import InvalidParameter
from generations.models import Generation, GenerationCount, Status
from generations.models.generations import GenerationQuerySet
from generations.search import query
from generations.search.fusion import Way
from generations.search.query import BadSearch, Search
from project.ids import first_id

from .schemas import How, Pagination

PREFETCH = ("assets", "tags")
MAX_OFFSET = 10_000
ID_SKEW_MS = 1000  # an id is made just before its created_at


class TaskFilters(Schema):
    """The query of GET /tasks. created_after is the first moment included, created_before the first one left out."""

    status: Status | None = None
    model: str | None = Field(None, max_length=60)
    task_type: str | None = Field(None, max_length=30)
    created_after: GivenMoment | None = None
    created_before: GivenMoment | None = None
    q: str | None = Field(
        None,
        max_length=query.MAX_CHARACTERS,
        description=f"What it was about: the best {query.MOST} by words, tags, collections and meaning, best first.",
    )
    tag: str | None = Field(None, max_length=query.MAX_CHARACTERS, description="A tag that each of them has.")
    limit: int = Field(20, ge=1, le=100)
    offset: int = Field(0, ge=0)
    cursor: str | None = Field(None, max_length=60, description="next_cursor of the page before.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """`found_by` and `how` where words were given: why each is there, and how was searched."""

    generations: Sequence[Generation]
    pagination: Pagination
    found_by: Mapping[UUID, list[Way]] = field(default_factory=dict)
    how: How | None = None


def find(team_id: UUID, filters: TaskFilters) -> Page:
    """One page with assets and tags fetched along: the best first where words are given, else the newest.

    Raises InvalidParameter, InvalidSetting.
    """
    search = _search(filters)
    matching = _matching(team_id, filters, search.tag)
    start = _offset(filters)
    if search.q:
        return _ranked(team_id, search, matching, filters, start)
    page = matching.newest_first().prefetch_related(*PREFETCH)
    if filters.cursor:
        page = page.filter(id__lt=id_of(filters.cursor))
    rows = list(page[start : start + filters.limit + 1])
    has_more = len(rows) > filters.limit
    rows = rows[: filters.limit]
    total = _total(team_id, filters, matching, search.tag)
    next_cursor = cursor_of(rows[-1].id) if has_more else None
    return Page(generations=rows, pagination=_pagination(filters, total=total, next_cursor=next_cursor))


def _ranked(team_id: UUID, search: Search, matching: GenerationQuerySet, filters: TaskFilters, start: int) -> Page:
    """What is found has no order of its own that a later look keeps, so its cursor is a place in the list."""
    place = _place(filters.cursor) if filters.cursor else start
    of_words = replace(search, tag="")  # the tag is in what is matching already
    results = query.find(
        of_words,
        team_id=team_id,
        user_id=None,
        offset=place,
        limit=filters.limit,
        within=matching,
        prefetch=PREFETCH,
        with_further=True,
    )
    next_cursor = cursor_of(UUID(int=place + filters.limit)) if results.has_more else None
    return Page(
        generations=[each.generation for each in results.found],
        pagination=_pagination(filters, total=results.total, next_cursor=next_cursor),
        found_by={
            each.generation.id: list(dict.fromkeys(reason.by for reason in each.reasons)) for each in results.found
        },
        how=How(
            mode="words_and_meaning" if results.is_by_meaning else "words",
            message=results.notice or None,
            is_cut=results.total >= query.MOST,
        ),
    )


def _search(filters: TaskFilters) -> Search:
    try:
        return Search.from_query({"q": filters.q, "tag": filters.tag})
    except BadSearch as error:
        raise InvalidParameter(error.field, "text", error.message) from error


def _place(cursor: str) -> int:
    place = id_of(cursor).int
    if place > query.MOST:
        raise InvalidSetting("cursor", "cursor", "cursor is not one of this search. Start again without it.")
    return place


def _matching(team_id: UUID, filters: TaskFilters, tag: str) -> GenerationQuerySet:
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
    return tags.with_tag(matching, tag) if tag else matching


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


def _total(team_id: UUID, filters: TaskFilters, matching: GenerationQuerySet, tag: str) -> int:
    """From the counters where they know, else counted."""
    if filters.created_after or filters.created_before or tag:
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
