"""The team's batches, and a new one: read, checked, and drafted."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import csv_export
from accounts.access import Action, TeamHttpRequest, team_required
from generations.batches import form as forms
from generations.batches import progress, reading, steering
from generations.batches.form import BatchForm
from generations.catalog import MODELS, find_model
from generations.models import Batch
from project.http import render_fragment

PAGE_SIZE = 25


@never_cache
@require_safe
@team_required(Action.VIEW)
def batches(request: TeamHttpRequest) -> HttpResponse:
    """All batches of the team, newest first, with how far each is."""
    found = Batch.objects.filter(team=request.team).select_related("created_by").order_by("-id")
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    listed = list(page)
    at = progress.of_many(listed)
    # A draft may have been deleted since.
    context = {"page": page, "batches": [(batch, at[batch.id]) for batch in listed if batch.id in at]}
    return render_fragment(request, "generations/batches.html", context, fragment="batches")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@team_required(Action.CREATE)
def new(request: TeamHttpRequest) -> HttpResponse:
    """The form; posted, a draft and on to it. To htmx, which asks with another model, that model's choices."""
    if request.method != "POST":
        return _page(request, BatchForm(initial=request.GET.dict()), fragment="choices")
    form = BatchForm(request.POST, request.FILES)
    if form.is_reshaped:
        # Nothing is drafted from choices that were shown for another model.
        kept = BatchForm(initial=request.POST.dict())
        kept.initial.update({name: request.POST.get(name, "") for name in ("name", "kind", "text")})
        return _page(request, kept, status=422, has_new_choices=True)
    if not form.is_valid():
        return _page(request, form, status=422)
    batch = steering.draft(request.team, request.user, name=form.cleaned_data["name"], rows=form.rows)
    return redirect("generations:batch", batch.id)


@require_safe
@team_required(Action.CREATE)
def template(request: TeamHttpRequest) -> HttpResponseBase:
    """A table with the columns of ?model=, and a row that shows what goes into them."""
    spec = MODELS.get(request.GET.get("model", "")) or find_model("")
    table = [[[name for name, _taken in forms.columns(spec)], forms.example(spec)]]
    return csv_export.respond(request, table, name=f"filmgate-batch-{spec.slug}.csv")


def _page(
    request: TeamHttpRequest, form: BatchForm, *, status: int = 200, fragment: str = "form", **context: Any
) -> HttpResponse:
    context |= {
        "form": form,
        "columns": forms.columns(form.spec),
        "most_rows": reading.MAX_ROWS,
        "most_megabytes": reading.MAX_BYTES >> 20,
        "takes_gb18030": reading.takes_gb18030(),
    }
    return render_fragment(request, "generations/batch_new.html", context, fragment=fragment, status=status)
