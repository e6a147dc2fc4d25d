"""What is put into a collection from elsewhere: the gallery's selection, or one clip."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import ngettext
from django_htmx.http import trigger_client_event

from accounts.access import Action, TeamHttpRequest, team_required
from accounts.refusals import TeamClosing
from generations.collections import items, shelves
from generations.collections.forms import NewNameForm
from generations.collections.items import Added, IsSmart, NotThere, TooManyItems
from generations.collections.keeping import Gone, TooManyCollections, visible_to
from generations.models import Collection
from project.http import post_to, render_fragment

from . import refusals
from .asked import uuid_or_none
from .one_collection import NEW, ids_of

PAGE = "generations/collection_add.html"
REFUSALS = (TooManyCollections, TooManyItems, IsSmart, TeamClosing)


@post_to("generations:collections")
@team_required(Action.CREATE)
def add(request: TeamHttpRequest) -> HttpResponse:
    """Put what is named by `generations` into a collection, which is asked for where none is named."""
    ids = ids_of(request.POST.get("generations", ""))
    to = request.POST.get("collection", "")
    if not to:
        return _choose(request, ids, NewNameForm())
    form = NewNameForm(request.POST if to == NEW else None)
    if to == NEW and not form.is_valid():
        return _choose(request, ids, form, status=422)
    try:
        collection, added = _add_to(request, to, ids, form)
    except REFUSALS as refusal:
        reason = refusals.of_collection(refusal)
        return _choose(request, ids, form, chosen=to, refusal=reason, status=422)
    except (NotThere, Gone) as error:
        raise Http404 from error
    return _told(request, collection, added)


def _add_to(request: TeamHttpRequest, to: str, ids: list[UUID], form: NewNameForm) -> tuple[Collection, Added]:
    if to == NEW:
        return items.add_to_new(request.team, ids, name=form.cleaned_data["name"], by=request.user)
    found = get_object_or_404(visible_to(request.user, request.team.pk), pk=uuid_or_none(to))
    return found, items.add(found, ids, by=request.user)


def _choose(
    request: TeamHttpRequest,
    ids: list[UUID],
    form: NewNameForm,
    *,
    chosen: str = "",
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    by_hand = visible_to(request.user, request.team.pk).filter(search__isnull=True).order_by("name", "id")
    context = {
        "collections": shelves.with_shared(by_hand),
        "chosen": chosen or (NEW if form.is_bound else ""),
        "form": form,
        "refusal": refusal,
        "generations": ",".join(map(str, ids)),
        "count": len(ids),
    }
    return render_fragment(request, PAGE, context, fragment="choose", status=status)


def _told(request: TeamHttpRequest, collection: Collection, added: Added) -> HttpResponse:
    said = words_of(added)
    if not request.htmx:
        messages.success(request, said)
        return redirect("generations:collection", collection.pk)
    response = render(request, f"{PAGE}#added", {"collection": collection, "said": said})
    return trigger_client_event(response, "collected")


def words_of(added: Added) -> str:
    """What came to a collection, and what was in it already."""
    came = ngettext("%(count)s was added.", "%(count)s were added.", added.added) % {"count": added.added}
    if not added.already:
        return came
    there = ngettext("%(count)s was in it already.", "%(count)s were in it already.", added.already)
    return f"{came} {there % {'count': added.already}}"
