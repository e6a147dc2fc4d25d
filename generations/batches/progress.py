"""How far a batch is, and what it has cost so far, counted from its rows."""

from dataclasses import dataclass

from django.db.models import BigIntegerField, Case, Count, F, Q, Sum, When

from generations.models import Batch, BatchRow, State

WAITING = Q(problem__isnull=True, generation=None)
BAD = Q(problem__isnull=False)
FAILED = Q(generation__state=State.FAILED)
_IN_PROGRESS = Q(generation__isnull=False) & ~Q(generation__state__in=State.FINAL)
# What is in progress may cost all that is held for it; of what has ended, only what was delivered costs anything.
_COMMITTED = Case(
    When(_IN_PROGRESS, then=F("generation__held_credits")),
    When(generation__state=State.COMPLETED, then=F("generation__charged_credits")),
    default=0,
    output_field=BigIntegerField(),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Counts of rows, and credits. `committed` is what is held and charged: it is what the cap bounds.

    `left_credits` is what the rows that wait were quoted, `total_credits` what all good rows were.
    """

    bad: int
    waiting: int
    queued: int
    in_progress: int
    completed: int
    failed: int
    cancelled: int
    committed_credits: int
    charged_credits: int
    total_credits: int
    left_credits: int

    @property
    def ended(self) -> int:
        return self.completed + self.failed + self.cancelled

    @property
    def good(self) -> int:
        return self.waiting + self.in_progress + self.ended

    @property
    def without_result(self) -> int:
        return self.bad + self.failed + self.cancelled

    @property
    def problems(self) -> int:
        """Rows of which nothing is to be had though nobody wanted it so."""
        return self.bad + self.failed

    @property
    def rows(self) -> int:
        return self.good + self.bad


def of(batch: Batch) -> Progress:
    """One query, and so one moment: nothing is counted twice while it moves on."""
    return Progress(**_whole(BatchRow.objects.filter(batch=batch).aggregate(**_AGGREGATES)))


def of_many(batches: list[Batch]) -> dict[object, Progress]:
    """By the batches' ids, in one query; a batch always has rows."""
    rows = BatchRow.objects.filter(batch__in=batches).order_by().values("batch_id").annotate(**_AGGREGATES)
    found = rows.values_list("batch_id", *_AGGREGATES)
    return {batch_id: Progress(**_whole(dict(zip(_AGGREGATES, figures, strict=True)))) for batch_id, *figures in found}


def _whole(figures: dict[str, int | None]) -> dict[str, int]:
    return {name: figure or 0 for name, figure in figures.items()}


_AGGREGATES = {
    "bad": Count("id", filter=BAD),
    "waiting": Count("id", filter=WAITING),
    "queued": Count("id", filter=Q(generation__state=State.QUEUED)),
    "in_progress": Count("id", filter=_IN_PROGRESS),
    "completed": Count("id", filter=Q(generation__state=State.COMPLETED)),
    "failed": Count("id", filter=FAILED),
    "cancelled": Count("id", filter=Q(generation__state=State.CANCELLED)),
    "committed_credits": Sum(_COMMITTED),
    "charged_credits": Sum("generation__charged_credits", filter=Q(generation__state=State.COMPLETED)),
    "total_credits": Sum("quoted_credits", filter=~BAD),
    "left_credits": Sum("quoted_credits", filter=WAITING),
}
