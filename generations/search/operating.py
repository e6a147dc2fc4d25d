"""What an operator asks of the indexes: how they stand, and to try again what has failed."""

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.db.models.functions import Now
from django.utils import timezone

from generations.models import SearchEntry, SearchIndex
from project.celery import nudge

from . import spaces

ROWS = 1000
CURRENT, FILLING, KEPT, RETIRED = "current", "being filled", "filled", "retired"


def state(index: SearchIndex) -> str:
    """Where it stands: searched, or to be, or no more. A first one is searched while it is still being filled."""
    if index.retired_at:
        return RETIRED
    if index.is_current:
        return CURRENT
    return KEPT if index.filled_at and spaces.is_done(index) else FILLING


def failures(index: SearchIndex) -> dict[str, int]:
    """How many of its entries will never have anything, by failure code."""
    failed = SearchEntry.objects.filter(index=index).exclude(failure_code="")
    by_code = failed.values_list("failure_code").annotate(count=Count("id")).order_by("-count", "failure_code")
    return dict(by_code)


def retry(index: SearchIndex) -> int:
    """Have what has failed until now tried again from its beginning, in the background. Returns how many."""
    if index.retired_at:
        return 0
    failed = SearchEntry.objects.filter(index=index, done_at__lte=timezone.now()).exclude(failure_code="")
    count = 0
    # In transactions of their own: workers, which write on these rows too, wait for a few of them at most.
    while ids := list(failed.values_list("id", flat=True)[:ROWS]):
        count += failed.filter(id__in=ids).update(
            failure_code="",
            done_at=None,
            request_id="",
            requested_at=None,
            attempt_count=0,
            failed_count=0,
            next_at=Now(),
        )
        # It may be fit to take over then.
        SearchIndex.objects.filter(id=index.pk, retired_at=None, is_current=False).update(next_at=Now())
    if count:
        transaction.on_commit(partial(nudge, "index"))
    return count


def status() -> list[dict[str, Any]]:
    """Every index that is not retired, as `manage.py search status --json` has it."""
    return [_status(index) for index in SearchIndex.objects.filter(retired_at=None).order_by("kind", "id")]


def _status(index: SearchIndex) -> dict[str, Any]:
    progress = spaces.progress(index)
    return {
        "id": index.pk,
        "kind": index.kind,
        "provider": index.provider,
        "model": index.model,
        "dims": index.dims,
        "version": index.version,
        "state": state(index),
        "done": progress.done,
        "failed": progress.failed,
        "total": progress.total,
        "failures": failures(index) if progress.failed else {},
    }
