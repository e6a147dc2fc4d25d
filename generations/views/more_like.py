"""More like a picture: whoever has one that was made here, or that something was made from, finds what is like it."""

from typing import BinaryIO, cast

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.access import Action, TeamHttpRequest, team_required
from accounts.models import Team
from generations import pictures
from generations.archive.uploads import BadUpload, images_of, same_as
from generations.models import Asset, Generation
from project.http import render_fragment

from .asked import uuid_or_none
from .picker import choices_of, page_of

PAGE = "generations/like.html"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@team_required(Action.VIEW)
def like(request: TeamHttpRequest) -> HttpResponse:
    """A file to send, and those of the team's images that lead somewhere; what is posted leads to what is like it.

    The file is looked at and not kept. An image that is not the team's is not found.
    """
    refused = ""
    if request.method == "POST":
        try:
            return redirect(f"{reverse('generations:gallery')}?{urlencode({'like': str(_generation(request).id)})}")
        except BadUpload as error:
            refused = error.message
    images, has_more = page_of(pictures.leading(request.team), request.GET.get("before", ""))
    more = urlencode({"before": str(images[-1].id)}) if has_more else ""
    context = {
        "choices": choices_of(images),
        "more_url": f"{reverse('generations:like')}?{more}" if more else "",
        "refused": refused,
    }
    return render_fragment(request, PAGE, context, fragment="choices", status=422 if refused else 200)


def _generation(request: TeamHttpRequest) -> Generation:
    """Where the picture leads; raises BadUpload where that is nowhere."""
    if "picked" in request.POST:
        images = _picked(request.team, request.POST["picked"])
    elif file := request.FILES.get("file"):
        images = same_as(request.team, cast(BinaryIO, file))
    else:
        raise BadUpload(_("Choose a picture first."))
    generation = pictures.generation_of(request.team, images)
    if generation is None:
        raise BadUpload(_("This picture was not made here, nor was anything made from it. Describe it in words."))
    return generation


def _picked(team: Team, id: str) -> QuerySet[Asset]:
    """All that have the file of one of the team's: an upload may be what was made here before."""
    image_id = uuid_or_none(id)
    image = images_of(team).filter(id=image_id).first() if image_id else None
    if image is None:
        raise Http404
    return images_of(team).filter(path=image.path)
