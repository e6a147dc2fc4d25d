"""How each provider account stands, for the operator: a few queries, however many accounts there are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Min
from django.utils import timezone

from project.ids import first_id

from .catalog import OFFERS
from .models import Generation, ProviderAccount, State
from .providers.registry import EMBEDDERS
from .submitting import budget
from .submitting.circuit import WINDOW
from .submitting.room import DOUBT

LOOKED_BACK = timedelta(hours=1)
# Twice the ten minutes that providers document: what runs longer will hardly end by itself.
ENDLESS = timedelta(minutes=20)

# As submitting/room.py counts them, which lets no more of them begin than the account may have.
_OPEN = """
SELECT account_id,
       count(*),
       count(*) FILTER (WHERE provider_task_id = '' AND submission.created_at > %(doubted_since)s),
       count(*) FILTER (WHERE submission.created_at < %(endless_before)s),
       min(submission.created_at)
FROM generations_submission AS submission
JOIN generations_generation AS generation ON generation.id = submission.generation_id
WHERE submission.ended_at IS NULL AND generation.state IN ('submitting', 'unconfirmed', 'running')
GROUP BY account_id
"""

# Ids hold their time, and so the primary key's index finds those of the last hour.
_RECENT = """
SELECT account_id,
       count(*) FILTER (WHERE ended_at IS NOT NULL),
       count(*) FILTER (WHERE outcome = 'succeeded'),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM ended_at - created_at)::float)
           FILTER (WHERE outcome = 'succeeded'),
       max(greatest(bound_at, CASE WHEN outcome NOT IN ('not_sent', 'lost') THEN ended_at END))
FROM generations_submission WHERE id >= %(since_id)s GROUP BY account_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """`endless` are tasks that have run for twice as long as any should; `waiting_since` is the oldest in the queue
    of what the account can make. Of what was sent there within the hour `ended` have ended and `succeeded` well,
    half of these within `median_seconds`.
    """

    account: ProviderAccount
    running: int
    unanswered: int
    endless: int
    running_since: datetime | None
    waiting_since: datetime | None
    ended: int
    succeeded: int
    median_seconds: float | None
    answered_at: datetime | None

    @property
    def makes_generations(self) -> bool:
        """Or else vectors alone: then the figures about tasks say nothing."""
        return self.account.provider not in EMBEDDERS

    @property
    def busy_until(self) -> datetime | None:
        until = self.account.busy_until
        return until if until and until > timezone.now() else None

    @property
    def failures(self) -> int:
        """Those that count: of a window that is over, none."""
        since = self.account.failing_since
        is_counting = self.account.circuit_opened_at or (since and since > timezone.now() - WINDOW)
        return self.account.failure_count if is_counting else 0

    @property
    def reads_free_at(self) -> datetime | None:
        """When it may be read again, where its reads are spent."""
        at = self.account.reads_free_at and self.account.reads_free_at - budget.room(self.account)
        return at if at and at > timezone.now() else None

    @property
    def success_percent(self) -> float | None:
        return self.succeeded * 100 / self.ended if self.ended else None


def all_accounts() -> list[Health]:
    """In the order in which they are tried."""
    now = timezone.now()
    open_now = _by_account(_OPEN, endless_before=now - ENDLESS, doubted_since=now - DOUBT)
    recent = _by_account(_RECENT, since_id=first_id(now - LOOKED_BACK))
    waiting = _waiting_since()
    return [
        _health(account, open_now.get(account.pk, (0, 0, 0, None)), recent.get(account.pk, (0, 0, None, None)), waiting)
        for account in ProviderAccount.objects.order_by("priority", "label")
    ]


def _health(
    account: ProviderAccount,
    open_now: tuple[Any, ...],
    recent: tuple[Any, ...],
    waiting: Mapping[str, datetime],
) -> Health:
    running, unanswered, endless, running_since = open_now
    ended, succeeded, median_seconds, answered_at = recent
    waits = [waiting[each.model] for each in OFFERS if each.provider == account.provider and each.model in waiting]
    return Health(
        account=account,
        running=running,
        unanswered=unanswered,
        endless=endless,
        running_since=running_since,
        waiting_since=min(waits, default=None),
        ended=ended,
        succeeded=succeeded,
        median_seconds=median_seconds,
        answered_at=answered_at,
    )


def _waiting_since() -> Mapping[str, datetime]:
    """The oldest in the queue, by model."""
    queued = Generation.objects.filter(state=State.QUEUED)
    return dict(queued.values_list("model").annotate(since=Min("created_at")).order_by())


def _by_account(query: str, **given: Any) -> Mapping[UUID, tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, given)
        return {account_id: tuple(figures) for account_id, *figures in cursor.fetchall()}
