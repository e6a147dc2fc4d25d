"""Create: the form, its price, and the asking."""

from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect, replace_url, reswap, retarget

from accounts import budgets
from accounts.access import Action, TeamHttpRequest, team_required
from accounts.refusals import InsufficientCredits, TeamClosing
from generations import lifecycle, pricing, wording
from generations.catalog import AUTOMATIC, Resolved
from generations.forms import INPUTS, TABS, CreateForm, fit, is_reshaped, refusal
from generations.intake import InvalidParameter
from generations.lifecycle import Asker
from generations.models import Price
from generations.pricing import Line, NoPrice
from project.http import post_to, render_fragment

from . import refusals
from .uploads import blocks, with_new_inputs

PAGE = "generations/create.html"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@team_required(Action.CREATE)
def create(request: TeamHttpRequest) -> HttpResponse:
    """The form, filled in from the address where it says something; posted, one generation and on to the gallery."""
    if request.method != "POST":
        return _refitted(request, request.GET)
    posted, refused = with_new_inputs(request)
    if is_reshaped(posted):
        # Nothing is made from choices that were shown for another model.
        return _refitted(request, posted, status=422)
    form = CreateForm(posted)
    _refuse_files(form, refused)
    if form.is_valid() and _is_created(request, form):
        gallery = reverse("generations:gallery")
        return HttpResponseClientRedirect(gallery) if request.htmx else redirect(gallery)
    return _page(request, form, status=422)


@never_cache
@post_to("generations:create")
@team_required(Action.CREATE)
def quote(request: TeamHttpRequest) -> HttpResponse:
    """The price of the choices made so far, and with another model or tab its controls; without htmx the whole page."""
    if request.htmx and not is_reshaped(request.POST):
        context = _price(request, CreateForm(request.POST))
        return render(request, "generations/price.html", context, status=422 if "refused" in context else 200)
    posted, refused = with_new_inputs(request)
    if request.htmx:
        return _controls(request, posted)
    if is_reshaped(posted):
        return _refitted(request, posted)
    single = {name: posted[name] for name in posted if name not in ("form_key", *INPUTS)}
    form = CreateForm(initial={**single, **{name: posted.getlist(name) for name in INPUTS}})
    return _page(request, form, refused_files=refused)


def _refitted(request: TeamHttpRequest, given: QueryDict, *, status: int = 200) -> HttpResponse:
    fitted = fit(given)
    return _page(request, CreateForm(initial=fitted.initial), status=status, changes=fitted.changes)


def _controls(request: TeamHttpRequest, posted: QueryDict) -> HttpResponse:
    """The controls of another model or tab, in the place of those that are shown, and the price with them."""
    fitted = fit(posted)
    form = CreateForm(initial=fitted.initial)
    response = render(request, "generations/create_controls.html", _context(request, form, changes=fitted.changes))
    address = f"{reverse('generations:create')}?{urlencode({'task_type': form.task_type, 'model': form.spec.slug})}"
    return replace_url(reswap(retarget(response, "#controls"), "outerHTML"), address)


def _refuse_files(form: CreateForm, refused: dict[str, str]) -> None:
    for name, reason in refused.items():
        form.add_error(name if name in form.fields else None, reason)


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


def _page(request: TeamHttpRequest, form: CreateForm, *, status: int = 200, **context: Any) -> HttpResponse:
    return render_fragment(request, PAGE, _context(request, form, **context), fragment="create-form", status=status)


def _context(request: TeamHttpRequest, form: CreateForm, **context: Any) -> dict[str, Any]:
    given = blocks(request.team, form, context.pop("refused_files", {}))
    return {
        "form": form,
        "tabs": TABS,
        "blocks": [block for block in given if not block.input.is_advanced],
        "advanced_blocks": [block for block in given if block.input.is_advanced],
        **_price(request, form),
        **context,
    }


def _price(request: TeamHttpRequest, form: CreateForm) -> dict[str, Any]:
    """What the price panel shows: the quote and what is left after it, or why there is none."""
    try:
        resolved = form.priced()
        prices = pricing.current(resolved.spec.slug)
        quoted = prices.quote(resolved)
    except InvalidParameter as error:
        return {"refused": refusal(error, form.spec)}
    except NoPrice:
        return {"refused": _no_price()}
    room = budgets.room_of(request.membership)
    after = request.team.balance.available - quoted.total_credits
    return {
        "total": quoted.total_credits,
        "lines": [(_words(line), line.credits) for line in quoted.lines],
        "set_aside": _set_aside(resolved),
        "available": request.team.balance.available,
        "after": after,
        "room": room,
        "limit": refusals.of_room(room),
        **refusals.way_out(room, request.membership.role),
        "missing": max(0, quoted.total_credits - room.credits),
        "cheaper": wording.cheaper(prices.cheaper(resolved), resolved.params),
    }


def _words(line: Line) -> str:
    """What set the price, and how often it is paid: 720p · 7 s × 10."""
    amounts = {"quantity": line.quantity, "credits": line.unit_credits}
    words = [wording.summary(line.conditions)]
    if line.unit == Price.Unit.SECOND:
        words.append(_("%(quantity)s s × %(credits)s") % amounts)
    if line.unit == Price.Unit.IMAGE:
        images = ngettext("%(quantity)s image × %(credits)s", "%(quantity)s images × %(credits)s", line.quantity)
        words.append(images % amounts)
    return " · ".join(filter(None, words))


def _set_aside(resolved: Resolved) -> str:
    """What is held where the model decides the length."""
    if resolved.params.get("duration") != AUTOMATIC:
        return ""
    longest = max(resolved.spec.field("duration").choices)
    return _("The longest, %(seconds)s s, is set aside; what is made is charged.") % {"seconds": longest}


def _no_price() -> str:
    return _("There is no price for this model now. Tell the operator of this installation.")
