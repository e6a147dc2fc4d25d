"""The team's collections, a new one, and what is put into one from elsewhere."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import trigger_client_event

from accounts.access import Action, TeamHttpRequest, team_required
from accounts.refusals import TeamClosing
from generations.collections import collections as kept
from generations.collections import contents, items, smart
from generations.collections.collections import Gone, TooManyCollections, visible_to
from generations.collections.forms import CollectionForm, NewNameForm
from generations.collections.items import Added, IsSmart, NotThere, TooManyItems
from generations.models import Collection
from generations.search.query import BadSearch
from project.http import post_to, render_fragment

from . import refusals
from .asked import uuid_or_none
from .one_collection import FORM, ids_of

PAGE_SIZE = 24
NEW = "new"
ADD = "generations/collection_add.html"
REFUSALS = (TooManyCollections, TooManyItems, IsSmart, TeamClosing)


@never_cache
@require_safe
@team_required(Action.VIEW)
def collections(request: TeamHttpRequest) -> HttpResponse:
    """All that the reader may see, the one that changed last first."""
    found = contents.counted(visible_to(request.user, request.team.pk)).select_related("created_by")
    page = Paginator(found.order_by("-updated_at", "id"), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page": page, "shelves": contents.shelves(page)}
    return render_fragment(request, "generations/collections.html", context, fragment="collections")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@team_required(Action.CREATE)
def new(request: TeamHttpRequest) -> HttpResponse:
    """One more. Asked with ?smart=1 and a gallery's search, one that keeps the search."""
    try:
        search = _search(request)
    except BadSearch as error:
        messages.error(request, error.message)
        return redirect("generations:gallery")
    if request.method != "POST":
        return _form_page(request, CollectionForm(), search)
    form = CollectionForm(request.POST)
    if not form.is_valid():
        return _form_page(request, form, search, status=422)
    try:
        made = kept.create(request.team, **form.cleaned_data, search=search, by=request.user)
    except (TooManyCollections, TeamClosing) as refusal:
        form.add_error(None, _reason(refusal))
        return _form_page(request, form, search, status=422)
    messages.success(request, _("The collection is made."))
    return redirect("generations:collection", made.pk)


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
        return _choose(request, ids, form, chosen=to, refusal=_reason(refusal), status=422)
    except (NotThere, Gone) as error:
        raise Http404 from error
    return _told(request, collection, added)


def _search(request: TeamHttpRequest) -> dict[str, str] | None:
    """None where the collection is filled by hand."""
    if request.method == "POST":
        asked = QueryDict(request.POST["search"]) if "search" in request.POST else None
    else:
        asked = request.GET if "smart" in request.GET else None
    return None if asked is None else smart.search_of(asked.dict())


def _add_to(request: TeamHttpRequest, to: str, ids: list[UUID], form: NewNameForm) -> tuple[Collection, Added]:
    if to == NEW:
        return items.add_to_new(request.team, ids, name=form.cleaned_data["name"], by=request.user)
    found = get_object_or_404(visible_to(request.user, request.team.pk), pk=uuid_or_none(to))
    return found, items.add(found, ids, by=request.user)


def _reason(refusal: Exception) -> str:
    match refusal:
        case TooManyCollections():
            text = _("Your team has %(most)s collections, which is the most. Delete one that is not needed.")
            return text % {"most": kept.MOST}
        case TooManyItems():
            return _("A collection holds at most %(most)s.") % {"most": items.MOST}
        case IsSmart():
            return _("A smart collection fills itself: nothing can be put into it.")
    return refusals.of_closing()


def _form_page(
    request: TeamHttpRequest, form: CollectionForm, search: dict[str, str] | None, *, status: int = 200
) -> HttpResponse:
    is_smart = search is not None
    context = {
        "form": form,
        "is_smart": is_smart,
        "search": urlencode(search or {}),
        "finds": smart.words(search or {}),
    }
    return render(request, FORM, context, status=status)


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
        "collections": contents.with_shared(by_hand),
        "chosen": chosen or (NEW if form.is_bound else ""),
        "form": form,
        "refusal": refusal,
        "generations": ",".join(map(str, ids)),
        "count": len(ids),
    }
    return render_fragment(request, ADD, context, fragment="choose", status=status)


def _told(request: TeamHttpRequest, collection: Collection, added: Added) -> HttpResponse:
    said = words_of(added)
    if not request.htmx:
        messages.success(request, said)
        return redirect("generations:collection", collection.pk)
    response = render(request, f"{ADD}#added", {"collection": collection, "said": said})
    return trigger_client_event(response, "collected")


def words_of(added: Added) -> str:
    """What came to a collection, and what was in it already."""
    came = ngettext("%(count)s was added.", "%(count)s were added.", added.added) % {"count": added.added}
    if not added.already:
        return came
    there = ngettext("%(count)s was in it already.", "%(count)s were in it already.", added.already)
    return f"{came} {there % {'count': added.already}}"
