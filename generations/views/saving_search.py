"""A search that is kept: by a new smart collection, or by one that there is, which looks for it from now on."""

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from accounts.access import Action, TeamHttpRequest, team_required
from accounts.refusals import TeamClosing
from generations.collections import keeping, shelves, smart
from generations.collections.forms import CollectionForm
from generations.collections.keeping import Gone, TooManyCollections, visible_to
from generations.models import Collection
from generations.search.query import BadSearch
from project.http import render_fragment

from . import refusals
from .asked import uuid_or_none
from .one_collection import NEW, address_of, keep_undo

PAGE = "generations/collection_search.html"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@team_required(Action.CREATE)
def save_search(request: TeamHttpRequest) -> HttpResponse:
    """Asked with the address of a gallery's search, where to keep it; posted with it as `search`, keep it there.

    `into` is "new", or the id of a smart collection.
    """
    given, asked = request.GET, request.GET
    if request.method == "POST":
        given, asked = request.POST, QueryDict(request.POST.get("search", ""))
    try:
        search = smart.search_of(asked.dict())
    except BadSearch as error:
        messages.error(request, error.message)
        return _go(request, reverse("generations:gallery"))
    into = given.get("into", NEW)
    if request.method != "POST":
        return _ask(request, CollectionForm(), search, into)
    return _make(request, search) if into == NEW else _replace(request, into, search)


def _make(request: TeamHttpRequest, search: dict[str, str]) -> HttpResponse:
    form = CollectionForm(request.POST)
    if not form.is_valid():
        return _ask(request, form, search, NEW, status=422)
    try:
        made = keeping.create(request.team, **form.cleaned_data, search=search, by=request.user)
    except (TooManyCollections, TeamClosing) as refusal:
        form.add_error(None, refusals.of_collection(refusal))
        return _ask(request, form, search, NEW, status=422)
    messages.success(request, _("The collection is made."))
    return _go(request, address_of(made))


def _replace(request: TeamHttpRequest, into: str, search: dict[str, str]) -> HttpResponse:
    """Its page then offers to undo it, which is to replace it by what was looked for before."""
    kept = get_object_or_404(_smart_ones(request), pk=uuid_or_none(into))
    try:
        before = keeping.change_search(kept, search, by=request.user)
    except Gone as error:
        raise Http404 from error
    if before != search:
        keep_undo(request, kept, changed=_("It looks for this from now on."), search_before=urlencode(before))
    return _go(request, address_of(kept))


def _ask(
    request: TeamHttpRequest, form: CollectionForm, search: dict[str, str], into: str, *, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "search": urlencode(search),
        "finds": smart.words(search),
        "collections": shelves.with_shared(_smart_ones(request).order_by("name", "id")),
        "into": into,
    }
    return render_fragment(request, PAGE, context, fragment="form", status=status)


def _smart_ones(request: TeamHttpRequest) -> QuerySet[Collection]:
    return visible_to(request.user, request.team.pk).filter(search__isnull=False)


def _go(request: TeamHttpRequest, address: str) -> HttpResponse:
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)
