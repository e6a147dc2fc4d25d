"""One collection: what is in it, in which order, and what can be done with it."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import trigger_client_event

from accounts.access import Action, TeamHttpRequest, team_required
from accounts.actors import actor_of
from accounts.refusals import TeamClosing
from accounts.roles import NotAllowed
from generations.collections import contents, export, items, keeping
from generations.collections.forms import CollectionForm
from generations.collections.items import IsSmart, NotThere, TooManyItems
from generations.collections.keeping import Gone, may_end
from generations.models import Collection
from project.confirming import ask, is_confirmed
from project.http import post_to
from project.streaming import download

from . import one_collection
from .asked import uuid_or_none
from .one_collection import FORM, PAGE, PAGE_SIZE, address_of, found, found_to_end, ids_of, of_deleting, render_page


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
            keeping.change(kept, **(before | form.cleaned_data), by=request.user)
        except Gone as error:
            raise Http404 from error
        messages.success(request, _("The collection is changed."))
        return redirect("generations:collection", kept.pk)
    context = {
        "form": form,
        "collection": kept,
        "deleting": of_deleting(kept),
        "may_end": may_end(kept, request.user, request.membership.role),
    }
    return render(request, FORM, context, status=422 if form.errors else 200)


@post_to("generations:collection", "collection_id")
@team_required(Action.CREATE)
def delete(request: TeamHttpRequest, collection_id: UUID) -> HttpResponse:
    """Its clips stay where they are."""
    kept = found_to_end(request, collection_id)
    if not is_confirmed(request):
        return ask(request, of_deleting(kept), cancel=address_of(kept))
    try:
        keeping.delete(kept, by=actor_of(request))
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
    said = ngettext("%(count)s was removed.", "%(count)s were removed.", len(places)) % {"count": len(places)}
    undo = {"removed": said, "places": ",".join(f"{id}:{position}" for id, position in places.items())}
    if request.htmx:
        context = {**undo, "collection": kept, "count": contents.count(kept), "after": request.POST.get("after", "")}
        return render(request, f"{PAGE}#removed", context)
    if places:
        one_collection.keep_undo(request, kept, **undo)
    elif one_collection.UNDO not in request.session:
        messages.info(request, _("It was not in the collection any more."))
    return redirect(_here(request, kept))


@post_to("generations:collection", "collection_id")
@team_required(Action.CREATE)
def move(request: TeamHttpRequest, collection_id: UUID) -> HttpResponse:
    """Put `generation` where `to` says: earlier, later, first or last; before or after the one that is `beside`.

    The answer says whether it is elsewhere now, and leads to the page that shows it.
    """
    kept, to = found(request, collection_id), request.POST.get("to", "")
    moved, beside = (uuid_or_none(request.POST.get(name, "")) for name in ("generation", "beside"))
    if moved is None:
        raise Http404
    try:
        has_moved = _moved(request, kept, moved, to, beside)
        place = items.place_of(kept, moved)
    except (Gone, NotThere, IsSmart) as error:
        raise Http404 from error
    url = f"{address_of(kept, after=contents.page_with(kept, place, limit=PAGE_SIZE))}#item-{moved}"
    said = _words_of_place(place, has_moved, to)
    if request.htmx:
        event = {"generation": str(moved), "to": to, "beside": str(beside or ""), "url": url, "says": said}
        return trigger_client_event(HttpResponse(status=204), "item-moved", event | {"moved": has_moved})
    messages.info(request, said)
    return redirect(url)


@post_to("generations:collection", "collection_id")
@team_required(Action.CREATE)
def cover(request: TeamHttpRequest, collection_id: UUID) -> HttpResponse:
    """Let `generation` be what its card shows; empty it is the first of what is in it."""
    kept, id = found(request, collection_id), request.POST.get("generation", "")
    if not id:
        return _without_cover(request, kept)
    chosen = uuid_or_none(id)
    try:
        if chosen is None:
            raise NotThere
        items.set_cover(kept, chosen, by=request.user)
    except (Gone, NotThere) as error:
        raise Http404 from error
    said = _("This is the cover now.")
    if request.htmx:
        return trigger_client_event(HttpResponse(status=204), "toast", {"value": said})
    messages.success(request, said)
    return redirect(f"{_here(request, kept)}#item-{chosen}")


@require_safe
@team_required(Action.VIEW)
def export_zip(request: TeamHttpRequest, collection_id: UUID) -> HttpResponseBase:
    """All of its files and a manifest, sent as they are read."""
    kept = found(request, collection_id)
    return download(request, export.archive(kept), name=export.name_of(kept), content_type=export.CONTENT_TYPE)


def _without_cover(request: TeamHttpRequest, kept: Collection) -> HttpResponse:
    try:
        items.unset_cover(kept, by=request.user)
    except Gone as error:
        raise Http404 from error
    messages.success(request, _("Its cover is the first of what is in it."))
    return redirect(_here(request, kept))


def _restore(request: TeamHttpRequest, kept: Collection) -> HttpResponse:
    places: dict[UUID, int] = {}
    for each in request.POST["restore"].split(",")[: items.MAX_ITEMS]:
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
    return redirect(_here(request, kept))


def _moved(request: TeamHttpRequest, kept: Collection, moved: UUID, to: str, beside: UUID | None) -> bool:
    """Whether it was elsewhere. Raises as items.move() does; NotThere for a `to` that there is not."""
    match to:
        case "before" | "after" if beside:
            return items.move(kept, moved, beside=beside, is_after=to == "after", by=request.user)
        case "earlier" | "later":
            return items.shift(kept, moved, is_later=to == "later", by=request.user)
        case "first" | "last":
            return items.move_to_end(kept, moved, is_last=to == "last", by=request.user)
    raise NotThere


def _words_of_place(place: int, has_moved: bool, to: str) -> str:
    if has_moved:
        return _("Moved to place %(place)s.") % {"place": place}
    if to in ("earlier", "first"):
        return _("It is the first already.")
    if to in ("later", "last"):
        return _("It is the last already.")
    return _("It is at place %(place)s already.") % {"place": place}


def _here(request: TeamHttpRequest, kept: Collection) -> str:
    """The page that the form was on."""
    return address_of(kept, after=request.POST.get("after", ""))
