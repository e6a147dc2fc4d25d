"""/webhook_endpoints: a program with the scope `manage` says where its team's events are to be sent."""

from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.debug import sensitive_variables
from ninja import Router, Status
from pydantic import Field

from accounts.actors import actor_of
from accounts.api import webhook_answers
from accounts.api.answers import Answer, Body, errors
from accounts.api.auth import MANAGE, KeyRequest
from accounts.api.webhook_answers import (
    DeletedEndpoint,
    Delivery,
    EnabledEndpoint,
    Endpoint,
    EndpointList,
    NewEndpoint,
)
from accounts.models import WebhookEndpoint
from accounts.webhooks import endpoints, signing
from accounts.webhooks.endpoint_settings import MAX_DESCRIPTION
from accounts.webhooks.endpoints import EndpointDeleted
from project.outbound.urls import MAX_CHARACTERS

router = Router(tags=["Webhooks"], auth=MANAGE)
DEFAULT_GRACE_SECONDS = 24 * 3600

ChosenEvent = Literal["task.completed", "task.failed", "task.progress", "credits.low"]


class EndpointChanges(Body):
    """Only the fields that are named change."""

    url: str = Field(default_factory=str, min_length=1, max_length=MAX_CHARACTERS, description="http or https, public.")
    events: list[ChosenEvent] = Field(default_factory=list, min_length=1)
    description: str = Field(default_factory=str, max_length=MAX_DESCRIPTION, description="For yourselves.")


class EndpointSettings(EndpointChanges):
    """A new endpoint."""

    url: str = Field(min_length=1, max_length=MAX_CHARACTERS, description="http or https, public.")
    events: list[ChosenEvent] = Field(min_length=1)


class EndpointRotation(Body):
    """The secret that is current now signs along for so long; 0 ends it at once. Any older one ends at once."""

    grace_seconds: int = Field(default=DEFAULT_GRACE_SECONDS, ge=0, le=int(signing.MAX_GRACE.total_seconds()))
    current_version: str | None = Field(
        default=None,
        max_length=64,
        description="secret_version of the secret to replace; where another is current, 409 and nothing done.",
    )


class Enabling(Body):
    send_failed: bool = Field(default=False, description="Send again all that failed since its failures began.")


_DEFAULT_ROTATION, _DEFAULT_ENABLING = EndpointRotation(), Enabling()


@router.get("/webhook_endpoints", response={200: Answer[EndpointList], **errors()})
def list_webhook_endpoints(request: KeyRequest) -> Answer[EndpointList]:
    """The team's endpoints, newest first: all of them, for there are 20 at most."""
    rows = WebhookEndpoint.objects.kept().filter(team_id=request.auth.team_id).order_by("-id")
    return Answer[EndpointList](data=EndpointList(endpoints=[webhook_answers.endpoint(row) for row in rows]))


@router.post("/webhook_endpoints", response={201: Answer[NewEndpoint], **errors(409, 413, 415)})
@sensitive_variables("secret")
def create_webhook_endpoint(
    request: KeyRequest, response: HttpResponse, body: EndpointSettings
) -> Status[Answer[NewEndpoint]]:
    """Make an endpoint. `secret` is in this answer and in no other."""
    endpoint, secret = endpoints.create(request.auth.team, by=actor_of(request), **body.model_dump())
    return Status(201, _shown_once(response, endpoint, secret))


@router.get("/webhook_endpoints/{endpoint_id}", response={200: Answer[Endpoint], **errors(404)})
def show_webhook_endpoint(request: KeyRequest, endpoint_id: str) -> Answer[Endpoint]:
    """One endpoint."""
    return _answer(find_endpoint(request, endpoint_id))


@router.patch("/webhook_endpoints/{endpoint_id}", response={200: Answer[Endpoint], **errors(404, 413, 415)})
def change_webhook_endpoint(request: KeyRequest, endpoint_id: str, body: EndpointChanges) -> Answer[Endpoint]:
    """Change what is named. What waits for the endpoint goes to its new URL."""
    given: dict[str, Any] = body.model_dump(exclude_unset=True)
    return _answer(endpoints.change(find_endpoint(request, endpoint_id), by=actor_of(request), **given))


