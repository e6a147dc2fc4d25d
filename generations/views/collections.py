"""The team's collections, and a new one."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import Action, TeamHttpRequest, team_required
from accounts.refusals import TeamClosing
from generations.collections import keeping, shelves
from generations.collections.forms import CollectionForm
from generations.collections.keeping import TooManyCollections, visible_to
from project.http import render_fragment

from . import refusals
from .one_collection import FORM

PAGE_SIZE = 24


@never_cache
@require_safe
@team_required(Action.VIEW)
def collections(request: TeamHttpRequest) -> HttpResponse:
    """All that the reader may see, the one that changed last first."""
    found = shelves.counted(visible_to(request.user, request.team.pk)).select_related("created_by")
    page = Paginator(found.order_by("-updated_at", "id"), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page": page, "shelves": shelves.shelves(page)}
    return render_fragment(request, "generations/collections.html", context, fragment="collections")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@team_required(Action.CREATE)
def new(request: TeamHttpRequest) -> HttpResponse:
    """One more, to be filled by hand."""
    form = CollectionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = keeping.create(request.team, **form.cleaned_data, by=request.user)
        except (TooManyCollections, TeamClosing) as refusal:
            form.add_error(None, refusals.of_collection(refusal))
        else:
            messages.success(request, _("The collection is made."))
            return redirect("generations:collection", made.pk)
    return render(request, FORM, {"form": form}, status=422 if form.errors else 200)
