"""The files of a task, by key: our own copy, an image of a set, the poster."""

from django.http import HttpResponseBase
from ninja import Router

from accounts.api.answers import ApiError, errors
from accounts.api.auth import KeyRequest
from generations import files
from generations.models import Asset

from .document import FILE
from .tasks import find_task

router = Router(tags=["Files"])


@router.api_operation(["HEAD"], "/tasks/{task_id}/content", include_in_schema=False)
@router.get("/tasks/{task_id}/content", response=errors(404, 410), openapi_extra=FILE)
def get_content(request: KeyRequest, task_id: str) -> HttpResponseBase:
    """The clip, or the first image of a set. Takes Range and If-None-Match; ?download=1 makes it an attachment."""
    return _file(request, task_id, Asset.Kind.OUTPUT, "0")


@router.api_operation(["HEAD"], "/tasks/{task_id}/content/{position}", include_in_schema=False)
@router.get("/tasks/{task_id}/content/{position}", response=errors(404, 410), openapi_extra=FILE)
def get_content_at(request: KeyRequest, task_id: str, position: str) -> HttpResponseBase:
    """One image of a set, counted from 0."""
    return _file(request, task_id, Asset.Kind.OUTPUT, position)


@router.api_operation(["HEAD"], "/tasks/{task_id}/poster", include_in_schema=False)
@router.get("/tasks/{task_id}/poster", response=errors(404, 410), openapi_extra=FILE)
def get_poster(request: KeyRequest, task_id: str) -> HttpResponseBase:
    """A still of the clip."""
    return _file(request, task_id, Asset.Kind.POSTER, "0")


def _file(request: KeyRequest, task_id: str, kind: Asset.Kind, position: str) -> HttpResponseBase:
    generation = find_task(request, task_id, even_hidden=True)
    wanted = [each for each in generation.assets.all() if each.kind == kind and str(each.position) == position]
    if generation.hidden_at or any(asset.deleted_at for asset in wanted):
        raise ApiError(410, "GONE", "This file has been deleted.")
    if not wanted:
        raise ApiError(404, "NOT_FOUND", "The task has no such file, or not yet.")
    return files.respond(request, wanted[0])
