"""A bounded round over rows, each for itself: what fails keeps nobody from the rest."""

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from generations.models import Generation
from project.due import log_failure

ROWS = 100

T = TypeVar("T")


def guarded(act: Callable[..., T], *arguments: object) -> T | None:
    """What it returns, or None where it failed, which is logged: the boundary of each row and each step."""
    try:
        return act(*arguments)
    except Exception as error:
        log_failure(f"{act.__module__} {act.__qualname__} {arguments}", error)
        return None


def each_locked(generations: QuerySet[Generation], do: Callable[[Generation], None]) -> int:
    """Do it to each of a round's rows, locked in a transaction of its own. Returns to how many it was done.

    In any order: where there are more than a round's, those that fail must not keep the others from their turn.
    """

    def look_at(generation_id: UUID) -> bool:
        with transaction.atomic():
            generation = generations.filter(id=generation_id).select_for_update(skip_locked=True).first()
            if generation:
                do(generation)
        return generation is not None

    ids = list(generations.order_by("?").values_list("id", flat=True)[:ROWS])
    return sum(bool(guarded(look_at, generation_id)) for generation_id in ids)
