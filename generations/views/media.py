"""/media/<asset id>: our own files, to whoever has a signed link that has not expired."""

import time
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from generations import files, links
from generations.models import Asset


@require_safe
def media(request: HttpRequest, asset_id: UUID) -> HttpResponseBase:
    expires, signature = request.GET.get("expires", ""), request.GET.get("signature", "")
    if not links.is_good(asset_id, expires=expires, signature=signature):
        raise PermissionDenied
    asset = get_object_or_404(Asset, id=asset_id)
    if asset.deleted_at:
        return HttpResponse(_("This file has been deleted."), status=410, content_type="text/plain; charset=utf-8")
    return files.respond(request, asset, max_age_seconds=int(expires) - int(time.time()))
