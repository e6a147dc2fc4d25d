"""What the rail shows of the team's generations, and the stream that keeps it so."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from . import counts


def rail(request: HttpRequest) -> dict[str, Any]:
    """in_progress and live_url, on pages of a team. A page that shows cards passes a live_url of its own."""
    membership = getattr(request, "membership", None)
    if membership is None:
        return {}
    team_id: UUID = membership.team_id
    return {"in_progress": counts.in_progress([team_id]).get(team_id, 0), "live_url": live_url(team_id)}


def live_url(team_id: UUID, **wanted: object) -> str:
    """The address of the stream for a page rendered now: show, batch, generation, or the rail alone."""
    after_ms = int(timezone.now().timestamp() * 1000)
    return f"{reverse('generations:live')}?{urlencode({'team': team_id, 'after': after_ms, **wanted})}"
