"""/keys: a program with the scope `manage` makes, changes, rotates and revokes its team's keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.debug import sensitive_variables
from ninja import Query, Router, Schema, Status
from pydantic import Field

from accounts import keys
from accounts.actors import actor_of
from accounts.api import key_answers
from accounts.api.answers import Answer, ApiError, Body, errors
from accounts.api.auth import MANAGE, KeyRequest
from accounts.api.key_answers import KeyInFull, KeyPage, KeyPagination, NewKey
from accounts.api.moments import ExactMoment
from accounts.key_settings import KeySettings, with_tuples
from accounts.keys import KeyRevoked
from accounts.models import ApiKey

router = Router(tags=["Keys"], auth=MANAGE)
DEFAULT_GRACE_SECONDS = 24 * 3600


class Changes(Body):
    """Only the fields that are named change. An empty list and null are no limit."""

    name: str = Field(default_factory=str, min_length=1, max_length=100)
    scopes: list[str] = Field(default_factory=list, min_length=1)
    allowed_models: list[str] = Field(default_factory=list, description="Empty: every model.")
    allowed_networks: list[str] = Field(default_factory=list, description="IP addresses and CIDR ranges, up to 20.")
    rate_plan: str = Field(default_factory=str, description="standard, free, pro, enterprise or own")
    rate_limit: int | None = Field(None, description="Creates in rate_seconds, for the plan own.")
    rate_seconds: int | None = None
    max_in_progress: int | None = Field(None, description="Generations that may be under way at once.")
    monthly_budget_credits: int | None = Field(None, description="In the team's time zone; 0 is a stop.")
    lifetime_budget_credits: int | None = None
    expires_at: ExactMoment | None = None


class NewSettings(Changes):
    """A new key. What is not named has its default: generate and read, the standard plan, no limit of its own."""

    name: str = Field(min_length=1, max_length=100)


class Rotation(Body):
    """The secret that is current now, and any older one, goes on working for so long at most; 0 ends them at once."""

    grace_seconds: int = Field(default=DEFAULT_GRACE_SECONDS, ge=0, le=int(keys.MAX_GRACE.total_seconds()))
    current_hint: str | None = Field(
        default=None,
        min_length=4,
        max_length=4,
        description="Last four characters of the secret to replace; where another is current, 409 and nothing done.",
    )


_DEFAULT_ROTATION = Rotation()


class PageQuery(Schema):
    limit: int = Field(20, ge=1, le=100)
    offset: int = Field(0, ge=0, le=10_000)


@router.get("/keys", response={200: Answer[KeyPage], **errors()})
def list_keys(request: KeyRequest, page: Annotated[PageQuery, Query()]) -> Answer[KeyPage]:
    """The team's keys, newest first, revoked ones too."""
    found = ApiKey.objects.filter(team_id=request.auth.team_id)
    rows = found.order_by("-created_at", "-pk").prefetch_related("secrets")[page.offset : page.offset + page.limit]
    shown = [key_answers.key(row) for row in rows]
    total = found.count()
    has_more = page.offset + len(shown) < total
    pagination = KeyPagination(total=total, limit=page.limit, offset=page.offset, has_more=has_more)
    return Answer[KeyPage](data=KeyPage(keys=shown, pagination=pagination))


@router.post("/keys", response={201: Answer[NewKey], **errors(409, 413, 415)})
@sensitive_variables("secret")
def create_key(request: KeyRequest, response: HttpResponse, body: NewSettings) -> Status[Answer[NewKey]]:
    """Make a key. `secret` is in this answer and in no other."""
    settings = KeySettings(**_given(body))
    key, secret = keys.issue(request.auth.team, settings, by=actor_of(request))
    return Status(201, _shown_once(response, key, secret))


@router.get("/keys/{key_id}", response={200: Answer[KeyInFull], **errors(404)})
def show_key(request: KeyRequest, key_id: str) -> Answer[KeyInFull]:
    """One key, with its limits and what is left of its budgets."""
    return _answer(_find(request, key_id))


@router.patch("/keys/{key_id}", response={200: Answer[KeyInFull], **errors(404, 409, 413, 415)})
def change_key(request: KeyRequest, key_id: str, body: Changes) -> Answer[KeyInFull]:
    """Change what is named, at once and in every process."""
    with _conflict_if_revoked():
        return _answer(keys.change_some(_find(request, key_id), _given(body), by=actor_of(request)))


@router.post("/keys/{key_id}/rotate", response={200: Answer[NewKey], **errors(404, 409, 413, 415)})
@sensitive_variables("secret")
def rotate_key(
    request: KeyRequest, response: HttpResponse, key_id: str, body: Rotation = _DEFAULT_ROTATION
) -> Answer[NewKey]:
    """A new secret under the same id, in this answer and in no other. The old one works on for the grace."""
    key, grace = _find(request, key_id), timedelta(seconds=body.grace_seconds)
    with _conflict_if_revoked():
        secret = keys.rotate(key, grace=grace, by=actor_of(request), current_hint=body.current_hint)
    return _shown_once(response, key, secret)


@router.post("/keys/{key_id}/end-old-secrets", response={200: Answer[KeyInFull], **errors(404, 409)})
def end_old_secrets(request: KeyRequest, key_id: str) -> Answer[KeyInFull]:
    """End every secret but the current one, at once. Again is harmless."""
    key = _find(request, key_id)
    with _conflict_if_revoked():
        keys.end_old_secrets(key, by=actor_of(request))
    return _answer(key)


@router.delete("/keys/{key_id}", response={200: Answer[KeyInFull], **errors(404)})
def revoke_key(request: KeyRequest, key_id: str) -> Answer[KeyInFull]:
    """End the key for good, at once. Again is harmless."""
    keys.revoke(_find(request, key_id), by=actor_of(request))
    return _answer(_find(request, key_id))


def _find(request: KeyRequest, key_id: str) -> ApiKey:
    try:
        return ApiKey.objects.select_related("team").get(team_id=request.auth.team_id, pk=UUID(key_id))
    except (ValueError, ApiKey.DoesNotExist) as error:
        raise ApiError(404, "NOT_FOUND", "Key not found") from error


@contextmanager
def _conflict_if_revoked() -> Iterator[None]:
    try:
        yield
    except KeyRevoked as error:
        raise ApiError(409, "CONFLICT", "This key has been revoked.", details={"state": "revoked"}) from error


def _given(body: Changes) -> dict[str, Any]:
    """What was named, as KeySettings has it."""
    return with_tuples(body.model_dump(exclude_unset=True))


def _answer(key: ApiKey) -> Answer[KeyInFull]:
    return Answer[KeyInFull](data=key_answers.key_in_full(key))


def _shown_once(response: HttpResponse, key: ApiKey, secret: str) -> Answer[NewKey]:
    response.headers["Cache-Control"] = "private, no-store"
    return Answer[NewKey](data=key_answers.new_key(key, secret))
