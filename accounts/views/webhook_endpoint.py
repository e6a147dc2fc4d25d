"""One endpoint: its settings, how it fares, and what is done to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import cache_control
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from accounts import webhook_questions, webhook_rows
from accounts.access import Action, TeamHttpRequest, team_required
from accounts.actors import actor_of
from accounts.forms.webhooks import EnableForm, EndpointForm, RotateSecretForm
from accounts.models import WebhookDelivery, WebhookEndpoint
from accounts.refusals import InvalidSetting
from accounts.webhook_rows import EndpointRow
from accounts.webhooks import desk, endpoints, words
from accounts.webhooks.endpoints import EndpointDeleted, EndpointDisabled
from accounts.webhooks.versions import NotCurrent, version_of
from project.confirming import ask, is_confirmed
from project.http import post_to, render_fragment

from .refused import answered
from .webhook_deliveries import TONES
from .webhooks import go

LATEST = 10
State = WebhookDelivery.State


@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(private=True, no_store=True)
@team_required(Action.MANAGE_WEBHOOKS)
def endpoint(request: TeamHttpRequest, endpoint_id: UUID) -> HttpResponse:
    """All of an endpoint, and the form that changes its settings. htmx asks for what moves by itself."""
    found = _found(request, endpoint_id)
    if request.htmx and request.method != "POST" and request.GET.get("version") == _version(found):
        return HttpResponse(status=204)
    form = EndpointForm(request.POST if request.method == "POST" else None, endpoint=found)
    if not form.is_valid():
        return _page(request, found, status=422 if form.is_bound else 200, form=form)
    try:
        with _answered():
            endpoints.change(found, **form.changes(), by=actor_of(request))
    except InvalidSetting as refusal:
        form.add_error(refusal.field, refusal.message)
        return _page(request, found, status=422, form=form)
    messages.success(request, _("Saved."))
    return redirect("accounts:webhook_endpoint", found.pk)


@post_to("accounts:webhook_endpoint", "endpoint_id")
@cache_control(private=True, no_store=True)
@team_required(Action.MANAGE_WEBHOOKS)
@sensitive_variables("secret")
def rotate(request: TeamHttpRequest, endpoint_id: UUID) -> HttpResponse:
    """The page with the new secret in it; sent again, the same form rotates nothing and shows nothing."""
    found = _found(request, endpoint_id)
    form = RotateSecretForm(request.POST)
    if not form.is_valid():
        return _page(request, found, fragment="secret", status=422, rotate_form=form)
    grace = form.cleaned_data["grace"]
    if not grace and not is_confirmed(request):
        return ask(request, webhook_questions.of_rotating_at_once(), cancel=_url(found))
    try:
        with _answered():
            secret = endpoints.rotate(found, grace=grace, by=actor_of(request), current=form.cleaned_data["current"])
    except NotCurrent:
        messages.warning(request, _("That secret had been replaced already, and nothing more was done."))
        return go(request, _url(found))
    return _page(request, found, fragment="secret", secret=secret)


@post_to("accounts:webhook_endpoint", "endpoint_id")
@cache_control(private=True, no_store=True)
@team_required(Action.MANAGE_WEBHOOKS)
def send_test(request: TeamHttpRequest, endpoint_id: UUID) -> HttpResponse:
    """The endpoint's latest deliveries, the test event among them: what becomes of it appears there."""
    found = _found(request, endpoint_id)
    try:
        with _answered():
            delivery = endpoints.send_test(found, by=actor_of(request))
    except EndpointDisabled:
        messages.warning(request, _("It is disabled, and nothing was sent. Enable it first."))
        return go(request, _url(found))
    if request.htmx:
        return _page(request, found)
    if delivery.endpoint and delivery.endpoint.is_paused:
        messages.info(request, _("The endpoint is paused: the test event waits until it is resumed."))
    else:
        messages.success(request, _("The test event is on its way."))
    return redirect("accounts:webhook_endpoint", found.pk)


@post_to("accounts:webhook_endpoint", "endpoint_id")
@cache_control(private=True, no_store=True)
@team_required(Action.MANAGE_WEBHOOKS)
def pause(request: TeamHttpRequest, endpoint_id: UUID) -> HttpResponse:
    found = _found(request, endpoint_id)
    with _answered():
        endpoints.pause(found, by=actor_of(request))
    messages.success(request, _("Paused. What happens now waits until you resume it."))
    return redirect("accounts:webhook_endpoint", found.pk)


