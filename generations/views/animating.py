"""From a finished image to a clip that begins with it."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import urlencode
from django_htmx.http import HttpResponseClientRedirect

from accounts.access import Action, TeamHttpRequest, team_required
from generations.archive.uploads import BadUpload, adopt, images_of
from generations.forms import IMAGE_TO_VIDEO, model_with_first_frame
from generations.intake import UPLOAD_PREFIX
from generations.models import Asset
from project.http import post_to

from .one import back, found


@post_to("generations:detail", "generation_id")
@team_required(Action.CREATE)
def animate(request: TeamHttpRequest, generation_id: UUID, position: int) -> HttpResponse:
    """The create form with this image as the first frame, and everything else as it comes."""
    generation = found(request, generation_id)
    images = images_of(request.team).filter(generation=generation, kind=Asset.Kind.OUTPUT)
    image = get_object_or_404(images, position=position)
    try:
        upload = adopt(request.team, image.pk)
    except BadUpload as error:
        page = back(request, generation, error.message)
        return HttpResponseClientRedirect(page.url) if request.htmx else page
    given = {"task_type": IMAGE_TO_VIDEO, "model": model_with_first_frame().slug}
    given |= {"first_frame_url": f"{UPLOAD_PREFIX}{upload.pk}"}
    address = f"{reverse('generations:create')}?{urlencode(given)}"
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)
