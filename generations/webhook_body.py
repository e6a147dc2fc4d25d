"""The body of the webhook that tells of an end, as documented: event, task_id, status, link or reason, times."""

from datetime import datetime
from typing import Any

from django.utils import translation

from . import links
from .failures import FAILURES
from .models import Asset, Generation, State


def iso(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC with Z, to the second, or null."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def of_end(generation: Generation) -> dict[str, Any]:
    """For a completed or failed generation whose assets are in the database."""
    body: dict[str, Any] = {
        "event": f"task.{generation.state}",
        "task_id": str(generation.id),
        "status": str(generation.status),
    }
    if generation.state == State.COMPLETED:
        outputs = generation.assets.filter(kind=Asset.Kind.OUTPUT).order_by("position")
        body |= _links([links.url(output) for output in outputs], are_images=generation.makes_images)
    else:
        with translation.override("en"):
            body |= {"error_message": str(FAILURES[generation.failure_code].message)}
    body |= {"created_at": iso(generation.created_at), f"{generation.state}_at": iso(generation.ended_at)}
    return body


def _links(urls: list[str], *, are_images: bool) -> dict[str, Any]:
    """As documented of a clip; of a set of images as the task object has it."""
    return {"video_url": None, "images": urls} if are_images else {"video_url": urls[0]}
