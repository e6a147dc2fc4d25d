"""Keeps GenerationCount in step, within the transaction that changes a generation. Rows are touched in one order."""

from collections.abc import Collection
from uuid import UUID

from django.db import connection
from django.db.models import F, Sum

from .models import Generation, GenerationCount, Status

_ADD = """
INSERT INTO generations_generationcount AS kept (team_id, model, task_type, status, count)
VALUES (%s, %s, %s, %s, 1)
ON CONFLICT (team_id, model, task_type, status) DO UPDATE SET count = kept.count + 1
"""


def add(generation: Generation, status: Status | None = None) -> None:
    with connection.cursor() as cursor:
        row = [str(generation.team_id), generation.model, generation.task_type, status or generation.status]
        cursor.execute(_ADD, row)


def remove(generation: Generation, status: Status | None = None) -> None:
    GenerationCount.objects.filter(
        team_id=generation.team_id,
        model=generation.model,
        task_type=generation.task_type,
        status=status or generation.status,
    ).update(count=F("count") - 1)


def move(generation: Generation, before: Status, after: Status) -> None:
    """Two moves in opposite directions must not wait for each other, so the lower status comes first."""
    if before == after:
        return
    for status in sorted((before, after)):
        if status == before:
            remove(generation, status)
        else:
            add(generation, status)


def in_progress(team_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many generations of each team have not ended; a team without any may be left out."""
    going = GenerationCount.objects.filter(team_id__in=team_ids, status__in=(Status.PENDING, Status.PROCESSING))
    return dict(going.values_list("team_id").annotate(Sum("count")))
