"""Our own files: by /media/<asset id> to whoever has a signed link that has not expired, else to members."""

import time
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import Action, TeamHttpRequest, team_required
from generations import files, links
from generations.models import Asset, Generation


@require_safe
def media(request: HttpRequest, asset_id: UUID) -> HttpResponseBase:
    expires, signature = request.GET.get("expires", ""), request.GET.get("signature", "")
    if not links.is_good(asset_id, expires=expires, signature=signature):
        raise PermissionDenied
    asset = get_object_or_404(Asset, id=asset_id)
    if asset.deleted_at:
        return HttpResponse(_("This file has been deleted."), status=410, content_type="text/plain; charset=utf-8")
    return files.respond(request, asset, max_age_seconds=int(expires) - int(time.time()))


@require_safe
@team_required(Action.VIEW)
def content(request: TeamHttpRequest, generation_id: UUID, position: int) -> HttpResponseBase:
    """What was made, counted from 0, at an address that stays. ?download=1 makes it an attachment."""
    generation = get_object_or_404(Generation.objects.for_team(request.team.id), id=generation_id)
    outputs = generation.assets.filter(kind=Asset.Kind.OUTPUT, deleted_at=None)
    return files.respond(request, get_object_or_404(outputs, position=position))
