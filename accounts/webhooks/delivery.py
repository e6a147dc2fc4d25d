"""Sending what is due: POST a claimed delivery, note the attempt and when to try again.

The lease keeps others away while we send. A worker that dies between sending and noting leaves a lease that
runs out, and the webhook goes out once more under the same webhook-id: at least once.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection, transaction

from accounts.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from project import outbound
from project.due import Crew, log_failure

from . import health, signing, turns
from .events import DISABLED
from .schedule import next_wait

TOTAL_SECONDS = 15
EXCERPT_BYTES = 4096
OUR_ERROR = "internal_error"
KEPT_HEADERS = 50
KEPT_HEADER_CHARACTERS = 500

Clock = Callable[[], datetime]
State = WebhookDelivery.State


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one request: a status, or the code of the error that was there instead."""

    status_code: int | None = None
    error_code: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    excerpt: str = ""

    @property
    def is_success(self) -> bool:
        return self.status_code is not None and 200 <= self.status_code < 300


def claim_due(limit: int) -> list[WebhookDelivery]:
    return turns.claim(limit, turns.clock())


def attempt(
    delivery: WebhookDelivery, *, now: Clock = turns.clock, resolve: outbound.Resolve = outbound.lookup
) -> None:
    """Send a claimed delivery once and note what came of it; after a lost lease nothing is noted.

    One whose endpoint was disabled or deleted since is not sent.
    """
    if delivery.endpoint and (delivery.endpoint.is_disabled or delivery.endpoint.deleted_at):
        _end_unsent(delivery, delivery.endpoint, now())
        return
    started_at, started = now(), time.monotonic()
    headers, outcome = _send(delivery, started_at, resolve)
    duration_ms = round((time.monotonic() - started) * 1000)
    # One moment for both: what ended when the failures began is among what failed since.
    ended_at = now()
    with transaction.atomic():
        if _settle(delivery, outcome, ended_at):
            WebhookAttempt.objects.create(
                delivery=delivery,
                number=delivery.attempt_count + 1,
                url=delivery.url,
                request_headers=headers,
                started_at=started_at,
                duration_ms=duration_ms,
                status_code=outcome.status_code,
                error_code=outcome.error_code,
                response_headers=_kept(outcome.headers),
                response_excerpt=outcome.excerpt,
            )
            if delivery.endpoint:
                health.note(
                    delivery.endpoint,
                    delivery.url,
                    outcome.status_code,
                    is_success=outcome.is_success,
                    now=ended_at,
                )
            # Last, as claims too take the host after everything else.
            turns.note(delivery.host, accepts=outcome.is_success)


def _send(delivery: WebhookDelivery, at: datetime, resolve: outbound.Resolve) -> tuple[dict[str, str], Outcome]:
    """The headers that went out, and what came of it."""
    try:
        headers = _headers(delivery, at)
        # It may take its time: no connection to the database is kept meanwhile.
        connection.close()
        return headers, _post(delivery, headers, resolve)
    except Exception as error:  # a boundary: what can't be sent is seen on the desk, and given up like any other
        log_failure(f"delivery {delivery.pk}", error)
        return {}, Outcome(error_code=OUR_ERROR)


def _headers(delivery: WebhookDelivery, at: datetime) -> dict[str, str]:
    signed = signing.headers(
        signing.valid_for(delivery, at),
        message_id=delivery.event.message_id,
        timestamp=int(at.timestamp()),
        body=delivery.event.body.encode(),
    )
    return {"content-type": "application/json", **signed}


def _post(delivery: WebhookDelivery, headers: Mapping[str, str], resolve: outbound.Resolve) -> Outcome:
    try:
        answer = outbound.post(
            delivery.url,
            content=delivery.event.body.encode(),
            headers=headers,
            total_seconds=TOTAL_SECONDS,
            resolve=resolve,
        )
    except outbound.UrlRefused:
        return Outcome(error_code="endpoint_unreachable")
    except outbound.OutboundError as error:
        return Outcome(error_code=error.code)
    excerpt = _text(answer.body[:EXCERPT_BYTES].decode(errors="replace"))
    return Outcome(status_code=answer.status, headers=answer.headers, excerpt=excerpt)


def _settle(delivery: WebhookDelivery, outcome: Outcome, now: datetime) -> bool:
    """Move the delivery on, unless its lease was lost meanwhile."""
    count = delivery.attempt_count + 1
    wait = None
    if not outcome.is_success:
        retry_after = outcome.headers.get("retry-after", "")
        in_schedule = count - delivery.first_attempts
        wait = next_wait(in_schedule, status=outcome.status_code, retry_after=retry_after, now=now)
    end_state = State.DELIVERED if outcome.is_success else State.FAILED
    return _move(
        delivery,
        now,
        state=State.PENDING if wait else end_state,
        next_at=now + wait if wait else None,
        ended_at=None if wait else now,
        attempt_count=count,
        last_status_code=outcome.status_code,
        last_error_code=outcome.error_code,
    )


def _end_unsent(delivery: WebhookDelivery, endpoint: WebhookEndpoint, now: datetime) -> None:
    if endpoint.deleted_at:
        _move(delivery, now, state=State.CANCELLED, next_at=None, ended_at=now)
    else:
        _move(delivery, now, state=State.FAILED, next_at=None, ended_at=now, last_error_code=DISABLED)


def _move(delivery: WebhookDelivery, now: datetime, **columns: object) -> bool:
    leased = WebhookDelivery.objects.filter(pk=delivery.pk, state=State.PENDING, lease_until=delivery.lease_until)
    return leased.update(**columns, lease_until=None, updated_at=now) == 1


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    first = list(headers.items())[:KEPT_HEADERS]
    return {_text(name[:100]): _text(value[:KEPT_HEADER_CHARACTERS]) for name, value in first}


def _text(text: str) -> str:
    """PostgreSQL holds no NUL in text."""
    return text.replace("\0", "\ufffd")


crew = Crew(size=turns.IN_ALL, claim=claim_due, do=attempt)
