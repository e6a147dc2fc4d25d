"""The prompts that a team keeps: to take one, to add, change and delete."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import Action, TeamHttpRequest, team_required
from accounts.models import Team
from accounts.refusals import TeamClosing
from generations import presets
from generations.forms.presets import PresetForm
from generations.models import PromptPreset
from generations.presets import NameTaken, TooManyPresets
from project.confirming import Question, ask, is_confirmed
from project.http import post_to, render_fragment

from . import refusals
from .asked import uuid_or_none

PAGE = "generations/preset.html"


@never_cache
@require_safe
@team_required(Action.VIEW)
def listing(request: TeamHttpRequest) -> HttpResponse:
    """All of them by name; to htmx as what to choose from."""
    kept = PromptPreset.objects.filter(team=request.team).select_related("created_by")
    return render_fragment(request, "generations/presets.html", {"presets": kept}, fragment="choices")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@team_required(Action.CREATE)
def new(request: TeamHttpRequest) -> HttpResponse:
    """Add one. Posted from the create form, what was typed there is shown to be given a name."""
    if request.method != "POST":
        return _page(request, PresetForm())
    if "prompt" in request.POST and "text" not in request.POST:
        return _page(request, PresetForm(initial={"text": request.POST["prompt"]}))
    form = PresetForm(request.POST)
    if not (form.is_valid() and _is_done(form, lambda: _add(request, form))):
        return _page(request, form, status=422)
    if request.htmx:
        return render(request, f"{PAGE}#saved", {"name": form.cleaned_data["name"]})
    messages.success(request, _("The preset is saved."))
    return redirect("generations:presets")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@team_required(Action.CREATE)
def preset(request: TeamHttpRequest, preset_id: UUID) -> HttpResponse:
    """One of them, to be changed."""
    kept = _found(request.team, preset_id)
    if request.method != "POST":
        return _page(request, PresetForm(initial={"name": kept.name, "text": kept.text}), kept)
    form = PresetForm(request.POST)
    if not (form.is_valid() and _is_done(form, lambda: _change(kept, form))):
        return _page(request, form, kept, status=422)
    messages.success(request, _("The preset is changed."))
    return redirect("generations:presets")


@post_to("generations:preset", "preset_id")
@team_required(Action.CREATE)
def delete(request: TeamHttpRequest, preset_id: UUID) -> HttpResponse:
    kept = _found(request.team, preset_id)
    if not is_confirmed(request):
        return ask(request, _of_deleting(kept), cancel=reverse("generations:preset", args=[kept.pk]))
    if presets.remove(kept):
        messages.success(request, _("The preset is deleted."))
    return redirect("generations:presets")


def preset_text(team: Team, id: str) -> str:
    """The prompt of the preset that an address names; 404 where the team has no such preset."""
    preset_id = uuid_or_none(id)
    if preset_id is None:
        raise Http404
    return _found(team, preset_id).text


def _found(team: Team, id: UUID) -> PromptPreset:
    return get_object_or_404(PromptPreset.objects.filter(team=team).select_related("team"), pk=id)


def _add(request: TeamHttpRequest, form: PresetForm) -> None:
    presets.add(request.team, **form.cleaned_data, by=request.user)


def _change(kept: PromptPreset, form: PresetForm) -> None:
    if not presets.change(kept, **form.cleaned_data):
        raise Http404


def _is_done(form: PresetForm, act: Callable[[], None]) -> bool:
    """Whether it was; if not, the form says why."""
    try:
        act()
    except NameTaken:
        form.add_error("name", _("Your team has a preset of this name. Choose another."))
    except TooManyPresets:
        form.add_error(
            None,
            _("Your team keeps %(most)s presets, which is the most. Delete one that is not needed.")
            % {"most": presets.MOST},
        )
    except TeamClosing:
        form.add_error(None, refusals.of_closing())
    return not form.errors


def _page(
    request: TeamHttpRequest, form: PresetForm, kept: PromptPreset | None = None, *, status: int = 200
) -> HttpResponse:
    context = {"form": form, "preset": kept, "deleting": _of_deleting(kept) if kept else None}
    return render_fragment(request, PAGE, context, fragment="preset-form", status=status)


def _of_deleting(kept: PromptPreset) -> Question:
    return Question(
        title=_("Delete the preset “%(name)s”?") % {"name": kept.name},
        text=_("Nobody in the team can choose it any more. What was made with it stays."),
        label=_("Delete"),
    )
