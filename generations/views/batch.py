"""One batch: what it would be while it is a draft, how far it is once it runs, and what can be done with it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import budgets, csv_export
from accounts.access import Action, TeamHttpRequest, team_required
from generations.batches import making, progress, quoting, rows, steering
from generations.batches.form import CapForm
from generations.batches.steering import CapTooLow, PriceMoved, Unpriced
from generations.models import Batch
from project.confirming import Question, ask, is_confirmed
from project.http import post_to, render_fragment

from . import refusals

ROWS = 100


@never_cache
@require_safe
@team_required(Action.VIEW)
def batch(request: TeamHttpRequest, batch_id: UUID) -> HttpResponse:
    """The page; to htmx, which asks again and again while it runs, the part of it that moves."""
    found = _found(request, batch_id)
    if request.htmx and not request.htmx.history_restore_request and found.state != Batch.State.RUNNING:
        return HttpResponse(headers={"HX-Refresh": "true"})  # what can be done with it has changed with its state
    return _page(request, found)


@post_to("generations:batch", "batch_id")
@team_required(Action.CREATE)
def start(request: TeamHttpRequest, batch_id: UUID) -> HttpResponse:
    """Make the good rows of a draft, within the cap that was given."""
    found, form = _found(request, batch_id), CapForm(request.POST)
    if form.is_valid():
        try:
            steering.start(found.id, request.user, cap_credits=form.cleaned_data["cap_credits"])
        except CapTooLow as error:
            form.add_error("cap_credits", _too_low(error))
    return redirect("generations:batch", found.id) if form.is_valid() else _page(request, found, form=form, status=422)


@post_to("generations:batch", "batch_id")
@team_required(Action.CREATE)
def pause(request: TeamHttpRequest, batch_id: UUID) -> HttpResponse:
    found = _found(request, batch_id)
    steering.pause(found.id)
    return redirect("generations:batch", found.id)


@post_to("generations:batch", "batch_id")
@team_required(Action.CREATE)
def resume(request: TeamHttpRequest, batch_id: UUID) -> HttpResponse:
    """Go on with what is left, at the prices that were shown, in the name of whoever says so."""
    found, form = _found(request, batch_id), CapForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            steering.resume(found.id, request.user, cap_credits=given["cap_credits"], shown_credits=given["shown"] or 0)
        except CapTooLow as error:
            form.add_error("cap_credits", _too_low(error))
        except Unpriced:
            messages.warning(request, _("There is no price now. Resume when there is one, or cancel what is left."))
        except PriceMoved:
            messages.warning(request, _("The price has changed since this page was opened. Look at it, and resume."))
    return redirect("generations:batch", found.id) if form.is_valid() else _page(request, found, form=form, status=422)


@post_to("generations:batch", "batch_id")
@team_required(Action.CREATE)
def cancel(request: TeamHttpRequest, batch_id: UUID) -> HttpResponse:
    found = _found(request, batch_id)
    if found.state not in (Batch.State.RUNNING, Batch.State.PAUSED):
        return redirect("generations:batch", found.id)
    if not is_confirmed(request):
        return ask(request, _of_cancelling(), cancel=_address(found))
    if steering.cancel(found.id):
        making.empty_queue(found)
    return redirect("generations:batch", found.id)


@post_to("generations:batch", "batch_id")
@team_required(Action.CREATE)
def delete(request: TeamHttpRequest, batch_id: UUID) -> HttpResponse:
    """Throw a draft away. What was started stays, with what came of it."""
    found = _found(request, batch_id)
    if found.state != Batch.State.DRAFT:
        return redirect("generations:batch", found.id)
    if not is_confirmed(request):
        return ask(request, _of_deleting(), cancel=_address(found))
    if steering.delete(found.id):
        messages.success(request, _("The draft is deleted."))
    return redirect("generations:batches")


@require_safe
@team_required(Action.VIEW)
def results(request: TeamHttpRequest, batch_id: UUID) -> HttpResponseBase:
    """What became of each row, as CSV."""
    found = _found(request, batch_id)
    name = slugify(found.name, allow_unicode=True)[:60] or "batch"
    return csv_export.respond(request, rows.results(found), name=f"filmgate-{name}.csv")


def _found(request: TeamHttpRequest, batch_id: UUID) -> Batch:
    return get_object_or_404(Batch.objects.select_related("created_by"), id=batch_id, team=request.team)


def _address(batch: Batch) -> str:
    return reverse("generations:batch", args=[batch.id])


def _page(request: TeamHttpRequest, batch: Batch, *, form: CapForm | None = None, status: int = 200) -> HttpResponse:
    of_batch, is_bad = rows.of(batch), request.GET.get("rows") == "bad"
    page = Paginator(rows.bad(of_batch) if is_bad else of_batch, ROWS).get_page(request.GET.get("page"))
    at = progress.of(batch)
    context = {
        "batch": batch,
        "at": at,
        "page": page,
        "lines": [rows.line(row) for row in page],
        "is_bad": is_bad,
        "percent": 100 * at.ended // at.good if at.good else 0,
        "look": {"running": "busy", "finished": "ok", "paused": "bad"}.get(batch.state, ""),
        "cancelling": _of_cancelling(),
        "deleting": _of_deleting(),
        **_offer(request, batch, at, form),
    }
    return render_fragment(request, "generations/batch.html", context, fragment="moving", status=status)


def _offer(request: TeamHttpRequest, batch: Batch, at: progress.Progress, form: CapForm | None) -> dict[str, Any]:
    """What a draft or a paused batch would cost from here on, and whether there are the credits for it."""
    if batch.state not in (Batch.State.DRAFT, Batch.State.PAUSED):
        return {}
    left, makes, quoted = at.left_credits, at.waiting, None
    if batch.state == Batch.State.PAUSED:
        quoted = quoting.quoted_now(batch)
        left, makes = quoted.credits, quoted.good
    room = budgets.room_of(request.membership)
    return {
        "left": left,
        "makes": makes,
        "quoted": quoted,
        "at_once": making.AT_ONCE,
        "form": form or CapForm(initial={"cap_credits": _cap(batch, at.committed_credits + left), "shown": left}),
        "available": request.team.balance.available,
        "missing": max(0, left - room.credits),
        "limit": refusals.of_room(room),
        **refusals.way_out(room, request.membership.role),
    }


def _cap(batch: Batch, enough: int) -> int:
    """What the form has: as much as all of it takes, unless a cap was set and is not what it stands still for."""
    if batch.cap_credits is None:
        return max(1, enough)
    return max(batch.cap_credits, enough) if batch.paused_because == Batch.Pause.CAP else batch.cap_credits


def _too_low(error: CapTooLow) -> str:
    return _("At least %(least)s, or not one row more could be made.") % {
        "least": intcomma(error.least, use_l10n=False)
    }


def _of_cancelling() -> Question:
    return Question(
        title=_("Cancel this batch?"),
        text=_(
            "What waits in the queue is cancelled and its credits come back. What is being made is finished and "
            "charged. No other row is made."
        ),
        label=_("Cancel the batch"),
    )


def _of_deleting() -> Question:
    return Question(
        title=_("Delete this draft?"),
        text=_("Its rows are removed for good. Nothing was made of it, and nothing is held for it."),
        label=_("Delete"),
    )
