"""Images that a clip starts from: uploaded here, or named by a link that the provider fetches."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, cast
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django_htmx.http import reswap, retarget

from accounts.access import Action, TeamHttpRequest, team_required
from accounts.models import Team
from generations import links
from generations.archive.uploads import BadUpload, keep_upload
from generations.forms import refusal
from generations.intake import UPLOAD_PREFIX, GenerationRequest, InvalidParameter
from generations.models import Asset
from project.http import post_to

from .asked import uuid_or_none

TEMPLATE = "generations/images.html"


@dataclass(frozen=True, slots=True)
class Image:
    """`value` is what the form sends; only our own copies have a `preview`, other hosts' pictures are not shown."""

    value: str
    preview: str = ""


@never_cache
@post_to("generations:create")
@team_required(Action.CREATE)
def upload(request: TeamHttpRequest) -> HttpResponse:
    """The images just chosen, ready to be put into the form; 422 and the reason where one is refused."""
    try:
        images = previews(request.team, [*kept_uploads(request), *_links(request)])
    except BadUpload as error:
        return _refused(request, str(error))
    except InvalidParameter as error:
        return _refused(request, refusal(error))
    return render(request, f"{TEMPLATE}#images", {"images": images})


def kept_uploads(request: TeamHttpRequest) -> list[str]:
    """The uploaded files of a request, kept, as the form's values; raises BadUpload."""
    assets = [keep_upload(request.team, cast(BinaryIO, file)) for file in request.FILES.getlist("file")]
    return [f"{UPLOAD_PREFIX}{asset.id}" for asset in assets]


def previews(team: Team, values: Sequence[str]) -> list[Image]:
    """The form's values as images; an upload of another team's stays without a picture."""
    ids: dict[str, UUID] = {
        value: id for value in values if (id := uuid_or_none(value.removeprefix(UPLOAD_PREFIX))) is not None
    }
    own = Asset.objects.filter(team=team, kind=Asset.Kind.UPLOAD, deleted_at=None).in_bulk(list(ids.values()))
    pictures = {value: links.path(own[id]) for value, id in ids.items() if id in own}
    return [Image(value, pictures.get(value, "")) for value in values]


def _links(request: TeamHttpRequest) -> list[str]:
    link = request.POST.get("link", "").strip()
    return list(GenerationRequest.from_mapping({"prompt": "-", "image_urls": [link]}).image_urls) if link else []


def _refused(request: TeamHttpRequest, reason: str) -> HttpResponse:
    response = render(request, f"{TEMPLATE}#image-errors", {"image_errors": [reason]}, status=422)
    return reswap(retarget(response, "#image-errors"), "outerHTML")
