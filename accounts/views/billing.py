"""Buying credits through Stripe, and redeeming codes."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from csp.decorators import csp_update
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from accounts.access import Action, TeamHttpRequest, team_required
from accounts.actors import actor_of
from accounts.billing import checkout
from accounts.billing import redeem as codes
from accounts.forms.credits import RedeemForm
from accounts.models import CreditBalance, CreditPackage, Purchase, Team
from accounts.money import Money, money, unit_price
from accounts.refusals import TeamClosing
from project.http import post_to, render_fragment

PURCHASES_SHOWN = 50
# How often the page asks, every 2 s, whether Stripe has told us. It mostly has before the browser is back.
MAX_POLLS = 45


@dataclass(frozen=True, slots=True)
class Offer:
    package: CreditPackage
    price: Money
    unit_price: Money


@dataclass(frozen=True, slots=True)
class Bought:
    """A purchase as its row shows it."""

    purchase: Purchase
    price: Money
    refunded: Money


@require_safe
@cache_control(private=True, no_store=True)
@team_required(Action.MANAGE_CREDITS)
def buy(request: TeamHttpRequest) -> HttpResponseBase:
    """Packages, the code field and what was bought. Stripe sends back to ?purchase=<id>, perhaps with &cancelled=1."""
    purchase = _purchase(request)
    if purchase is None:
        return _page(request, RedeemForm())
    poll = _poll(request.GET.get("poll", ""))
    is_over = purchase.paid_at or purchase.expired_at or "cancelled" in request.GET or poll >= MAX_POLLS
    next_poll = None if is_over else poll + 1
    return _page(request, RedeemForm(), purchase=purchase, price=_price(purchase), poll=poll, next_poll=next_poll)


@post_to("accounts:buy")
@cache_control(private=True, no_store=True)
@team_required(Action.MANAGE_CREDITS)
def buy_package(request: TeamHttpRequest, package_id: UUID) -> HttpResponse:
    """On to Stripe's page for one offered package. The same form sent twice leads to the same page."""
    package = get_object_or_404(CreditPackage, pk=package_id, is_offered=True)
    form_key = _uuid(request.POST.get("form_key", "")) or uuid4()
    try:
        url = checkout.start_once(request.team, package, by=actor_of(request), form_key=form_key)
    except checkout.CheckoutUnavailable:
        messages.error(request, _("Stripe cannot be reached at the moment. Nothing was charged. Try again later."))
        url = redirect("accounts:buy").url
    response = HttpResponseRedirect(url)
    response.status_code = 303
    return response


@post_to("accounts:buy")
@cache_control(private=True, no_store=True)
@team_required(Action.MANAGE_CREDITS)
def redeem(request: TeamHttpRequest) -> HttpResponseBase:
    """Give the team what a code is worth; what is wrong with the code is said beside it."""
    form = RedeemForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        code = codes.redeem(form.cleaned_data["code"], request.team, by=actor_of(request))
    except codes.NoSuchCode as error:
        form.add_error("code", _refusal(error, request.team))
        return _page(request, form, status=422)
    except TeamClosing:
        form.add_error("code", _("Your team is being closed, and takes no more credits."))
        return _page(request, form, status=422)
    available = CreditBalance.objects.values_list("available", flat=True).get(team=request.team)
    words = ngettext(
        "%(credits)s credit added. Your team now has %(available)s.",
        "%(credits)s credits added. Your team now has %(available)s.",
        code.credits,
    )
    messages.success(request, words % {"credits": f"{code.credits:,}", "available": f"{available:,}"})
    return redirect("accounts:buy")


def _page(request: TeamHttpRequest, form: RedeemForm, *, status: int = 200, **context: Any) -> HttpResponseBase:
    offered = CreditPackage.objects.filter(is_offered=True) if checkout.is_configured() else []
    context |= {
        "redeem_form": form,
        "offers": [
            Offer(each, money(each.amount, each.currency), unit_price(each.amount, each.currency, each.credits))
            for each in offered
        ],
        "purchases": [
            Bought(each, _price(each), money(each.refunded_amount, each.currency))
            for each in request.team.purchases.order_by("-id")[:PURCHASES_SHOWN]
        ],
        "form_key": uuid4().hex,
    }

    def render(request: HttpRequest) -> HttpResponse:
        return render_fragment(request, "accounts/buy.html", context, fragment="purchase", status=status)

    # The form leads to Stripe by way of our redirect, which browsers hold against form-action too.
    return csp_update({"form-action": [settings.STRIPE_CHECKOUT_ORIGIN]})(render)(request)


def _purchase(request: TeamHttpRequest) -> Purchase | None:
    """The one that ?purchase= names; Http404 where it is not this team's."""
    if "purchase" not in request.GET:
        return None
    purchase_id = _uuid(request.GET["purchase"])
    if purchase_id is None:
        raise Http404
    return get_object_or_404(request.team.purchases, pk=purchase_id)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _poll(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else 0


def _price(purchase: Purchase) -> Money:
    return money(purchase.amount, purchase.currency)


def _refusal(error: codes.NoSuchCode, team: Team) -> str:
    match error.reason:
        case "redeemed" if error.redeemed_at:
            at = timezone.localtime(error.redeemed_at, ZoneInfo(team.time_zone))
            words = _("Your team has redeemed this code already, on %(day)s.")
            return words % {"day": date_format(at, "DATE_FORMAT")}
        case "redeemed":
            return _("This code has been redeemed already.")
        case "expired":
            return _("This code has expired. Ask whoever gave it to you for another.")
        case "too_many":
            return _("Too many tries. Wait a minute and try again.")
        case "too_large":
            return _("This code is worth more than the team's balance can hold.")
    return _("There is no such code. Check it and try again.")
