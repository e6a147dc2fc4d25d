"""One generation: what came of it, what it cost, and what can still be done with it."""

import uuid
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import statement
from accounts.access import Action, TeamHttpRequest, team_required
from accounts.refusals import InsufficientCredits, TeamClosing
from generations import catalog, lifecycle, pricing, wording
from generations.cards import ASSETS, Card
from generations.catalog import AUTOMATIC, MODELS, json_word
from generations.context import live_url
from generations.forms import refusal
from generations.frozen import request_of
from generations.intake import InvalidParameter
from generations.lifecycle import Asker, Idempotency, IllegalMove
from generations.models import Generation, GenerationEvent, State
from generations.pricing import NoPrice
from project.confirming import Question, ask, is_confirmed
from project.http import post_to, render_fragment

from . import refusals
from .samples import samples
from .uploads import Image, previews


@never_cache
@require_safe
@team_required(Action.VIEW)
def detail(request: TeamHttpRequest, generation_id: UUID) -> HttpResponse:
    """The page; to htmx what may have changed on it."""
    generation = _found(request, generation_id)
    spec = MODELS.get(generation.model)
    refunds = statement.refunded([generation.hold_id] if generation.charged_credits else [])
    context = {
        "card": Card(generation),
        "generation": generation,
        "model_label": spec.label if spec else generation.model,
        "task_type": wording.task_type(generation.task_type),
        "chosen": wording.chosen(spec, generation.params) if spec else [],
        "inputs": _inputs(request, generation),
        "lines": _lines(generation),
        "refunded_credits": refunds.get(generation.hold_id, 0),
        "events": _timeline(generation),
        "can_retry": generation.state in (State.FAILED, State.CANCELLED),
        "deleting": _of_deleting(generation),
        "can_cancel": generation.state == State.QUEUED,
        "again_url": _again_url(generation),
        "form_key": uuid.uuid4().hex,
        "samples": samples(generation),
        "live_url": live_url(generation.team_id, generation=generation.id),
    }
    return render_fragment(request, "generations/detail.html", context, fragment="state")


@post_to("generations:detail", "generation_id")
@team_required(Action.CREATE)
def retry(request: TeamHttpRequest, generation_id: UUID) -> HttpResponse:
    """The same request once more, at the price of now, and on to the new one."""
    failed = _found(request, generation_id)
    if failed.state not in (State.FAILED, State.CANCELLED):
        return _back(request, failed, _("Only what failed or was cancelled can be tried again."))
    try:
        resolved = catalog.resolve(request_of(failed))
        again, _is_new = lifecycle.create(
            resolved,
            pricing.quote(resolved),
            asker=Asker(team_id=request.team.id, user_id=request.user.id),
            idempotency=_idempotency(request, failed),
            retry_of=failed,
        )
    except InsufficientCredits as error:
        return _back(request, failed, refusals.of_credits(error))
    except TeamClosing:
        return _back(request, failed, refusals.of_closing())
    except InvalidParameter as error:
        return _back(request, failed, refusal(error))
    except NoPrice:
        return _back(request, failed, _("There is no price for this model now."))
    return redirect(again)


@post_to("generations:detail", "generation_id")
@team_required(Action.CREATE)
def cancel(request: TeamHttpRequest, generation_id: UUID) -> HttpResponse:
    """Call it off while no provider has it; afterwards it would be a lie."""
    generation = _found(request, generation_id)
    try:
        is_cancelled = lifecycle.advance(generation, State.CANCELLED)
    except IllegalMove:
        is_cancelled = generation.state == State.CANCELLED
    if not is_cancelled:
        return _back(request, generation, _("Too late to cancel: it is already being made."))
    return redirect(generation)


@post_to("generations:detail", "generation_id")
@team_required(Action.CREATE)
def delete(request: TeamHttpRequest, generation_id: UUID) -> HttpResponse:
    """Take what is finished away for good; its credits history stays."""
    generation = _found(request, generation_id)
    if not generation.is_final:
        return _back(request, generation, _("It can be deleted when it is finished."))
    if not is_confirmed(request):
        return ask(request, _of_deleting(generation), cancel=generation.get_absolute_url())
    lifecycle.hide(generation)
    messages.success(request, _("The images are deleted.") if generation.makes_images else _("The clip is deleted."))
    return redirect("generations:gallery")


def _of_deleting(generation: Generation) -> Question:
    if generation.makes_images:
        return Question(
            title=_("Delete these images?"),
            text=_("All images of this set are removed from our storage for good. Their credits history stays."),
            label=_("Delete"),
        )
    return Question(
        title=_("Delete this clip?"),
        text=_("The video and its poster are removed from our storage for good. Its credits history stays."),
        label=_("Delete"),
    )


def _found(request: TeamHttpRequest, generation_id: UUID) -> Generation:
    generations = Generation.objects.for_team(request.team.id).select_related("created_by", "api_key")
    return get_object_or_404(generations.prefetch_related(ASSETS), id=generation_id)


def _back(request: TeamHttpRequest, generation: Generation, reason: str) -> HttpResponse:
    messages.error(request, reason)
    return redirect(generation)


def _lines(generation: Generation) -> list[tuple[str, int]]:
    """What was quoted, in words, and its credits."""
    is_most = generation.params.get("duration") == AUTOMATIC
    return [
        (wording.line(line["conditions"], line["unit"], line["quantity"], is_most=is_most), line["credits"])
        for line in generation.quote
    ]


def _inputs(request: TeamHttpRequest, generation: Generation) -> list[tuple[str, list[Image]]]:
    """What it starts from: (label, images) for each input that was given, in the model's order."""
    spec = MODELS.get(generation.model)
    labels = {each.name: str(each.label) for each in spec.inputs} if spec else {"image_urls": _("Images")}
    given = {name: _listed(generation.params[name]) for name in labels if name in generation.params}
    found = iter(previews(request.team, [link for links in given.values() for link in links]))
    return [(labels[name], [next(found) for _link in links]) for name, links in given.items()]


def _listed(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]


def _timeline(generation: Generation) -> list[dict[str, Any]]:
    """Its changes in order; how far it was in between is left out."""
    shown = [event for event in generation.events.all() if "progress" not in event.detail]
    return [
        {"at": event.created_at, "words": _words(event, is_first=event is shown[0]), "look": _look(event)}
        for event in shown
    ]


def _words(event: GenerationEvent, *, is_first: bool) -> str:
    if event.detail.get("arrived_late"):
        return _("Arrived after all, free of charge")
    if event.state == State.QUEUED and not is_first:
        return _("Not sent yet, queued again")
    return str(State(event.state).label)


def _look(event: GenerationEvent) -> str:
    if event.detail.get("arrived_late"):
        return "ok"
    return {"completed": "ok", "failed": "bad", "cancelled": "", "queued": ""}.get(event.state, "busy")


def _again_url(generation: Generation) -> str:
    """The create form, filled in with this request."""
    given = {name: value if isinstance(value, list) else json_word(value) for name, value in generation.params.items()}
    given |= {"model": generation.model, "prompt": generation.prompt, "task_type": generation.task_type}
    return f"{reverse('generations:create')}?{urlencode(given, doseq=True)}"


def _idempotency(request: TeamHttpRequest, generation: Generation) -> Idempotency:
    form_key = request.POST.get("form_key", "")[:64]
    digest = sha256(str(generation.id).encode()).hexdigest()
    return Idempotency(key=f"retry:{generation.id}:{form_key}", request_digest=digest)
