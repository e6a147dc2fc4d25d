"""/webhook_deliveries: what was sent to the team's endpoints and callback URLs, what came of it, and sending again."""

from typing import Annotated
from uuid import UUID

from django.db.models import QuerySet
from ninja import Query, Router, Schema
from pydantic import Field

from accounts.actors import actor_of
from accounts.api import webhook_answers
from accounts.api.answers import Answer, ApiError, Body, errors
from accounts.api.auth import MANAGE, KeyRequest
from accounts.api.moments import ExactMoment, GivenMoment
from accounts.api.paging import cursor_of, id_of
from accounts.api.webhook_answers import DeliveryInFull, DeliveryPage, DeliveryPagination, SentAgain
from accounts.api.webhook_endpoints import find_endpoint
from accounts.models import EventType, Team, WebhookDelivery
from accounts.webhooks import again, desk

router = Router(tags=["Webhooks"], auth=MANAGE)


class DeliveryFilters(Schema):
    """created_after is the first moment included, created_before the first one left out."""

    status: WebhookDelivery.State | None = None
    event: EventType | None = None
    endpoint_id: UUID | None = None
    task_id: UUID | None = None
    created_after: GivenMoment | None = None
    created_before: GivenMoment | None = None
    limit: int = Field(20, ge=1, le=100)
    cursor: str | None = Field(None, max_length=60, description="next_cursor of the page before.")


class FailedOnes(Body):
    """Which of the failed deliveries are meant: where nothing is named, all of them."""

    endpoint_id: str | None = Field(default=None, description="Those of this endpoint.")
    since: ExactMoment | None = Field(default=None, description="Those that failed then or later.")


_ALL = FailedOnes()


@router.get("/webhook_deliveries", response={200: Answer[DeliveryPage], **errors()})
def list_webhook_deliveries(request: KeyRequest, filters: Annotated[DeliveryFilters, Query()]) -> Answer[DeliveryPage]:
    """The team's deliveries of the last 90 days, newest first."""
    rows = list(_matching(request.auth.team, filters)[: filters.limit + 1])
    shown, has_more = rows[: filters.limit], len(rows) > filters.limit
    pagination = DeliveryPagination(
        limit=filters.limit, next_cursor=cursor_of(shown[-1].pk) if has_more else None, has_more=has_more
    )
    told = [webhook_answers.delivery(row) for row in shown]
    return Answer[DeliveryPage](data=DeliveryPage(deliveries=told, pagination=pagination))


@router.post("/webhook_deliveries/send_failed_again", response={200: Answer[SentAgain], **errors(404, 413, 415)})
def send_failed_webhooks_again(request: KeyRequest, body: FailedOnes = _ALL) -> Answer[SentAgain]:
    """Make failed deliveries due again, the oldest first, 10,000 at most: call again until it answers 0.

    Those of endpoints that are disabled or deleted stay as they are.
    """
    endpoint = find_endpoint(request, body.endpoint_id) if body.endpoint_id is not None else None
    failed = WebhookDelivery.objects.filter(team_id=request.auth.team_id)
    if body.since:
        failed = failed.filter(ended_at__gte=body.since)
    number = again.send_failed_again(request.auth.team, failed, by=actor_of(request), endpoint=endpoint)
    return Answer[SentAgain](data=SentAgain(sent_again=number))


@router.get("/webhook_deliveries/{delivery_id}", response={200: Answer[DeliveryInFull], **errors(404)})
def show_webhook_delivery(request: KeyRequest, delivery_id: str) -> Answer[DeliveryInFull]:
    """One delivery, with the body that is sent and each attempt."""
    return _answer(_find(request, delivery_id))


@router.post("/webhook_deliveries/{delivery_id}/send_again", response={200: Answer[DeliveryInFull], **errors(404, 409)})
def send_webhook_again(request: KeyRequest, delivery_id: str) -> Answer[DeliveryInFull]:
    """Make it due now, whatever became of it, with the same `webhook-id`. One under way right now stays as it is."""
    again.send_again(_find(request, delivery_id), by=actor_of(request))
    return _answer(_find(request, delivery_id))


def _matching(team: Team, filters: DeliveryFilters) -> QuerySet[WebhookDelivery]:
    rows = desk.of(
        team,
        desk.Filters(
            state=filters.status or "",
            type=filters.event or "",
            subject_id=filters.task_id,
            since=filters.created_after,
            until=filters.created_before,
        ),
    )
    if filters.endpoint_id:
        rows = rows.filter(endpoint_id=filters.endpoint_id)
    if filters.cursor:
        rows = rows.filter(id__lt=id_of(filters.cursor))
    return rows


def _find(request: KeyRequest, delivery_id: str) -> WebhookDelivery:
    try:
        rows = WebhookDelivery.objects.select_related("event", "team")
        return rows.get(team_id=request.auth.team_id, pk=UUID(delivery_id))
    except (ValueError, WebhookDelivery.DoesNotExist) as error:
        raise ApiError(404, "NOT_FOUND", "Webhook delivery not found") from error


def _answer(delivery: WebhookDelivery) -> Answer[DeliveryInFull]:
    return Answer[DeliveryInFull](data=webhook_answers.delivery_in_full(delivery))
