"""Create: the form, its price, and the asking."""

from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect, replace_url, reswap, retarget

from accounts.access import Action, TeamHttpRequest, team_required
from accounts.refusals import InsufficientCredits, TeamClosing
from generations import pricing, variations
from generations.forms import INPUTS, TABS, CreateForm, fit, is_reshaped
from generations.intake import InvalidParameter
from generations.lifecycle import Asker
from generations.pricing import NoPrice
from project.http import post_to, render_fragment

from . import price_panel, refusals
from .presets import preset_text
from .retrying import to_retry
from .uploads import blocks, with_new_inputs

PAGE = "generations/create.html"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@team_required(Action.CREATE)
def create(request: TeamHttpRequest) -> HttpResponse:
    """The form, filled in from the address where it says something; posted, what it asks for and on to the gallery."""
    if request.method != "POST":
        return _refitted(request, _of_address(request))
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
        context = price_panel.context_of(request, CreateForm(request.POST))
        return render(request, "generations/price.html", context, status=422 if "refused" in context else 200)
    posted, refused = with_new_inputs(request)
    if request.htmx:
        return _controls(request, posted)
    if is_reshaped(posted):
        return _refitted(request, posted)
    single = {name: posted[name] for name in posted if name not in ("form_key", *INPUTS)}
    form = CreateForm(initial={**single, **{name: posted.getlist(name) for name in INPUTS}})
    return _page(request, form, refused_files=refused)


def _of_address(request: TeamHttpRequest) -> QueryDict:
    """What it says, with the words of the preset that it names; 404 where the team has no such preset."""
    given = request.GET.copy()
    if "preset" in given:
        given["prompt"] = preset_text(request.team, given.get("preset", ""))
    return given


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
        variations.create(
            form.resolved,
            pricing.quote(form.resolved),
            count=form.variations(),
            asker=asker,
            idempotency=form.idempotency(),
            retry_of=to_retry(request.team, str(form["retry_of"].value() or "")),
        )
    except InsufficientCredits as error:
        form.add_error(None, refusals.of_credits(error))
    except TeamClosing:
        form.add_error(None, refusals.of_closing())
    except InvalidParameter as error:
        form.refuse(error)
    except NoPrice:
        form.add_error(None, price_panel.no_price())
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
        **price_panel.context_of(request, form),
        **context,
    }