@post_to("accounts:webhook_endpoint", "endpoint_id")
@cache_control(private=True, no_store=True)
@team_required(Action.MANAGE_WEBHOOKS)
def resume(request: TeamHttpRequest, endpoint_id: UUID) -> HttpResponse:
    found = _found(request, endpoint_id)
    with _answered():
        endpoints.resume(found, by=actor_of(request))
    messages.success(request, _("Resumed. What has waited is sent first."))
    return redirect("accounts:webhook_endpoint", found.pk)


@post_to("accounts:webhook_endpoint", "endpoint_id")
@cache_control(private=True, no_store=True)
@team_required(Action.MANAGE_WEBHOOKS)
def enable(request: TeamHttpRequest, endpoint_id: UUID) -> HttpResponse:
    found = _found(request, endpoint_id)
    form = EnableForm(request.POST)
    form.is_valid()  # a box, which is ticked or is not
    with _answered():
        number = endpoints.enable(found, by=actor_of(request), send_failed=form.cleaned_data["send_failed"])
    text = _("Enabled again.")
    if number:
        told = ngettext("%(number)s delivery is sent again.", "%(number)s deliveries are sent again.", number)
        text = f"{text} {told % {'number': number}}"
    messages.success(request, text)
    return redirect("accounts:webhook_endpoint", found.pk)


@post_to("accounts:webhook_endpoint", "endpoint_id")
@cache_control(private=True, no_store=True)
@team_required(Action.MANAGE_WEBHOOKS)
def delete(request: TeamHttpRequest, endpoint_id: UUID) -> HttpResponse:
    found = _found(request, endpoint_id)
    if not is_confirmed(request):
        return ask(request, webhook_questions.of_deleting(_row(found)), cancel=_url(found))
    with _answered():
        endpoints.delete(found, by=actor_of(request))
    messages.success(request, _("The endpoint has been deleted."))
    return redirect("accounts:webhooks")


@contextmanager
def _answered() -> Iterator[None]:
    """As answered(); and 404 where somebody has deleted it meanwhile."""
    try:
        with answered():
            yield
    except EndpointDeleted as error:
        raise Http404 from error


def _found(request: TeamHttpRequest, endpoint_id: UUID) -> WebhookEndpoint:
    return get_object_or_404(request.team.webhook_endpoints.kept(), pk=endpoint_id)


def _latest(endpoint: WebhookEndpoint) -> list[WebhookDelivery]:
    rows = endpoint.deliveries.select_related("event", "endpoint").order_by("-id")
    return list(rows[:LATEST])


def _version(endpoint: WebhookEndpoint) -> str:
    """What moves by itself is the same as long as this is."""
    return desk.version_of(_latest(endpoint))


def _row(endpoint: WebhookEndpoint) -> EndpointRow:
    row = webhook_rows.of_endpoint(endpoint)
    if row is None:
        raise Http404
    return row


def _page(
    request: TeamHttpRequest,
    endpoint: WebhookEndpoint,
    *,
    fragment: str = "latest",
    status: int = 200,
    form: EndpointForm | None = None,
    rotate_form: RotateSecretForm | None = None,
    **context: Any,
) -> HttpResponse:
    row = _row(endpoint)
    latest = _latest(row.endpoint)
    context |= {
        "row": row,
        "endpoint": row.endpoint,
        "latest": [(delivery, words.of_last(delivery), TONES[State(delivery.state)]) for delivery in latest],
        "version": desk.version_of(latest),
        "failed_since": endpoints.failed_since(row.endpoint).count(),
        "shown": request.GET.get("shown") or request.POST.get("shown", ""),
        "deleting": webhook_questions.of_deleting(row),
        "rotating_at_once": webhook_questions.of_rotating_at_once(),
        "form": form or EndpointForm(endpoint=row.endpoint),
        "rotate_form": rotate_form
        or RotateSecretForm(initial={"current": version_of(row.endpoint)}, auto_id="secret-%s"),
    }
    return render_fragment(request, "accounts/webhook_endpoint.html", context, fragment=fragment, status=status)


def _url(endpoint: WebhookEndpoint) -> str:
    return reverse("accounts:webhook_endpoint", args=[endpoint.pk])
