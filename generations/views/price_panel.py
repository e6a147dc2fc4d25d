"""What the panel beside the create form shows: the quote and what is left after it, or why there is none."""

from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import budgets
from accounts.access import TeamHttpRequest
from generations import pricing, wording
from generations.catalog import AUTOMATIC, Resolved
from generations.forms import CreateForm, refusal
from generations.intake import InvalidParameter
from generations.models import Price
from generations.pricing import Line, NoPrice

from . import refusals


def context_of(request: TeamHttpRequest, form: CreateForm) -> dict[str, Any]:
    """For generations/price.html; `refused` is there alone, where there is no price."""
    try:
        resolved, count = form.priced(), form.variations()
        prices = pricing.current(resolved.spec.slug)
        quoted = prices.quote(resolved)
    except InvalidParameter as error:
        return {"refused": refusal(error, form.spec)}
    except NoPrice:
        return {"refused": no_price()}
    room = budgets.room_of(request.membership)
    total = quoted.total_credits * count
    cheaper = [replace(each, total_credits=each.total_credits * count) for each in prices.cheaper(resolved)]
    return {
        "total": total,
        "lines": [*((_words(line), line.credits) for line in quoted.lines), *_times(count, quoted.total_credits)],
        "set_aside": _set_aside(resolved),
        "available": request.team.balance.available,
        "after": request.team.balance.available - total,
        "room": room,
        "limit": refusals.of_room(room),
        **refusals.way_out(room, request.membership.role),
        "missing": max(0, total - room.credits),
        "cheaper": wording.cheaper(cheaper, resolved.params),
        "advice": form.advice(),
    }


def no_price() -> str:
    return _("There is no price for this model now. Tell the operator of this installation.")


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


def _times(count: int, credits: int) -> list[tuple[str, int]]:
    """The line that several of the same add up to."""
    if count == 1:
        return []
    words = ngettext("%(count)s variation × %(credits)s", "%(count)s variations × %(credits)s", count)
    return [(words % {"count": count, "credits": credits}, count * credits)]


def _set_aside(resolved: Resolved) -> str:
    """What is held where the model decides the length."""
    if resolved.params.get("duration") != AUTOMATIC:
        return ""
    longest = max(resolved.spec.field("duration").choices)
    return _("The longest, %(seconds)s s, is set aside; what is made is charged.") % {"seconds": longest}
