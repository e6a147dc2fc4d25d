"""An asset as an answer over HTTP, whoever may see it."""

import mimetypes

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponseBase

from project import files

from .models import Asset


def respond(request: HttpRequest, asset: Asset, *, max_age_seconds: int = 0) -> HttpResponseBase:
    """The file of an asset that is not deleted; see project.files. Raises Http404 when the file is not there."""
    try:
        return files.respond(
            request,
            settings.MEDIA_FOLDER / asset.path,
            content_type=asset.content_type,
            etag=asset.sha256,
            name=name_of(asset),
            max_age_seconds=max_age_seconds,
        )
    except FileNotFoundError as error:
        raise Http404 from error


def name_of(asset: Asset) -> str:
    """What the file is saved as: its generation's id, what it is of it, and a suffix that fits."""
    suffix = mimetypes.guess_extension(asset.content_type, strict=False) or ""
    part = {Asset.Kind.POSTER: "-poster"}.get(Asset.Kind(asset.kind), "")
    number = f"-{asset.position}" if asset.position else ""
    return f"{asset.generation_id or asset.id}{part}{number}{suffix}"
