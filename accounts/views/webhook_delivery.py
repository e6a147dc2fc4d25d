"""One delivery: what was sent, each attempt and what came of it, and sending it again."""

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from accounts.access import Action, TeamHttpRequest, team_required
from accounts.actors import actor_of
from accounts.audit_words import span
from accounts.models import WebhookAttempt, WebhookDelivery
from accounts.webhooks import again, curl, desk, words
from accounts.webhooks.again import NotSendable
from project.http import post_to, render_fragment

from .refused import answered
from .webhook_deliveries import TONES, State


@require_safe
@cache_control(private=True, no_store=True)
@team_required(Action.MANAGE_WEBHOOKS)
def detail(request: TeamHttpRequest, delivery_id: UUID) -> HttpResponse:
    """The page. To htmx, which asks again and again while it is pending, what has changed since ?version=.

    ?shown= is the number of the last attempt that the page has: only those after it are sent.
    """
    delivery = _found(request, delivery_id)
    version = desk.version_of([delivery])
    if request.htmx and request.GET.get("version") == version:
        return HttpResponse(status=204)
    attempts = list(delivery.attempts.order_by("-number"))
    shown = _number(request.GET.get("shown", "")) if request.htmx else 0
    context = {
        "delivery": delivery,
        "now": timezone.now(),
        "version": version,
        "tone": TONES[State(delivery.state)],
        "last": words.of_last(delivery),
        "waits": [span(int(wait.total_seconds())) for wait in desk.waits_left(delivery)],
        "can_send": again.is_sendable(delivery),
        "attempts": [_told(each) for each in attempts if each.number > shown],
        "shown": attempts[0].number if attempts else 0,
        "command": curl.command(attempts[0], delivery.event.body) if attempts else "",
        "readable": json.dumps(json.loads(delivery.event.body), ensure_ascii=False, indent=2),
    }
    return render_fragment(request, "accounts/webhook_delivery.html", context, fragment="moving")


@post_to("accounts:webhook_delivery", "delivery_id")
@cache_control(private=True, no_store=True)
@team_required(Action.MANAGE_WEBHOOKS)
def send_again(request: TeamHttpRequest, delivery_id: UUID) -> HttpResponse:
    delivery = _found(request, delivery_id)
    try:
        with answered():
            is_requeued = again.send_again(delivery, by=actor_of(request))
    except NotSendable:
        messages.error(request, _("Nothing is sent to an endpoint that is disabled or deleted."))
    else:
        messages.success(request, _sent(delivery) if is_requeued else _("It is being sent just now."))
    return redirect("accounts:webhook_delivery", delivery.pk)


def _found(request: TeamHttpRequest, delivery_id: UUID) -> WebhookDelivery:
    rows = WebhookDelivery.objects.select_related("event", "endpoint")
    return get_object_or_404(rows, pk=delivery_id, team=request.team)


def _told(attempt: WebhookAttempt) -> dict[str, Any]:
    return {
        "attempt": attempt,
        "is_success": attempt.status_code is not None and 200 <= attempt.status_code < 300,
        "outcome": words.of_attempt(attempt),
        "advice": words.advice(attempt),
        "request_headers": _lines(attempt.request_headers),
        "response_headers": words.visible(_lines(attempt.response_headers)),
        "response_excerpt": words.visible(attempt.response_excerpt),
    }


def _lines(headers: dict[str, str]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in headers.items())


def _sent(delivery: WebhookDelivery) -> str:
    if delivery.endpoint and delivery.endpoint.is_paused:
        return _("It is sent again as soon as its endpoint is resumed.")
    return _("It is sent again.")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0
