"""Links that share a collection: made and revoked under it; and all of the team's, for whoever may end any of them."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import Action, TeamHttpRequest, team_required
from accounts.actors import actor_of
from accounts.refusals import TeamClosing
from accounts.roles import NotAllowed
from generations.collections import open_links, sharing
from generations.collections.forms import ShareForm
from generations.collections.keeping import Gone, visible_to
from generations.collections.sharing import TooManyLinks
from generations.models import ShareLink
from project.confirming import ask, is_confirmed
from project.http import post_to

from . import refusals
from .one_collection import found_to_end, of_revoking, render_page

PAGE_SIZE = 50


@post_to("generations:collection", "collection_id")
@team_required(Action.CREATE)
def share(request: TeamHttpRequest, collection_id: UUID) -> HttpResponse:
    """Make a link that opens it for so many `days`; the page then shows it."""
    kept, form = found_to_end(request, collection_id), ShareForm(request.POST)
    if form.is_valid():
        try:
            sharing.share(kept, days=form.cleaned_data["days"], by=actor_of(request))
        except TooManyLinks:
            text = _("A collection has at most %(most)s links at a time. Revoke one that is not needed.")
            form.add_error(None, text % {"most": sharing.MOST})
        except TeamClosing:
            form.add_error(None, refusals.of_closing())
        except NotAllowed as error:
            raise PermissionDenied from error
        except Gone as error:
            raise Http404 from error
    if form.errors:
        return render_page(request, kept, share_form=form, status=422)
    messages.success(request, _("The link is made. Copy it below."))
    return redirect("generations:collection", kept.pk)


@post_to("generations:collection", "collection_id")
@team_required(Action.CREATE)
def revoke(request: TeamHttpRequest, collection_id: UUID, share_id: UUID) -> HttpResponse:
    kept = found_to_end(request, collection_id)
    link = get_object_or_404(ShareLink.objects.select_related("collection__team"), pk=share_id, collection=kept)
    if not is_confirmed(request):
        return ask(request, of_revoking(), cancel=request.path.partition("shares/")[0])
    _revoke(request, link)
    return redirect("generations:collection", kept.pk)


@never_cache
@require_safe
@team_required(Action.MANAGE_COLLECTIONS)
def links(request: TeamHttpRequest) -> HttpResponse:
    """Those that have not ended. Of another member's private collection it says that there is one, and whose."""
    found = open_links.unended().filter(collection__team=request.team)
    found = found.select_related("collection__created_by", "created_by")
    page = Paginator(found.order_by("-created_at", "id"), PAGE_SIZE).get_page(request.GET.get("page"))
    seen = visible_to(request.user, request.team.pk).in_bulk({link.collection_id for link in page})
    context = {
        "page": page,
        "links": [(link, seen.get(link.collection_id)) for link in page],
        "revoking": of_revoking(),
    }
    return render(request, "generations/collection_links.html", context)


@post_to("generations:collection_links")
@team_required(Action.MANAGE_COLLECTIONS)
def revoke_any(request: TeamHttpRequest, share_id: UUID) -> HttpResponse:
    """Any of the team's, seen or not."""
    of_team = ShareLink.objects.filter(collection__team=request.team).select_related("collection__team")
    link = get_object_or_404(of_team, pk=share_id)
    if not is_confirmed(request):
        return ask(request, of_revoking(), cancel=reverse("generations:collection_links"))
    _revoke(request, link)
    return redirect("generations:collection_links")


def _revoke(request: TeamHttpRequest, link: ShareLink) -> None:
    try:
        sharing.revoke(link, by=actor_of(request))
    except NotAllowed as error:
        raise PermissionDenied from error
    except TeamClosing:
        pass  # it opens nothing any more
    messages.success(request, _("The link is revoked."))
