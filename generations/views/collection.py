"""One collection: what is in it, in which order, and what can be done with it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import trigger_client_event

from accounts.access import Action, TeamHttpRequest, team_required
from accounts.actors import actor_of
from accounts.refusals import TeamClosing
from accounts.roles import NotAllowed
from generations.cards import cards_of
from generations.collections import collections, contents, export, items, sharing, smart
from generations.collections.collections import Gone, may_end, visible_to
from generations.collections.forms import CollectionForm, ShareForm
from generations.collections.items import IsSmart, NotThere, TooManyItems
from generations.context import live_url
from generations.models import Collection
from project.confirming import Question, ask, is_confirmed
from project.http import Refused, post_to, render_fragment

from .asked import uuid_or_none
from .collections import FORM, ids_of

PAGE = "generations/collection.html"
PAGE_SIZE = 24
AS_IT_WAS = (Gone, NotThere)


@never_cache
@require_safe
@team_required(Action.VIEW)
def collection(request: TeamHttpRequest, collection_id: UUID) -> HttpResponse:
    """A page of its cards, in its order; to htmx the cards alone."""
    return render_page(request, found(request, collection_id))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@team_required(Action.CREATE)
def edit(request: TeamHttpRequest, collection_id: UUID) -> HttpResponse:
    """Its name, description and, for its maker, who sees it."""
    kept = found(request, collection_id)
    is_own = kept.created_by_id == request.user.pk
    before = {"name": kept.name, "description": kept.description, "visibility": kept.visibility}
    form = CollectionForm(request.POST or None, initial=before, is_own=is_own)
    if request.method == "POST" and form.is_valid():
        try:
            collections.change(kept, **(before | form.cleaned_data), by=request.user)
        except Gone as error:
            raise Http404 from error
        messages.success(request, _("The collection is changed."))
        return redirect("generations:collection", kept.pk)
    context = {
        "form": form,
        "collection": kept,
        "is_smart": kept.is_smart,
        "finds": smart.words(kept.search or {}),
        "deleting": _of_deleting(kept),
        "may_end": may_end(kept, request.user, request.membership.role),
    }
    return render(request, FORM, context, status=422 if form.errors else 200)


@post_to("generations:collection", "collection_id")
@team_required(Action.CREATE)
def delete(request: TeamHttpRequest, collection_id: UUID) -> HttpResponse:
    """Its clips stay where they are."""
    kept = found_to_end(request, collection_id)
    if not is_confirmed(request):
        return ask(request, _of_deleting(kept), cancel=_address(kept))
    try:
        collections.delete(kept, by=actor_of(request))
    except NotAllowed as error:
        raise PermissionDenied from error
    messages.success(request, _("The collection is deleted."))
    return redirect("generations:collections")


@post_to("generations:collection", "collection_id")
@team_required(Action.CREATE)
def remove(request: TeamHttpRequest, collection_id: UUID) -> HttpResponse:
    """Take out what `generations` names, and offer to undo it; or put back what `restore` names, where it was.

    With to=generation the answer leads back to the page of the one that was taken out.
    """
    kept = found(request, collection_id)
    if "restore" in request.POST:
        return _restore(request, kept)
    ids = ids_of(request.POST.get("generations", ""))
    try:
        places = items.remove(kept, ids, by=request.user)
    except (Gone, IsSmart) as error:
        raise Http404 from error
    if request.POST.get("to") == "generation" and len(ids) == 1:
        messages.success(request, _("It is not in “%(name)s” any more.") % {"name": kept.name})
        return redirect("generations:detail", ids[0])
    context: dict[str, Any] = {
        "removed": ngettext("%(count)s was removed.", "%(count)s were removed.", len(places)) % {"count": len(places)},
        "places": ",".join(f"{id}:{position}" for id, position in places.items()),
    }
    if request.htmx:
        context |= {"collection": kept, "count": contents.count(kept)}
        return render(request, f"{PAGE}#removed", context)
    return render_page(request, kept, **context)


@post_to("generations:collection", "collection_id")
@team_required(Action.CREATE)
def move(request: TeamHttpRequest, collection_id: UUID) -> HttpResponse:
    """Put `generation` one place earlier or later, by `to`; or right before or after the one that is named `beside`."""
    kept, to = found(request, collection_id), request.POST.get("to", "")
    moved, beside = (uuid_or_none(request.POST.get(name, "")) for name in ("generation", "beside"))
    if moved is None:
        raise Http404
    try:
        if beside and to in ("before", "after"):
            items.move(kept, moved, beside=beside, is_after=to == "after", by=request.user)
        elif to in ("earlier", "later"):
            items.shift(kept, moved, is_later=to == "later", by=request.user)
        else:
            raise Http404
    except (Gone, NotThere, IsSmart) as error:
        raise Http404 from error
    if request.htmx:
        event = {"generation": str(moved), "to": to, "beside": str(beside or "")}
        return trigger_client_event(HttpResponse(status=204), "item-moved", event)
    return redirect(f"{_address(kept)}{_query(request)}#item-{moved}")


@post_to("generations:collection", "collection_id")
@team_required(Action.CREATE)
def cover(request: TeamHttpRequest, collection_id: UUID) -> HttpResponse:
    """Let `generation` be what its card shows."""
    kept, chosen = found(request, collection_id), uuid_or_none(request.POST.get("generation", ""))
    try:
        if chosen is None:
            raise NotThere
        items.set_cover(kept, chosen, by=request.user)
    except AS_IT_WAS as error:
        raise Http404 from error
    said = _("This is the cover now.")
    if request.htmx:
        return trigger_client_event(HttpResponse(status=204), "toast", {"value": said})
    messages.success(request, said)
    return redirect(f"{_address(kept)}{_query(request)}#item-{chosen}")


@require_safe
@team_required(Action.VIEW)
def export_zip(request: TeamHttpRequest, collection_id: UUID) -> HttpResponseBase:
    """All of its files and a manifest, sent as they are read."""
    return export.respond(request, found(request, collection_id))


def found(request: TeamHttpRequest, collection_id: UUID) -> Collection:
    """404 where the team has no such one, or it is another member's own."""
    rows = visible_to(request.user, request.team.pk).select_related("team", "created_by")
    return get_object_or_404(rows, pk=collection_id)


