"""The live stream of a page."""

from asgiref.sync import sync_to_async
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone, translation
from django.views.decorators.http import require_safe

from accounts.access import current_membership
from accounts.mfa import lacks_two_factor
from accounts.roles import Action, can
from generations.cards import SHOWS
from generations.live.hub import stream_to
from generations.live.watching import Watcher

from .asked import uuid_or_none


@require_safe
async def live(request: HttpRequest) -> HttpResponseBase:
    """Server-sent events for whoever is signed in, 401 for anyone else: an EventSource would follow a redirect.

    204, which tells the browser not to come back, to a page of a team that is not the current one any more.
    """
    watcher = await sync_to_async(_watcher)(request)
    if watcher is None:
        return HttpResponse(status=401)
    if request.GET.get("team", "") not in ("", str(watcher.team_id)):
        return HttpResponse(status=204)
    return StreamingHttpResponse(
        stream_to(watcher, after_ms=_cursor(request)),
        content_type="text/event-stream; charset=utf-8",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def _watcher(request: HttpRequest) -> Watcher | None:
    user = request.user
    if not user.is_authenticated:
        return None
    membership = current_membership(request)
    if not can(membership.role, Action.VIEW) or lacks_two_factor(membership):
        return None
    watcher = Watcher(
        team_id=membership.team_id,
        user_id=user.pk,
        role=membership.role,
        session_key=request.session.session_key or "",
        password=user.password,
        language=translation.get_language() or "en",
        show=SHOWS.get(request.GET.get("show", "")),
        generation_id=uuid_or_none(request.GET.get("generation", "")),
        batch_id=uuid_or_none(request.GET.get("batch", "")),
    )
    connection.close()  # the stream may last for hours, and needs none
    return watcher


def _cursor(request: HttpRequest) -> int:
    """Where the page stands, in ms: Last-Event-ID when it comes back, else as it was rendered; else now."""
    now = int(timezone.now().timestamp() * 1000)
    given = request.headers.get("Last-Event-ID") or request.GET.get("after", "")
    return min(int(given), now) if given.isascii() and given.isdigit() and len(given) < 15 else now
