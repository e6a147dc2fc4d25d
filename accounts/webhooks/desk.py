"""The desk: a team's deliveries, newest first, and what is asked of them. Nothing here changes anything."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import Team, WebhookDelivery, WebhookEndpoint
from project.ids import first_id

from .retention import KEPT
from .schedule import RETRY_SECONDS

PAGE_SIZE = 30
# Ids are made by the clock of a process, and times are the database's.
SKEW_MS = 3_600_000
State = WebhookDelivery.State


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """`since` is within, `until` is not. `to_callbacks`: those without an endpoint. At most one id is given."""

    state: str = ""
    type: str = ""
    endpoint: WebhookEndpoint | None = None
    to_callbacks: bool = False
    since: datetime | None = None
    until: datetime | None = None
    subject_id: UUID | None = None
    event_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some deliveries; `next_before` is where the page after them begins, None on the last."""

    deliveries: Sequence[WebhookDelivery]
    next_before: UUID | None

    @property
    def version(self) -> str:
        """Another one as soon as any of the deliveries, or which ones they are, has changed."""
        return version_of(self.deliveries)


def of(team: Team, filters: Filters) -> QuerySet[WebhookDelivery]:
    """The team's deliveries that fit, newest first, with their events and endpoints."""
    found = WebhookDelivery.objects.filter(team=team, **_columns(filters))
    if filters.to_callbacks:
        found = found.filter(endpoint=None)
    return found.select_related("event", "endpoint").order_by("-id")


def page(deliveries: QuerySet[WebhookDelivery], *, before: UUID | None = None) -> Page:
    """So many as a page has, from the newest on, or from those that are older than `before`."""
    older = deliveries.filter(id__lt=before) if before else deliveries
    # Bodies may be long, and a list shows none.
    rows = list(older.defer("event__body")[: PAGE_SIZE + 1])
    has_more = len(rows) > PAGE_SIZE
    return Page(rows[:PAGE_SIZE], rows[PAGE_SIZE - 1].pk if has_more else None)


def version_of(deliveries: Sequence[WebhookDelivery]) -> str:
    """What their rows are now, in a word: the same as long as nothing about them has changed, nor come due."""
    now = timezone.now()
    told = "".join(
        f"{row.pk} {row.updated_at.isoformat()} {row.lease_until} {_is_due(row, now)} {_at(row.endpoint)}\n"
        for row in deliveries
    )
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def endpoints_of(team: Team) -> QuerySet[WebhookEndpoint]:
    """Those that deliveries can be asked for by: deleted ones too, as long as any of theirs may be kept."""
    is_listed = Q(deleted_at=None) | Q(deleted_at__gte=timezone.now() - KEPT)
    return WebhookEndpoint.objects.filter(is_listed, team=team).order_by("pk")


def waits_left(delivery: WebhookDelivery) -> list[timedelta]:
    """How long is waited, about, before each attempt after the next one; none once it has ended."""
    if delivery.state != State.PENDING:
        return []
    made = delivery.attempt_count - delivery.first_attempts
    return [timedelta(seconds=seconds) for seconds in RETRY_SECONDS[made:]]


def _columns(filters: Filters) -> dict[str, object]:
    named = {
        "state": filters.state,
        "event__type": filters.type,
        "event__subject_id": filters.subject_id,
        "event_id": filters.event_id,
        "endpoint": filters.endpoint,
        "created_at__gte": filters.since,
        "created_at__lt": filters.until,
        "id__gte": filters.since and first_id(filters.since, skew_ms=-SKEW_MS),
        "id__lt": filters.until and first_id(filters.until, skew_ms=SKEW_MS),
    }
    return {name: value for name, value in named.items() if value}


def _is_due(delivery: WebhookDelivery, now: datetime) -> bool:
    return delivery.next_at is not None and delivery.next_at <= now


def _at(endpoint: WebhookEndpoint | None) -> str:
    """What a delivery tells of its endpoint."""
    if endpoint is None:
        return ""
    return f"{endpoint.description} {endpoint.paused_at} {endpoint.disabled_at} {endpoint.deleted_at}"
