"""An endpoint, a delivery and its attempts as the API tells of them; never a secret but a new one."""

from typing import Any
from uuid import UUID

from pydantic import Field

from accounts.api.answers import Body, Moment
from accounts.models import EventType, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from accounts.webhooks.versions import version_of

MOST_ATTEMPTS = 50


class Endpoint(Body):
    """`failing_since` is its first failure after the last success; `disabled_reason` is gone or failing.

    `secret_version` is another word for each secret that it has, and tells nothing of it. Until `old_secret_until`
    every webhook has a second signature, made with the secret before.
    """

    id: UUID
    url: str
    description: str
    events: list[str]
    paused_at: Moment | None
    disabled_at: Moment | None
    disabled_reason: str | None
    failing_since: Moment | None
    secret_version: str
    old_secret_until: Moment | None
    created_at: Moment


class NewEndpoint(Endpoint):
    """The only answer that ever holds this secret."""

    secret: str = Field(pattern=r"^whsec_[0-9A-Za-z+/]{43}=$")


class EnabledEndpoint(Endpoint):
    """`sent_again` is how many failed deliveries are due again."""

    sent_again: int


class DeletedEndpoint(Body):
    id: UUID
    deleted: bool


class EndpointList(Body):
    endpoints: list[Endpoint]


class Delivery(Body):
    """One event for one URL; `endpoint_id` is null where that is the callback_url of a request.

    `webhook_id` is the header of that name, the same in every attempt. `last_status_code` and `last_error` are of the
    last attempt: an answer has a status code, where none came there is an error.
    """

    id: UUID
    webhook_id: str
    event: str
    task_id: UUID | None
    endpoint_id: UUID | None
    url: str
    status: WebhookDelivery.State
    attempt_count: int
    next_attempt_at: Moment | None
    last_status_code: int | None
    last_error: str | None
    created_at: Moment
    updated_at: Moment
    ended_at: Moment | None


class Attempt(Body):
    """One request and what came of it. Of the answer's body `response_excerpt` has the first 4 KiB."""

    number: int
    url: str
    started_at: Moment
    duration_ms: int
    request_headers: dict[str, str]
    status_code: int | None
    error: str | None
    response_headers: dict[str, str]
    response_excerpt: str


class DeliveryInFull(Delivery):
    """`body` is the text as it is sent, byte by byte. `attempts` are the latest 50, newest first."""

    body: str
    attempts: list[Attempt]


class DeliveryPagination(Body):
    limit: int
    next_cursor: str | None
    has_more: bool


class DeliveryPage(Body):
    deliveries: list[Delivery]
    pagination: DeliveryPagination


class SentAgain(Body):
    sent_again: int


def endpoint(row: WebhookEndpoint) -> Endpoint:
    return Endpoint(**_endpoint(row))


def new_endpoint(row: WebhookEndpoint, secret: str) -> NewEndpoint:
    return NewEndpoint(**_endpoint(row), secret=secret)


def enabled_endpoint(row: WebhookEndpoint, sent_again: int) -> EnabledEndpoint:
    return EnabledEndpoint(**_endpoint(row), sent_again=sent_again)


def delivery(row: WebhookDelivery) -> Delivery:
    """One of a list. Reads row.event, so fetch that along."""
    return Delivery(**_delivery(row))


def delivery_in_full(row: WebhookDelivery) -> DeliveryInFull:
    latest = row.attempts.order_by("-number")[:MOST_ATTEMPTS]
    return DeliveryInFull(**_delivery(row), body=row.event.body, attempts=[_attempt(each) for each in latest])


def _endpoint(row: WebhookEndpoint) -> dict[str, Any]:
    return {
        "id": row.pk,
        "url": row.url,
        "description": row.description,
        "events": row.events,
        "paused_at": row.paused_at,
        "disabled_at": row.disabled_at,
        "disabled_reason": row.disabled_reason or None,
        "failing_since": row.failing_since,
        "secret_version": version_of(row),
        "old_secret_until": row.old_secret_until,
        "created_at": row.created_at,
    }


def _delivery(row: WebhookDelivery) -> dict[str, Any]:
    is_about_task = row.event.type in (EventType.COMPLETED, EventType.FAILED, EventType.PROGRESS)
    return {
        "id": row.pk,
        "webhook_id": row.event.message_id,
        "event": row.event.type,
        "task_id": row.event.subject_id if is_about_task else None,
        "endpoint_id": row.endpoint_id,
        "url": row.url,
        "status": WebhookDelivery.State(row.state),
        "attempt_count": row.attempt_count,
        "next_attempt_at": row.next_at,
        "last_status_code": row.last_status_code,
        "last_error": row.last_error_code or None,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "ended_at": row.ended_at,
    }


def _attempt(row: WebhookAttempt) -> Attempt:
    return Attempt(
        number=row.number,
        url=row.url,
        started_at=row.started_at,
        duration_ms=row.duration_ms,
        request_headers=row.request_headers,
        status_code=row.status_code,
        error=row.error_code or None,
        response_headers=row.response_headers,
        response_excerpt=row.response_excerpt,
    )
