"""The desk of webhooks: what was sent where, what came of it, and all that failed sent again."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from accounts.access import Action, TeamHttpRequest, team_required
from accounts.actors import actor_of
from accounts.forms.webhook_deliveries import DeliveryFilter
from accounts.models import WebhookDelivery
from accounts.webhooks import again, desk, words
from project.confirming import Question, ask, is_confirmed
from project.http import post_to, render_fragment

from .refused import answered

State = WebhookDelivery.State
TONES = {State.PENDING: "busy", State.DELIVERED: "ok", State.FAILED: "bad", State.CANCELLED: ""}


@require_safe
@cache_control(private=True, no_store=True)
@team_required(Action.MANAGE_WEBHOOKS)
def listing(request: TeamHttpRequest) -> HttpResponse:
    """Newest first; ?before= is the id of the last one already seen.

    The first page asks for itself again and again with the ?version= that it shows: 204 while that is the present one.
    """
    form = DeliveryFilter(request.GET, team=request.team)
    if not form.is_valid():
        return _render(request, form, status=422)
    before = _id(request.GET["before"]) if "before" in request.GET else None
    page = desk.page(desk.of(request.team, form.filters), before=before)
    if request.htmx and request.GET.get("version") == page.version:
        return HttpResponse(status=204)
    rows = [(delivery, words.of_last(delivery), TONES[State(delivery.state)]) for delivery in page.deliveries]
    may_have_failed = form.filters.state == State.FAILED or any(each.state == State.FAILED for each in page.deliveries)
    return _render(request, form, page=page, rows=rows, is_live=before is None, may_have_failed=may_have_failed)


@post_to("accounts:webhook_deliveries")
@cache_control(private=True, no_store=True)
@team_required(Action.MANAGE_WEBHOOKS)
def send_failed_again(request: TeamHttpRequest) -> HttpResponse:
    """All that fit the filters and have failed, once it is said how many they are and "yes" is answered."""
    form = DeliveryFilter(request.POST, team=request.team)
    if not form.is_valid():
        return _render(request, form, status=422)
    address, found = _address(form), desk.of(request.team, form.filters)
    if not is_confirmed(request):
        number = again.count_failed(request.team, found)
        if not number:
            messages.info(request, _nothing_to_send())
            return redirect(address)
        return ask(request, _of_sending(number), cancel=address)
    with answered():
        number = again.send_failed_again(request.team, found, by=actor_of(request), endpoint=form.filters.endpoint)
    if number:
        messages.success(request, _sent(number))
    else:
        messages.info(request, _nothing_to_send())
    return redirect(address)


def _render(request: TeamHttpRequest, form: DeliveryFilter, *, status: int = 200, **context: Any) -> HttpResponse:
    context |= {"form": form, "now": timezone.now()}
    template = "accounts/webhook_deliveries.html"
    return render_fragment(request, template, context, fragment="deliveries", status=status)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Http404 from error


def _address(form: DeliveryFilter) -> str:
    """The list with these filters."""
    given = {name: form.data[name] for name in form.fields if form.data.get(name)}
    return reverse("accounts:webhook_deliveries", query=given)


def _of_sending(number: int) -> Question:
    shown = intcomma(number, use_l10n=False)
    if number == again.AT_ONCE:
        title = _("Send the oldest %(number)s failed deliveries again?") % {"number": shown}
    else:
        title = ngettext(
            "Send %(number)s failed delivery again?", "Send %(number)s failed deliveries again?", number
        ) % {"number": shown}
    text = _(
        "Each goes out now, under the same webhook-id, and is tried eight times. At most %(limit)s are sent at once, "
        "the oldest first. Those of endpoints that are disabled or deleted stay as they are."
    )
    return Question(title=title, text=text % {"limit": intcomma(again.AT_ONCE, use_l10n=False)}, label=_("Send again"))


def _sent(number: int) -> str:
    words = ngettext("%(number)s delivery is sent again.", "%(number)s deliveries are sent again.", number)
    return words % {"number": intcomma(number, use_l10n=False)}


def _nothing_to_send() -> str:
    return _(
        "Nothing here has failed that could be sent again: endpoints that are disabled or deleted are sent nothing."
    )
