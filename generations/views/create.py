"""Create: the form, its price, and the asking."""

from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from accounts import budgets
from accounts.access import Action, TeamHttpRequest, team_required
from accounts.refusals import InsufficientCredits, TeamClosing
from generations import lifecycle, pricing, wording
from generations.archive.uploads import BadUpload
from generations.forms import CreateForm, refusal
from generations.intake import InvalidParameter
from generations.lifecycle import Asker
from generations.pricing import NoPrice
from project.http import post_to, render_fragment

from . import refusals
from .uploads import kept_uploads, previews

PAGE = "generations/create.html"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@team_required(Action.CREATE)
def create(request: TeamHttpRequest) -> HttpResponse:
    """The form, filled in from the address where it says something; posted, one generation and on to the gallery."""
    if request.method != "POST":
        return _page(request, CreateForm(initial=_initial(request.GET)))
    posted = _posted(request)
    refused = _keep_files(request, posted)
    form = CreateForm(posted)
    if refused:
        form.add_error("image_urls", refused)
    if form.is_valid() and _is_created(request, form):
        gallery = reverse("generations:gallery")
        return HttpResponseClientRedirect(gallery) if request.htmx else redirect(gallery)
    return _page(request, form, status=422)


@never_cache
@post_to("generations:create")
@team_required(Action.CREATE)
def quote(request: TeamHttpRequest) -> HttpResponse:
    """The price of the choices made so far; without htmx, on the whole page."""
    if not request.htmx:
        return _page(request, CreateForm(initial=_initial(request.POST)))
    form = CreateForm(request.POST)
    context = {"form": form, **_price(request, form)}
    return render(request, f"{PAGE}#price-panel", context, status=422 if "refused" in context else 200)


def _initial(given: QueryDict) -> dict[str, Any]:
    single = {name: given[name] for name in given if name not in ("form_key", "image_urls")}
    return {"task_type": "text_to_video", **single, "image_urls": given.getlist("image_urls")}


def _posted(request: TeamHttpRequest) -> QueryDict:
    """What was posted; an image link that was typed but not added counts as added."""
    posted = request.POST.copy()
    if link := posted.get("link", "").strip():
        posted.appendlist("image_urls", link)
    return posted


def _keep_files(request: TeamHttpRequest, posted: QueryDict) -> str:
    """Keep files that come with the form itself, as they do without JavaScript. Returns why one was refused, if so."""
    try:
        for value in kept_uploads(request):
            posted.appendlist("image_urls", value)
    except BadUpload as error:
        return error.message
    return ""


def _is_created(request: TeamHttpRequest, form: CreateForm) -> bool:
    asker = Asker(team_id=request.team.id, user_id=request.user.id)
    try:
        quoted = pricing.quote(form.resolved)
        lifecycle.create(form.resolved, quoted, asker=asker, idempotency=form.idempotency())
    except InsufficientCredits as error:
        form.add_error(None, refusals.of_credits(error))
    except TeamClosing:
        form.add_error(None, refusals.of_closing())
    except InvalidParameter as error:
        form.refuse(error)
    except NoPrice:
        form.add_error(None, _no_price())
    return not form.errors


def _page(request: TeamHttpRequest, form: CreateForm, *, status: int = 200) -> HttpResponse:
    images = previews(request.team, form["image_urls"].value() or [])
    context = {"form": form, "images": images, **_price(request, form)}
    return render_fragment(request, PAGE, context, fragment="create-form", status=status)


def _price(request: TeamHttpRequest, form: CreateForm) -> dict[str, Any]:
    """What the price panel shows: the quote and what is left after it, or why there is none."""
    try:
        resolved = form.priced()
        prices = pricing.current(resolved.spec.slug)
        quoted = prices.quote(resolved)
    except InvalidParameter as error:
        return {"refused": refusal(error)}
    except NoPrice:
        return {"refused": _no_price()}
    room = budgets.room_of(request.membership)
    after = request.team.balance.available - quoted.total_credits
    return {
        "total": quoted.total_credits,
        "lines": [(wording.summary(line.conditions), line.credits) for line in quoted.lines],
        "available": request.team.balance.available,
        "after": after,
        "room": room,
        "limit": refusals.of_room(room),
        **refusals.way_out(room, request.membership.role),
        "missing": max(0, quoted.total_credits - room.credits),
        "cheaper": wording.cheaper(prices.cheaper(resolved), resolved.params),
    }


def _no_price() -> str:
    return _("There is no price for this model now. Tell the operator of this installation.")
