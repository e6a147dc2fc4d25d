"""The bodies of the webhooks about a generation: event, task_id, status, link or reason, and times, as documented.

Beside what is documented they have `sequence` and `updated_at`: webhooks may come in any order, and of those about one
task the one with the greatest sequence is the latest.
"""

from datetime import datetime
from typing import Any

from django.utils import translation

from . import links
from .failures import FAILURES
from .models import Asset, Generation, State

# The sequence of an end. That of progress is its percent, 1 to 99.
LAST = 100


def iso(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC with Z, to the second, or null."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def of_end(generation: Generation) -> dict[str, Any]:
    """For a completed or failed generation whose assets are in the database."""
    if generation.state == State.COMPLETED:
        outputs = generation.assets.filter(kind=Asset.Kind.OUTPUT).order_by("position")
        said = _links([links.url(output) for output in outputs], are_images=generation.makes_images)
    else:
        with translation.override("en"):
            said = {"error_message": str(FAILURES[generation.failure_code].message)}
    times = {f"{generation.state}_at": iso(generation.ended_at)}
    return _body(generation, event=f"task.{generation.state}", sequence=LAST, **said, **times)


def of_progress(generation: Generation) -> dict[str, Any]:
    """For a running generation that has come further; `progress` in percent."""
    return _body(generation, event="task.progress", sequence=generation.progress, progress=generation.progress)


def _body(generation: Generation, *, event: str, sequence: int, **said: Any) -> dict[str, Any]:
    return {
        "event": event,
        "task_id": str(generation.id),
        "status": str(generation.status),
        **said,
        "created_at": iso(generation.created_at),
        "updated_at": iso(generation.updated_at),
        "sequence": sequence,
    }


def _links(urls: list[str], *, are_images: bool) -> dict[str, Any]:
    """As documented of a clip; of a set of images as the task object has it."""
    return {"video_url": None, "images": urls} if are_images else {"video_url": urls[0]}
