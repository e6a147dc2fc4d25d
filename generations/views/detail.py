"""One generation: what came of it, what it cost, and what can still be done with it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import statement
from accounts.access import Action, TeamHttpRequest, team_required
from generations import lifecycle, wording
from generations.cards import Card
from generations.catalog import AUTOMATIC, MODELS
from generations.collections import shelves
from generations.collections.keeping import visible_to
from generations.context import live_url
from generations.models import Generation, GenerationEvent, State
from project.confirming import Question, ask, is_confirmed
from project.http import post_to, render_fragment

from . import retrying, tags
from .one import back, found
from .samples import samples
from .uploads import Image, previews


@never_cache
@require_safe
@team_required(Action.VIEW)
def detail(request: TeamHttpRequest, generation_id: UUID) -> HttpResponse:
    """The page; to htmx what may have changed on it."""
    generation = found(request, generation_id)
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
        **retrying.context_of(generation),
        **tags.context_of(generation),
        "in_collections": shelves.holding(visible_to(request.user, request.team.pk), generation),
        "deleting": _of_deleting(generation),
        "samples": samples(generation),
        "live_url": live_url(generation.team_id, generation=generation.id),
    }
    return render_fragment(request, "generations/detail.html", context, fragment="state")


@post_to("generations:detail", "generation_id")
@team_required(Action.CREATE)
def delete(request: TeamHttpRequest, generation_id: UUID) -> HttpResponse:
    """Take what is finished away for good; its credits history stays."""
    generation = found(request, generation_id)
    if not generation.is_final:
        return back(request, generation, _("It can be deleted when it is finished."))
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
