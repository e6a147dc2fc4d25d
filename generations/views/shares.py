"""The links of a collection: made and revoked."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from accounts.access import Action, TeamHttpRequest, team_required
from accounts.actors import actor_of
from accounts.refusals import TeamClosing
from accounts.roles import NotAllowed
from generations.collections import sharing
from generations.collections.collections import Gone
from generations.collections.forms import ShareForm
from generations.collections.sharing import TooManyLinks
from generations.models import ShareLink
from project.confirming import ask, is_confirmed
from project.http import post_to

from . import refusals
from .collection import found_to_end, of_revoking, render_page


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
    try:
        sharing.revoke(link, by=actor_of(request))
    except NotAllowed as error:
        raise PermissionDenied from error
    except TeamClosing:
        pass  # it opens nothing any more
    messages.success(request, _("The link is revoked."))
    return redirect("generations:collection", kept.pk)
