"""Calling off what waits and trying again what failed: what becomes of the credits is said before the click."""

import uuid
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import Action, TeamHttpRequest, team_required
from accounts.models import Team
from accounts.refusals import InsufficientCredits, TeamClosing
from generations import catalog, lifecycle, pricing
from generations.cards import ASSETS, Card, cards_of
from generations.catalog import json_word
from generations.forms import refusal
from generations.frozen import request_of
from generations.idempotency import Idempotency
from generations.intake import InvalidParameter
from generations.lifecycle import Asker, IllegalMove
from generations.models import Batch, Generation, State
from generations.pricing import NoPrice
from project.http import post_to

from . import refusals
from .asked import uuid_or_none
from .one import back, found

AGAIN = (State.FAILED, State.CANCELLED)
SHOWN = 12  # of what is shown beside it


@post_to("generations:detail", "generation_id")
@team_required(Action.CREATE)
def retry(request: TeamHttpRequest, generation_id: UUID) -> HttpResponse:
    """The same request once more, at the price of now, and on to the new one.

    Where the form says what its button promised, as `credits`, nothing is made at another price.
    """
    failed = found(request, generation_id)
    if failed.state not in AGAIN:
        return back(request, failed, _("Only what failed or was cancelled can be tried again."))
    try:
        resolved = catalog.resolve(request_of(failed))
        quote = pricing.quote(resolved)
        if request.POST.get("credits", str(quote.total_credits)) != str(quote.total_credits):
            return back(request, failed, _of_new_price(quote.total_credits))
        again, _is_new = lifecycle.create(
            resolved,
            quote,
            asker=Asker(team_id=request.team.id, user_id=request.user.id),
            idempotency=_idempotency(request, failed),
            retry_of=failed,
        )
    except InsufficientCredits as error:
        return back(request, failed, refusals.of_credits(error))
    except TeamClosing:
        return back(request, failed, refusals.of_closing())
    except InvalidParameter as error:
        return back(request, failed, refusal(error))
    except NoPrice:
        return back(request, failed, _("There is no price for this model now."))
    return redirect(again)


@post_to("generations:detail", "generation_id")
@team_required(Action.CREATE)
def cancel(request: TeamHttpRequest, generation_id: UUID) -> HttpResponse:
    """Call it off while no provider has it; afterwards it would be a lie."""
    generation = found(request, generation_id)
    try:
        is_cancelled = lifecycle.advance(generation, State.CANCELLED)
    except IllegalMove:
        is_cancelled = generation.state == State.CANCELLED
    if not is_cancelled:
        return back(request, generation, _("Too late to cancel: it is already being made."))
    return redirect(generation)


def to_retry(team: Team, id: str) -> Generation | None:
    """What a form says it is another try of; None where that is not the team's, or neither failed nor cancelled."""
    generation_id = uuid_or_none(id)
    if generation_id is None:
        return None
    return Generation.objects.for_team(team.pk).filter(id=generation_id, state__in=AGAIN).first()


def context_of(generation: Generation) -> dict[str, Any]:
    """What can be done with it and for how much, and those that it belongs with."""
    is_again = generation.state in AGAIN
    batch = Batch.objects.filter(id=generation.batch_id).first() if generation.batch_id else None
    return {
        "can_cancel": generation.state == State.QUEUED,
        "can_edit_and_retry": is_again,
        "retry_credits": _credits_now(generation) if is_again else None,
        "again_url": _again_url(generation),
        "form_key": uuid.uuid4().hex,
        "retries": list(generation.retries.filter(hidden_at=None).order_by("-id")[:SHOWN]) if is_again else [],
        "batch": batch,
        "variations": _variations(generation) if generation.batch_id and not batch else [],
    }


def _credits_now(generation: Generation) -> int | None:
    """What the same request costs today; None where it could not be made any more."""
    try:
        return pricing.quote(catalog.resolve(request_of(generation))).total_credits
    except (InvalidParameter, NoPrice):
        return None


def _variations(generation: Generation) -> list[Card]:
    """The others that were asked for with it as one; those of a batch have a page of their own."""
    others = Generation.objects.for_team(generation.team_id).filter(batch_id=generation.batch_id)
    return cards_of(others.exclude(id=generation.id).prefetch_related(ASSETS).order_by("id")[:SHOWN])


def _again_url(generation: Generation) -> str:
    """The create form, filled in with this request; what it makes of one that failed is another try of it."""
    given = {name: value if isinstance(value, list) else json_word(value) for name, value in generation.params.items()}
    given |= {"model": generation.model, "prompt": generation.prompt, "task_type": generation.task_type}
    if generation.state in AGAIN:
        given["retry_of"] = str(generation.id)
    return f"{reverse('generations:create')}?{urlencode(given, doseq=True)}"


def _of_new_price(credits: int) -> str:
    return ngettext(
        "The price has changed: trying again costs %(credits)s credit now. Nothing was done.",
        "The price has changed: trying again costs %(credits)s credits now. Nothing was done.",
        credits,
    ) % {"credits": credits}


def _idempotency(request: TeamHttpRequest, generation: Generation) -> Idempotency:
    form_key = request.POST.get("form_key", "")[:64]
    digest = sha256(str(generation.id).encode()).hexdigest()
    return Idempotency(key=f"retry:{generation.id}:{form_key}", request_digest=digest)
