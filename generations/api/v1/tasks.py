"""/tasks: look, list, cancel, retry, delete."""

from typing import Annotated
from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.http import conditional_page
from ninja import Query, Router, Status
from ninja.decorators import decorate_view

from accounts.api.answers import Answer, errors
from accounts.api.auth import CHANGE, CREATE, KeyRequest
from generations import catalog, lifecycle, pricing
from generations.frozen import request_of
from generations.lifecycle import IllegalMove
from generations.models import Generation, State

from . import paging, represent
from .document import IDEMPOTENCY_KEY
from .errors import Conflict, TaskNotFound
from .generations import asker_of, mark_replay
from .idempotency import idempotency_of
from .schemas import Deleted, Retried, Task, TaskPage

router = Router(tags=["Tasks"])


@router.get("/tasks", response={200: Answer[TaskPage], **errors()})
def list_tasks(request: KeyRequest, filters: Annotated[paging.TaskFilters, Query()]) -> Answer[TaskPage]:
    """The team's tasks, newest first; with `q` those found by it, the best first."""
    page = paging.find(request.auth.team_id, filters)
    tasks = represent.tasks(page.generations, found_by=page.found_by)
    return Answer[TaskPage](data=TaskPage(tasks=tasks, pagination=page.pagination, search=page.how))


@router.get("/tasks/{task_id}", response={200: Answer[Task], **errors(404)})
@decorate_view(conditional_page)
def get_task(request: KeyRequest, task_id: str) -> Answer[Task]:
    """One task. Send the ETag back in If-None-Match: 304 means that nothing has changed."""
    return Answer[Task](data=represent.task(find_task(request, task_id)))


@router.post("/tasks/{task_id}/cancel", auth=CHANGE, response={200: Answer[Task], **errors(404, 409)})
def cancel_task(request: KeyRequest, task_id: str) -> Answer[Task]:
    """Call a task off before a provider has it; its credits come back whole. Again is harmless."""
    generation = find_task(request, task_id)
    if generation.state == State.QUEUED:
        lifecycle.advance(generation, State.CANCELLED, expecting=[State.QUEUED])
        generation.refresh_from_db()
    if generation.state != State.CANCELLED:
        message = "Only a task that no provider has yet can be cancelled."
        raise Conflict(message, state=generation.state)
    return Answer[Task](data=represent.task(generation))


@router.post(
    "/tasks/{task_id}/retry",
    auth=CREATE,
    response={201: Answer[Retried], **errors(402, 404, 409, 422)},
    openapi_extra={"parameters": [IDEMPOTENCY_KEY]},
)
def retry_task(request: KeyRequest, response: HttpResponse, task_id: str) -> Status[Answer[Retried]]:
    """Ask for the same again, as a new task at today's price. For tasks that failed or were cancelled."""
    failed = find_task(request, task_id)
    if failed.state not in (State.FAILED, State.CANCELLED):
        raise Conflict("Only a task that failed or was cancelled can be retried.", state=failed.state)
    resolved = catalog.resolve(request_of(failed))
    generation, is_new = lifecycle.create(
        resolved,
        pricing.quote(resolved),
        asker=asker_of(request),
        idempotency=idempotency_of(request, {"retry_of": str(failed.id)}),
        retry_of=failed,
    )
    mark_replay(response, is_new)
    return Status(201, Answer[Retried](data=represent.retried(generation)))


@router.delete("/tasks/{task_id}", auth=CHANGE, response={200: Answer[Deleted], **errors(404, 409)})
def delete_task(request: KeyRequest, task_id: str) -> Answer[Deleted]:
    """Delete a final task and its files. What it cost stays in the credits statement."""
    generation = find_task(request, task_id)
    try:
        lifecycle.hide(generation)
    except IllegalMove as error:
        message = "A task can be deleted once it has completed, failed or been cancelled."
        raise Conflict(message, state=generation.state) from error
    return Answer[Deleted](data=Deleted(id=generation.id, deleted=True))


def find_task(request: KeyRequest, task_id: str, *, even_hidden: bool = False) -> Generation:
    """The team's task of that id, its assets fetched along; raises TaskNotFound."""
    team_id = request.auth.team_id
    try:
        id = UUID(task_id)
    except ValueError as error:
        raise TaskNotFound from error
    visible = Generation.objects.filter(team_id=team_id) if even_hidden else Generation.objects.for_team(team_id)
    generation = visible.filter(id=id).prefetch_related(*paging.PREFETCH).first()
    if generation is None:
        raise TaskNotFound
    return generation
