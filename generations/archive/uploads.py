"""Images that a clip can start from: uploads, of which the pixels alone are kept, and what was made here before."""

import hashlib
import io
import threading
from typing import Any, BinaryIO
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from accounts import teams
from accounts.models import Team
from accounts.refusals import TeamClosing
from generations.models import Asset

from . import store

MAX_BYTES = 20 << 20
MAX_PIXELS = 40_000_000
FORMATS = {
    "JPEG": (".jpg", "image/jpeg", {"quality": 92}),
    "PNG": (".png", "image/png", {}),
    "WEBP": (".webp", "image/webp", {"quality": 92}),
}
# A decoded image of 40 megapixels is 160 MB, and there are a few of it on the way.
_turn = threading.BoundedSemaphore(2)
_UNREADABLE = (
    UnidentifiedImageError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
)


class BadUpload(ValueError):
    """An upload that is not kept; `message` says why to whoever sent it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def keep_upload(team: Team, file: BinaryIO) -> Asset:
    """Keep a JPEG, PNG or WebP of at most 20 MiB and 40 megapixels, told by its content; raises BadUpload.

    It is decoded and encoded anew: turned upright, without its metadata, the first frame where there are several.
    """
    encoded, format_name, size = _as_kept(_content(file))
    suffix, content_type, _options = FORMATS[format_name]
    with store.draft([encoded]) as draft, transaction.atomic():
        _refuse_where_closing(team)
        return Asset.objects.create(
            team=team,
            kind=Asset.Kind.UPLOAD,
            path=store.keep(draft, suffix),
            content_type=content_type,
            size_bytes=draft.size_bytes,
            sha256=draft.sha256,
            width=size[0],
            height=size[1],
        )


def same_as(team: Team, file: BinaryIO) -> QuerySet[Asset]:
    """The team's images that a file is: byte by byte, or in its pixels where it was uploaded before.

    Nothing is kept. Raises BadUpload as keep_upload() does, but for a file that is known as it is.
    """
    content = _content(file)
    known = images_of(team).filter(sha256=hashlib.sha256(content).hexdigest())
    if known.exists():
        return known
    encoded, _format_name, _size = _as_kept(content)
    return images_of(team).filter(sha256=hashlib.sha256(encoded).hexdigest())


def adopt(team: Team, asset_id: UUID) -> Asset:
    """The upload that stands for an image of the team's: itself, or one with the content of what was made.

    The file is the same, as files are named by content. Raises BadUpload where the image is not there, or no longer.
    """
    with transaction.atomic():
        _refuse_where_closing(team)
        # Then nobody unlinks the file. Who did just before has emptied the path, so it is looked up once more.
        store.lock(_found(team, asset_id).path)
        image = _found(team, asset_id)
        uploads = images_of(team).filter(kind=Asset.Kind.UPLOAD)
        own = image if image.kind == Asset.Kind.UPLOAD else uploads.filter(path=image.path).first()
        return own or _copy(image)


def _found(team: Team, asset_id: UUID) -> Asset:
    image = images_of(team).filter(pk=asset_id).first()
    if image is None:
        raise BadUpload(_("This image is no longer there."))
    return image


def images_of(team: Team) -> QuerySet[Asset]:
    """Its uploads and the images that were made in it, which a provider takes."""
    content_types = [content_type for _suffix, content_type, _options in FORMATS.values()]
    kinds = (Asset.Kind.UPLOAD, Asset.Kind.OUTPUT)
    kept = Asset.objects.filter(team=team, kind__in=kinds, deleted_at=None, content_type__in=content_types)
    return kept.exclude(path="")


def _copy(image: Asset) -> Asset:
    same = ("team_id", "path", "content_type", "size_bytes", "sha256", "width", "height")
    return Asset.objects.create(kind=Asset.Kind.UPLOAD, **{name: getattr(image, name) for name in same})


def _refuse_where_closing(team: Team) -> None:
    """With the team's row locked: what is kept after a team's files were deleted would stay for good."""
    try:
        teams.lock(team.pk)
    except TeamClosing as error:
        raise BadUpload(_("The team has been closed.")) from error


def _content(file: BinaryIO) -> bytes:
    content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise BadUpload(_("The image is larger than 20 MB."))
    return content


def _as_kept(content: bytes) -> tuple[bytes, str, tuple[int, int]]:
    """What is kept of it, with its format and size in pixels. The same comes of the same, by one version of Pillow."""
    try:
        with _turn:
            return _encoded_anew(content)
    except BadUpload:
        raise
    except _UNREADABLE as error:
        raise BadUpload(_("This is not a JPEG, PNG or WebP image that can be read.")) from error


def _encoded_anew(content: bytes) -> tuple[bytes, str, tuple[int, int]]:
    with Image.open(io.BytesIO(content), formats=tuple(FORMATS)) as image:
        # Opening reads only the header; nothing large is decoded before its size is known.
        if image.width * image.height > MAX_PIXELS:
            raise BadUpload(_("The image has more than 40 megapixels."))
        format_name = image.format or ""
        upright = ImageOps.exif_transpose(image)
        plain = upright.convert(_mode(upright, format_name))
        bare = Image.new(plain.mode, plain.size)
        bare.paste(plain)
    encoded = io.BytesIO()
    options: dict[str, Any] = FORMATS[format_name][2]
    bare.save(encoded, format_name, **options)
    return encoded.getvalue(), format_name, bare.size


def _mode(image: Image.Image, format_name: str) -> str:
    has_alpha = "A" in image.getbands() or "transparency" in image.info
    return "RGBA" if has_alpha and format_name != "JPEG" else "RGB"
