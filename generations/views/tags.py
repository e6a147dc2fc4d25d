"""Tags: those of one clip, which members add and take away, and all that the team's clips have."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import Action, TeamHttpRequest, team_required
from generations import tags, team_tags
from generations.models import Generation, Tag
from generations.search import reading
from generations.search.reading import Reading
from generations.tag_words import KINDS
from generations.tags import ClipGone, HasIt, NameTooLong, NoName, TooManyTags
from generations.team_tags import TeamTag
from project.http import post_to, render_fragment

from .one import back, found

OF_CLIP = "generations/tags.html"
OF_TEAM = "generations/all_tags.html"
SHOWN = 200


@never_cache
@require_safe
@team_required(Action.VIEW)
def listing(request: TeamHttpRequest) -> HttpResponse:
    """All of the team's that begin as `q` does; to htmx these alone."""
    text = tags.clean(request.GET.get("q", ""))
    known = team_tags.of_team(request.team.id, starting=text, limit=SHOWN + 1)
    context = {"groups": _grouped(known[:SHOWN]), "has_more": len(known) > SHOWN, "text": text, "says": _counted(known)}
    return render_fragment(request, OF_TEAM, context, fragment="found")


@never_cache
@require_safe
@team_required(Action.VIEW)
def names(request: TeamHttpRequest) -> HttpResponse:
    """What members of the team have called clips: options for the field where one is added."""
    given = team_tags.given_by_members(request.team.id, limit=SHOWN)
    return render(request, f"{OF_TEAM}#names", {"names": given})


@post_to("generations:detail", "generation_id")
@team_required(Action.CREATE)
def add(request: TeamHttpRequest, generation_id: UUID) -> HttpResponse:
    generation = found(request, generation_id)
    name = request.POST.get("name", "")
    try:
        tags.add(generation, name, by=request.user)
    except ClipGone as error:
        raise Http404 from error
    except (NoName, NameTooLong, HasIt, TooManyTags) as refusal:
        reason = _reason(refusal)
        if request.htmx:
            return _section(request, generation, status=422, refusal=reason, typed=name)
        return back(request, generation, reason)
    return _done(request, generation, _("The tag is added."))


@post_to("generations:detail", "generation_id")
@team_required(Action.CREATE)
def remove(request: TeamHttpRequest, generation_id: UUID, tag_id: int) -> HttpResponse:
    """Take one away: a member's goes, the machine's stays away. Either can be put back, by whoever took it away."""
    generation = found(request, generation_id)
    tag = get_object_or_404(Tag, generation=generation, pk=tag_id)
    try:
        was_there = tags.remove(tag)
    except ClipGone as error:
        raise Http404 from error
    if not was_there:
        return _section(request, generation) if request.htmx else redirect(generation)
    return _done(request, generation, _("The tag is removed."), removed=tag)


@post_to("generations:detail", "generation_id")
@team_required(Action.CREATE)
def restore(request: TeamHttpRequest, generation_id: UUID, tag_id: int) -> HttpResponse:
    """Put one back that a machine had read off the clip."""
    generation = found(request, generation_id)
    tag = get_object_or_404(Tag, generation=generation, pk=tag_id)
    try:
        tags.restore(tag)
    except ClipGone as error:
        raise Http404 from error
    return _done(request, generation, _("The tag is back."), is_back=True)


def context_of(generation: Generation) -> dict[str, Any]:
    """What the section of a clip's tags shows."""
    kept = list(Tag.objects.filter(generation=generation))
    read = [tag for tag in kept if tag.source == Tag.Source.MACHINE]
    of_kind = {kind: _rows(tag for tag in read if tag.kind == kind and not tag.rejected_at) for kind in KINDS}
    return {
        "read_tags": [(KINDS[kind], rows) for kind, rows in of_kind.items() if rows],
        "given_tags": _rows(tag for tag in kept if tag.source == Tag.Source.MEMBER),
        "rejected_tags": _rows(tag for tag in read if tag.rejected_at),
        "most_tags": tags.MOST_OF_MEMBERS,
        "none_read": "" if read else _none_read(generation),
    }


def _none_read(generation: Generation) -> str:
    """Why no machine has called it anything."""
    match reading.of_clip(generation):
        case Reading.NO_PROVIDER:
            return _("Nothing is read off clips here: no provider that does is set up.")
        case Reading.WAITING:
            return _("The clip is still being read.")
        case Reading.FAILED:
            return _("The clip could not be read.")
        case Reading.DONE:
            return _("Nothing was found in the clip.")
    return ""


def _rows(some: Iterable[Tag]) -> list[dict[str, Any]]:
    return [{"tag": tag, "label": tags.label(tag)} for tag in some]


def _done(request: TeamHttpRequest, generation: Generation, told: str, **more: Any) -> HttpResponse:
    if request.htmx:
        return _section(request, generation, told=told, **more)
    messages.success(request, told)
    return redirect(generation)


def _section(request: TeamHttpRequest, generation: Generation, *, status: int = 200, **more: Any) -> HttpResponse:
    if tag := more.get("removed"):
        more["removed_label"] = tags.label(tag)
    return render(request, OF_CLIP, {"generation": generation, **context_of(generation), **more}, status=status)


def _reason(refusal: Exception) -> str:
    match refusal:
        case NameTooLong():
            return ngettext(
                "The tag is %(over)s character too long: %(most)s at most.",
                "The tag is %(over)s characters too long: %(most)s at most.",
                refusal.over,
            ) % {"over": refusal.over, "most": tags.NAME_CHARACTERS}
        case HasIt():
            return _("It has the tag “%(name)s” already.") % {"name": refusal.tag.name}
        case TooManyTags():
            return _("It has %(most)s tags, which is the most. Remove one that is not needed.") % {
                "most": tags.MOST_OF_MEMBERS
            }
    return _("Write the tag to be added.")


def _counted(known: list[TeamTag]) -> str:
    count = min(len(known), SHOWN)
    if len(known) > SHOWN:
        return ngettext("More than %(count)s tag.", "More than %(count)s tags.", count) % {"count": count}
    return ngettext("%(count)s tag.", "%(count)s tags.", count) % {"count": count}


def _grouped(known: list[TeamTag]) -> list[tuple[Any, list[TeamTag]]]:
    """What was read off clips by kind, then what only members have called them; each by its label."""
    known = sorted(known, key=lambda each: each.label.casefold())
    groups = [(words, [each for each in known if each.kinds and each.kind == kind]) for kind, words in KINDS.items()]
    groups.append((_("Given by members"), [each for each in known if not each.kinds]))
    return [(words, some) for words, some in groups if some]
