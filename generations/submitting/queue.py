"""The queue in turns: each team that waits gets its share, however much another one has asked for."""

import random
from collections import Counter
from collections.abc import Collection
from uuid import UUID

from django.db import connection
from django.db.models import Case, F, When
from django.db.models.functions import Coalesce, Now

from generations.models import Generation, State
from project.celery import nudge
from project.due import claim

# One step of the index for each team, however long its queue is.
_WAITING = """
    WITH RECURSIVE waiting(team_id) AS (
        (SELECT team_id FROM generations_generation WHERE state = 'queued' ORDER BY team_id LIMIT 1)
        UNION ALL
        SELECT (
            SELECT team_id FROM generations_generation
            WHERE state = 'queued' AND team_id > waiting.team_id ORDER BY team_id LIMIT 1
        ) FROM waiting WHERE waiting.team_id IS NOT NULL
    )
    SELECT team_id FROM waiting WHERE EXISTS (
        SELECT 1 FROM generations_generation
        WHERE team_id = waiting.team_id AND state = 'queued' AND model <> ALL (%s)
          AND next_at <= now() AND (lease_until IS NULL OR lease_until <= now())
    )
"""


def claim_queued(limit: int, *, leaving_out: Collection[str] = ()) -> list[Generation]:
    """Lease up to `limit` queued generations that are due, but for those of some models.

    Whoever has the fewest being submitted comes first, and as long as others wait nobody gets more than a share. What
    is leased a second time brought its worker down, or an error: that it can't be sent is noted from then on.
    """
    queued = Generation.objects.filter(state=State.QUEUED).exclude(model__in=leaving_out)
    failed_before = When(lease_until__isnull=False, then=Coalesce("first_refused_at", Now()))
    refused_at = Case(failed_before, default=F("first_refused_at"))
    claimed: list[Generation] = []
    teams = _in_turn(leaving_out)
    while teams and len(claimed) < limit:
        share = max(1, (limit - len(claimed)) // len(teams))
        claimed += claim(queued.filter(team=teams.pop(0)), share, first_refused_at=refused_at)
    return claimed


def call_up() -> None:
    """What waits because it was refused is due at once, in the order in which it was asked for."""
    refused = Generation.objects.filter(state=State.QUEUED, lease_until=None, first_refused_at__isnull=False)
    refused.filter(next_at__gt=Now()).update(next_at=F("created_at"))
    nudge("submit")


def _in_turn(leaving_out: Collection[str]) -> list[UUID]:
    """The teams that wait, the one with the least in hand first."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, [list(leaving_out)])
        waiting = [team_id for (team_id,) in cursor.fetchall()]
    random.shuffle(waiting)
    leased = Generation.objects.filter(state=State.SUBMITTING, lease_until__isnull=False)
    in_hand = Counter(leased.values_list("team_id", flat=True)) if len(waiting) > 1 else Counter()
    return sorted(waiting, key=in_hand.__getitem__)
