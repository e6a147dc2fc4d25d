"""More like a picture: whoever has one that was made here finds what came of the same words."""

import hashlib
from collections.abc import Iterator

from django.core.files.uploadedfile import UploadedFile
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
from generations.archive.uploads import MAX_BYTES, BadUpload, images_of
from generations.models import Asset, Generation
from project.http import render_fragment

from .asked import uuid_or_none
from .picker import choices_of, page_of

PAGE = "generations/like.html"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@team_required(Action.VIEW)
def like(request: TeamHttpRequest) -> HttpResponse:
    """A file to send, and the team's images to choose from; what is posted leads to what is like it.

    The file is looked at and not kept. An image that is not the team's is not found.
    """
    refused = ""
    if request.method == "POST":
        try:
            return redirect(f"{reverse('generations:gallery')}?{urlencode({'like': str(_made(request).id)})}")
        except BadUpload as error:
            refused = error.message
    images, has_more = page_of(request.team, request.GET.get("before", ""))
    more = urlencode({"before": str(images[-1].id)}) if has_more else ""
    context = {
        "choices": choices_of(images),
        "more_url": f"{reverse('generations:like')}?{more}" if more else "",
        "refused": refused,
    }
    return render_fragment(request, PAGE, context, fragment="choices", status=422 if refused else 200)


def _made(request: TeamHttpRequest) -> Generation:
    """The generation that a picture came out of; raises BadUpload where it has none, or none with a prompt."""
    if "picked" in request.POST:
        images = _picked(request.team, request.POST["picked"])
    elif file := request.FILES.get("file"):
        images = _same_as(request.team, file)
    else:
        raise BadUpload(_("Choose a picture first."))
    made = Generation.objects.for_team(request.team.id).filter(assets__in=images).exclude(prompt="")
    generation = made.newest_first().first()
    if generation is None:
        raise BadUpload(
            _("This picture was not made here from a prompt, so there is nothing to compare. Describe it in words.")
        )
    return generation


def _picked(team: Team, id: str) -> QuerySet[Asset]:
    """All that have the file of one of the team's: an upload may be what was made here before."""
    image_id = uuid_or_none(id)
    image = images_of(team).filter(id=image_id).first() if image_id else None
    if image is None:
        raise Http404
    return images_of(team).filter(path=image.path)


def _same_as(team: Team, file: UploadedFile) -> QuerySet[Asset]:
    """What is, byte by byte, the file that was sent."""
    if (file.size or 0) > MAX_BYTES:
        raise BadUpload(_("The image is larger than 20 MB."))
    digest = hashlib.sha256()
    chunks: Iterator[bytes] = file.chunks()
    for chunk in chunks:
        digest.update(chunk)
    return images_of(team).filter(sha256=digest.hexdigest())