def found_to_end(request: TeamHttpRequest, collection_id: UUID) -> Collection:
    """One that whoever asks may delete and share; 403 where they may not."""
    kept = found(request, collection_id)
    if not may_end(kept, request.user, request.membership.role):
        words = _("Whoever made this collection may do this, and admins and owners: %(name)s made it.")
        raise Refused(words % {"name": kept.created_by.display_name})
    return kept


def render_page(request: TeamHttpRequest, kept: Collection, *, status: int = 200, **more: Any) -> HttpResponse:
    after = request.GET.get("after", "")
    page = contents.page(kept, after=after, limit=PAGE_SIZE)
    may = may_end(kept, request.user, request.membership.role)
    context = {
        "collection": kept,
        "is_smart": kept.is_smart,
        "finds": smart.words(kept.search or {}),
        "cards": cards_of(page.generations),
        "count": contents.count(kept),
        "is_first": not after,
        "after": after,
        "more_url": f"{_address(kept)}?{urlencode({'after': page.next})}" if page.next else "",
        "says": page.says,
        "live_url": live_url(request.team.pk, show="all"),
        "live_swaps": "rail,card,gone",
        "may_end": may,
        "links": [(link, sharing.url_of(link)) for link in sharing.live(kept)] if may else [],
        "share_form": ShareForm(),
        "revoking": of_revoking(),
        "deleting": _of_deleting(kept),
    }
    return render_fragment(request, PAGE, context | more, fragment="items", status=status)


def of_revoking() -> Question:
    return Question(
        title=_("Revoke this link?"),
        text=_("Whoever has it sees nothing any more, at once. A new link will have another address."),
        label=_("Revoke"),
    )


def _restore(request: TeamHttpRequest, kept: Collection) -> HttpResponse:
    places: dict[UUID, int] = {}
    for each in request.POST["restore"].split(",")[: items.MOST]:
        id, _colon, position = each.partition(":")
        digits = position.removeprefix("-")
        if (known := uuid_or_none(id)) and digits.isascii() and digits.isdigit() and len(digits) < 20:
            places[known] = int(position)
    try:
        added = items.add(kept, list(places), by=request.user, places=places)
    except (Gone, NotThere, IsSmart) as error:
        raise Http404 from error
    except (TooManyItems, TeamClosing):
        messages.error(request, _("They could not be put back."))
    else:
        said = ngettext("%(count)s was put back.", "%(count)s were put back.", added.added)
        messages.success(request, said % {"count": added.added})
    return redirect("generations:collection", kept.pk)


def _address(kept: Collection) -> str:
    return reverse("generations:collection", args=[kept.pk])


def _query(request: TeamHttpRequest) -> str:
    """The page that the form was on."""
    after = request.POST.get("after", "")
    return f"?{urlencode({'after': after})}" if after else ""


def _of_deleting(kept: Collection) -> Question:
    return Question(
        title=_("Delete the collection “%(name)s”?") % {"name": kept.name},
        text=_("Its links stop working at once. Its clips and images stay in the gallery."),
        label=_("Delete"),
    )