@router.delete("/webhook_endpoints/{endpoint_id}", response={200: Answer[DeletedEndpoint], **errors(404)})
def delete_webhook_endpoint(request: KeyRequest, endpoint_id: str) -> Answer[DeletedEndpoint]:
    """Delete the endpoint. What waits for it is cancelled; its deliveries can still be read."""
    endpoint = find_endpoint(request, endpoint_id)
    endpoints.delete(endpoint, by=actor_of(request))
    return Answer[DeletedEndpoint](data=DeletedEndpoint(id=endpoint.pk, deleted=True))


@router.post(
    "/webhook_endpoints/{endpoint_id}/rotate", response={200: Answer[NewEndpoint], **errors(404, 409, 413, 415)}
)
@sensitive_variables("secret")
def rotate_webhook_endpoint(
    request: KeyRequest, response: HttpResponse, endpoint_id: str, body: EndpointRotation = _DEFAULT_ROTATION
) -> Answer[NewEndpoint]:
    """A new secret, in this answer and in no other. For the grace each webhook is signed with both."""
    endpoint, grace = find_endpoint(request, endpoint_id), timedelta(seconds=body.grace_seconds)
    secret = endpoints.rotate(endpoint, grace=grace, by=actor_of(request), current=body.current_version)
    endpoint.refresh_from_db()
    return _shown_once(response, endpoint, secret)


@router.post("/webhook_endpoints/{endpoint_id}/test", response={201: Answer[Delivery], **errors(404, 409)})
def test_webhook_endpoint(request: KeyRequest, endpoint_id: str) -> Status[Answer[Delivery]]:
    """Send an `endpoint.test` there, whatever events it has chosen. What became of it: GET the delivery."""
    delivery = endpoints.send_test(find_endpoint(request, endpoint_id), by=actor_of(request))
    delivery.refresh_from_db()
    return Status(201, Answer[Delivery](data=webhook_answers.delivery(delivery)))


@router.post("/webhook_endpoints/{endpoint_id}/pause", response={200: Answer[Endpoint], **errors(404)})
def pause_webhook_endpoint(request: KeyRequest, endpoint_id: str) -> Answer[Endpoint]:
    """Send nothing there for now: what happens waits. Again is harmless."""
    endpoint = find_endpoint(request, endpoint_id)
    endpoints.pause(endpoint, by=actor_of(request))
    return _answer(find_endpoint(request, endpoint_id))


@router.post("/webhook_endpoints/{endpoint_id}/resume", response={200: Answer[Endpoint], **errors(404)})
def resume_webhook_endpoint(request: KeyRequest, endpoint_id: str) -> Answer[Endpoint]:
    """Send again, first what has waited. Again is harmless."""
    endpoint = find_endpoint(request, endpoint_id)
    endpoints.resume(endpoint, by=actor_of(request))
    return _answer(find_endpoint(request, endpoint_id))


@router.post(
    "/webhook_endpoints/{endpoint_id}/enable", response={200: Answer[EnabledEndpoint], **errors(404, 413, 415)}
)
def enable_webhook_endpoint(
    request: KeyRequest, endpoint_id: str, body: Enabling = _DEFAULT_ENABLING
) -> Answer[EnabledEndpoint]:
    """Take a disabled endpoint into service again. Again is harmless."""
    endpoint = find_endpoint(request, endpoint_id)
    number = endpoints.enable(endpoint, send_failed=body.send_failed, by=actor_of(request))
    endpoint.refresh_from_db()
    return Answer[EnabledEndpoint](data=webhook_answers.enabled_endpoint(endpoint, number))


def find_endpoint(request: KeyRequest, endpoint_id: str) -> WebhookEndpoint:
    """The team's endpoint of that id; raises EndpointDeleted for any other, whatever it is or was."""
    try:
        kept = WebhookEndpoint.objects.kept()
        return kept.select_related("team").get(team_id=request.auth.team_id, pk=UUID(endpoint_id))
    except (ValueError, WebhookEndpoint.DoesNotExist) as error:
        raise EndpointDeleted from error


def _answer(endpoint: WebhookEndpoint) -> Answer[Endpoint]:
    return Answer[Endpoint](data=webhook_answers.endpoint(endpoint))


def _shown_once(response: HttpResponse, endpoint: WebhookEndpoint, secret: str) -> Answer[NewEndpoint]:
    response.headers["Cache-Control"] = "private, no-store"
    return Answer[NewEndpoint](data=webhook_answers.new_endpoint(endpoint, secret))
