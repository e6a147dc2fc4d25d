"""Sending what is due: claim a delivery, POST it, note the attempt and when to try again.

The lease keeps others away while we send. A worker that dies between sending and noting leaves a lease that
runs out, and the webhook goes out once more under the same webhook-id: at least once.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Count, Q
from django.utils import timezone

from accounts.models import WebhookAttempt, WebhookDelivery
from project import outbound
from project.celery import nudge

from . import signing
from .schedule import next_wait

LEASE_SECONDS = 60
TOTAL_SECONDS = 15
LEASED_PER_HOST = 5
EXCERPT_BYTES = 1024
# Receivers may hang, and the worker's 32 threads have other work to do.
THREADS = 12

CLAIM_LOCK = 0x77656268  # any number, as long as it is this one everywhere
_threads = threading.BoundedSemaphore(THREADS)
Clock = Callable[[], datetime]
State = WebhookDelivery.State


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one request: a status, or the code of the error that was there instead."""

    status_code: int | None = None
    error_code: str = ""
    excerpt: str = ""
    retry_after: str = ""

    @property
    def is_success(self) -> bool:
        return self.status_code is not None and 200 <= self.status_code < 300


def deliver_due(*, now: Clock = timezone.now, resolve: outbound.Resolve = outbound.lookup) -> None:
    """Deliver until nothing is due. Each call is one thread's work, and calls in another while there is some.

    Rows are claimed one by one, so that no lease runs out while its row waits behind a receiver that hangs.
    """
    if not _threads.acquire(blocking=False):
        return
    try:
        while delivery := claim(now()):
            nudge("deliver")
            attempt(delivery, now=now, resolve=resolve)
    finally:
        _threads.release()


def claim(now: datetime) -> WebhookDelivery | None:
    """Lease the delivery that is due longest, of hosts with fewer than five leased; None if there is none."""
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    leased = WebhookDelivery.objects.filter(lease_until__gt=now).values("host")
    busy_hosts = leased.annotate(count=Count("id")).filter(count__gte=LEASED_PER_HOST).values("host")
    due = WebhookDelivery.objects.filter(free, state=State.PENDING, next_at__lte=now)
    with transaction.atomic():
        # Two claims at once would each count the host's leases without the other's.
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CLAIM_LOCK])
        rows = due.exclude(host__in=busy_hosts).select_related("event__team").order_by("next_at")
        delivery = rows.select_for_update(skip_locked=True, of=("self",)).first()
        if delivery:
            delivery.lease_until = now + timedelta(seconds=LEASE_SECONDS)
            delivery.save(update_fields=["lease_until"])
    return delivery


def attempt(
    delivery: WebhookDelivery, *, now: Clock = timezone.now, resolve: outbound.Resolve = outbound.lookup
) -> None:
    """Send a claimed delivery once and note what came of it; after a lost lease nothing is noted."""
    started_at, started = now(), time.monotonic()
    outcome = _send(delivery, started_at, resolve)
    duration_ms = round((time.monotonic() - started) * 1000)
    with transaction.atomic():
        if _settle(delivery, outcome, now()):
            WebhookAttempt.objects.create(
                delivery=delivery,
                number=delivery.attempt_count + 1,
                started_at=started_at,
                duration_ms=duration_ms,
                status_code=outcome.status_code,
                error_code=outcome.error_code,
                response_excerpt=outcome.excerpt,
            )


def _send(delivery: WebhookDelivery, at: datetime, resolve: outbound.Resolve) -> Outcome:
    event = delivery.event
    body = event.body.encode()
    signed = signing.headers(
        signing.secret_for(event.team), message_id=event.message_id, timestamp=int(at.timestamp()), body=body
    )
    try:
        answer = outbound.post(
            delivery.url,
            content=body,
            headers={"Content-Type": "application/json", **signed},
            total_seconds=TOTAL_SECONDS,
            resolve=resolve,
        )
    except outbound.UrlRefused:
        return Outcome(error_code="endpoint_unreachable")
    except outbound.OutboundError as error:
        return Outcome(error_code=error.code)
    return Outcome(
        status_code=answer.status,
        # PostgreSQL holds no NUL in text.
        excerpt=answer.body[:EXCERPT_BYTES].decode(errors="replace").replace("\0", "\ufffd"),
        retry_after=answer.headers.get("retry-after", ""),
    )


def _settle(delivery: WebhookDelivery, outcome: Outcome, now: datetime) -> bool:
    """Move the delivery on, unless its lease was lost meanwhile."""
    count = delivery.attempt_count + 1
    wait = None
    if not outcome.is_success:
        wait = next_wait(count, status=outcome.status_code, retry_after=outcome.retry_after, now=now)
    end_state = State.DELIVERED if outcome.is_success else State.FAILED
    leased = WebhookDelivery.objects.filter(pk=delivery.pk, state=State.PENDING, lease_until=delivery.lease_until)
    changed = leased.update(
        state=State.PENDING if wait else end_state,
        next_at=now + wait if wait else None,
        ended_at=None if wait else now,
        lease_until=None,
        attempt_count=count,
        last_status_code=outcome.status_code,
        last_error_code=outcome.error_code,
    )
    return changed == 1
