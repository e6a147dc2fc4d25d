"""What a clip starts from: images uploaded here, and links that the provider fetches."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, cast
from uuid import UUID

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django_htmx.http import reswap, retarget

from accounts.access import Action, TeamHttpRequest, team_required
from accounts.models import Team
from generations import links
from generations.archive.uploads import BadUpload, adopt, keep_upload
from generations.catalog import Input
from generations.forms import INPUTS, CreateForm, links_value, refusal, tab_and_model
from generations.intake import UPLOAD_PREFIX, GenerationRequest, InvalidParameter
from generations.models import Asset
from project.http import post_to

from .asked import uuid_or_none

TEMPLATE = "generations/images.html"
FIRST = "image_urls"


@dataclass(frozen=True, slots=True)
class Image:
    """`value` is what the form sends; only our own copies have a `preview`, what other hosts have is not shown."""

    value: str
    preview: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """One input of the form, with what was given so far. The names of its controls and ids begin with `stem`."""

    input: Input
    images: Sequence[Image] = ()
    errors: Sequence[str] = ()

    @property
    def stem(self) -> str:
        return self.input.name.removesuffix("s").removesuffix("_url")

    @property
    def file_name(self) -> str:
        return control_name(self.input, "file")

    @property
    def link_name(self) -> str:
        return control_name(self.input, "link")


@never_cache
@post_to("generations:create")
@team_required(Action.CREATE)
def upload(request: TeamHttpRequest) -> HttpResponse:
    """What was just chosen for one input, ready to be put into the form; 422 and the reason where it is refused."""
    each = INPUTS.get(request.POST.get("input", ""), INPUTS[FIRST])
    try:
        values = [*kept_uploads(request, each), *_picked(request, each), *_links(request, each)]
    except BadUpload as error:
        return _refused(request, each, str(error))
    except InvalidParameter as error:
        return _refused(request, each, refusal(error))
    return render(request, f"{TEMPLATE}#images", {"block": Block(each, previews(request.team, values))})


def control_name(each: Input, kind: str) -> str:
    """The name of an input's control for files or for links; that of the reference images is the plain word."""
    return kind if each.name == FIRST else f"{each.name}-{kind}"


def kept_uploads(request: TeamHttpRequest, each: Input) -> list[str]:
    """The files that a request brings for an input, kept, as the form's values; raises BadUpload."""
    if each.media != "image":
        return []
    files = request.FILES.getlist(control_name(each, "file"))
    return [f"{UPLOAD_PREFIX}{keep_upload(request.team, cast(BinaryIO, file)).id}" for file in files]


def with_new_inputs(request: TeamHttpRequest) -> tuple[QueryDict, dict[str, str]]:
    """What was posted, with the files and the typed links that came beside it in their places; and why some did not.

    So it is with a form that was sent without JavaScript, or with a link that was typed and not added. Where one is
    taken, the new one takes the place of the old.
    """
    posted, refused = request.POST.copy(), {}
    _task_type, spec = tab_and_model(posted)
    takes_one = {each.name for each in spec.inputs if each.maximum == 1}
    for name, each in INPUTS.items():
        link = posted.get(control_name(each, "link"), "").strip()
        new = [link] if link else []
        try:
            new += [*kept_uploads(request, each), *_picked(request, each)]
        except BadUpload as error:
            refused[name] = error.message
        if new:
            posted.setlist(name, new if name in takes_one else [*posted.getlist(name), *new])
    _take_out(posted)
    return posted, refused


def blocks(team: Team, form: CreateForm, refused: Mapping[str, str]) -> list[Block]:
    """The inputs of a form, with the pictures of what we have a copy of, and why files for them were refused."""
    given = {each.name: form[each.name].value() or [] for each in form.inputs}
    shown = {image.value: image for image in previews(team, [value for values in given.values() for value in values])}
    return [
        Block(
            each,
            [shown[value] for value in given[each.name]],
            [*map(str, form[each.name].errors), *filter(None, [refused.get(each.name)])],
        )
        for each in form.inputs
    ]


def previews(team: Team, values: Iterable[str]) -> list[Image]:
    """The form's values as images; an upload of another team's stays without a picture."""
    values = list(values)
    ids: dict[str, UUID] = {
        value: id for value in values if (id := uuid_or_none(value.removeprefix(UPLOAD_PREFIX))) is not None
    }
    own = Asset.objects.filter(team=team, kind=Asset.Kind.UPLOAD, deleted_at=None).in_bulk(list(ids.values()))
    pictures = {value: links.path(own[id]) for value, id in ids.items() if id in own}
    return [Image(value, pictures.get(value, "")) for value in values]


def _picked(request: TeamHttpRequest, each: Input) -> list[str]:
    """The image that was chosen for the input from those of the team, as the form's value; raises BadUpload."""
    name, _space, id = request.POST.get("picked", "").partition(" ")
    image_id = uuid_or_none(id)
    if name != each.name or each.media != "image" or image_id is None:
        return []
    return [f"{UPLOAD_PREFIX}{adopt(request.team, image_id).pk}"]


def _take_out(posted: QueryDict) -> None:
    """What "Remove" was pressed beside, where the browser could not take it away by itself."""
    name, _space, value = posted.get("remove", "").partition(" ")
    if name in INPUTS:
        posted.setlist(name, [each for each in posted.getlist(name) if each != value])


def _links(request: TeamHttpRequest, each: Input) -> list[str]:
    link = request.POST.get(control_name(each, "link"), "").strip()
    if link:
        GenerationRequest.from_mapping({each.name: links_value(each, [link])})
    return [link] if link else []


def _refused(request: TeamHttpRequest, each: Input, reason: str) -> HttpResponse:
    block = Block(each, errors=[reason])
    response = render(request, f"{TEMPLATE}#image-errors", {"block": block}, status=422)
    return reswap(retarget(response, f"#{block.stem}-errors"), "outerHTML")
