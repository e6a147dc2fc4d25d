"""The team's images, to choose one to start from: uploads and what was made here alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.access import Action, TeamHttpRequest, team_required
from generations import links
from generations.archive.uploads import images_of
from generations.catalog import Input
from generations.forms import IMAGE_TO_VIDEO, INPUTS
from generations.models import Asset
from project.http import render_fragment

from .asked import uuid_or_none
from .uploads import FIRST, Block, with_new_inputs
from .uploads import control_name as control_of

PAGE = "generations/picker.html"
PAGE_SIZE = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """`name` is what it shows, as far as that is known."""

    id: UUID
    preview: str
    name: str


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@team_required(Action.CREATE)
def picker(request: TeamHttpRequest) -> HttpResponse:
    """Images for the input named by `pick`, newest first, older than `before`; to htmx they alone.

    Posted by a browser without JavaScript it is a page, which holds what was filled in and gives it back with the
    choice.
    """
    posted = with_new_inputs(request)[0] if request.method == "POST" else request.GET.copy()
    each = _input(posted.get("pick", ""))
    images, has_more = page_of(images_of(request.team), posted.get("before", ""))
    context = {
        "place": Block(each),
        "choices": choices_of(images),
        "before": images[-1].id if has_more else None,
        "more_url": _more_url(each, images[-1].id) if has_more else "",
        "held": _held(posted),
        "is_first": not posted.get("before"),
    }
    return render_fragment(request, PAGE, context, fragment="choices")


def _input(name: str) -> Input:
    each = INPUTS.get(name, INPUTS[FIRST])
    return each if each.media == "image" else INPUTS[FIRST]


def page_of(images: QuerySet[Asset], before: str) -> tuple[list[Asset], bool]:
    """The newest of them, and whether there are more. Ids are UUIDv7, so their order is that of time."""
    images = _each_once(images).order_by("-id").select_related("generation")
    if last := uuid_or_none(before):
        images = images.filter(id__lt=last)
    found = list(images[: PAGE_SIZE + 1])
    return found[:PAGE_SIZE], len(found) > PAGE_SIZE


def _each_once(images: QuerySet[Asset]) -> QuerySet[Asset]:
    """What was uploaded twice, or made here and chosen before, is one image: that of the last time."""
    return images.exclude(Exists(images.filter(path=OuterRef("path"), id__gt=OuterRef("id"))))


def choices_of(images: Sequence[Asset]) -> list[Choice]:
    posters = Asset.objects.filter(
        kind=Asset.Kind.POSTER, generation__in=[image.generation_id for image in images], deleted_at=None
    )
    by_place = {(poster.generation_id, poster.position): poster for poster in posters}
    return [
        Choice(
            id=image.id,
            preview=links.path(by_place.get((image.generation_id, image.position), image)),
            name=image.generation.prompt.strip()[:120] if image.generation else _("Uploaded image"),
        )
        for image in images
    ]


def _more_url(each: Input, last: UUID) -> str:
    return f"{reverse('generations:picker')}?{urlencode({'pick': each.name, 'before': str(last)})}"


def _held(posted: QueryDict) -> list[tuple[str, Any]]:
    """What was filled in so far, as hidden fields: without the page's own, and what has come to its place already."""
    own = {"csrfmiddlewaretoken", "page_team", "pick", "picked", "before", "remove", "tab", "form_key"}
    own |= {control_of(each, kind) for each in INPUTS.values() for kind in ("file", "link")}
    given = [(name, value) for name, values in posted.lists() if name not in own for value in values]
    return given if "task_type" in posted else [*given, ("task_type", IMAGE_TO_VIDEO)]
