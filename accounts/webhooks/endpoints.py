"""Endpoints: made, changed, rotated, paused, enabled again and deleted, by whoever may manage a team's webhooks.

Whoever changes one locks the team's row first, then its own. Secrets are returned once and never to be seen again.
"""

from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _
from uuid_utils.compat import uuid7

from accounts import audit_log, roles
from accounts.actors import Actor
from accounts.models import (
    AuditAction,
    EventType,
    Team,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
    WebhookSecret,
)
from accounts.refusals import InvalidSetting, TeamClosing
from accounts.roles import Action, authorise
from project.celery import nudge
from project.secrets_at_rest import encrypt

from . import again, signing
from .endpoint_settings import check
from .events import host_of, to_endpoint, webhook_text
from .versions import check_current

MAX_ENDPOINTS = 20
State = WebhookDelivery.State


class TooManyEndpoints(Exception):
    """The team has as many endpoints as it may."""

    limit = MAX_ENDPOINTS


class AlreadyCreated(Exception):
    """There is an endpoint with this id."""


class EndpointDeleted(Exception):
    """Somebody deleted the endpoint."""


class EndpointDisabled(Exception):
    """It is disabled: enable it first."""


@transaction.atomic
def create(
    team: Team,
    *,
    url: str,
    events: Iterable[str],
    description: str = "",
    by: Actor,
    endpoint_id: UUID | None = None,
) -> tuple[WebhookEndpoint, str]:
    """A new endpoint and its secret.

    Who may ask twice for the same one names its id: the second time raises AlreadyCreated. Raises UrlRefused,
    InvalidSetting, NotAllowed, TooManyEndpoints, TeamClosing.
    """
    columns = check(url=url, events=list(events), description=description)
    team = _admit(team.pk, by)
    if not team.is_open:
        raise TeamClosing
    if endpoint_id and WebhookEndpoint.objects.filter(pk=endpoint_id).exists():
        raise AlreadyCreated
    if team.webhook_endpoints.kept().count() >= MAX_ENDPOINTS:
        raise TooManyEndpoints
    secret = signing.new_secret()
    endpoint = WebhookEndpoint(team=team, created_by=by.user, secret=encrypt(secret), **columns)
    endpoint.pk = endpoint_id or endpoint.pk
    endpoint.save(force_insert=True)
    _record(by, AuditAction.ENDPOINT_CREATED, endpoint, url=_origin(url), events=", ".join(columns["events"]))
    return endpoint, secret


@transaction.atomic
def change(endpoint: WebhookEndpoint, *, by: Actor, **settings: Any) -> WebhookEndpoint:
    """Give it these of url, events and description. What waits for it goes to its new URL. As create() else."""
    endpoint = _lock(endpoint, by)
    checked = check(**settings)
    changed = {name: value for name, value in checked.items() if getattr(endpoint, name) != value}
    if not changed:
        return endpoint
    detail = {name: [_shown(name, getattr(endpoint, name)), _shown(name, value)] for name, value in changed.items()}
    for name, value in changed.items():
        setattr(endpoint, name, value)
    if "url" in changed and not endpoint.is_disabled:
        endpoint.failing_since = None
    endpoint.save(update_fields=[*changed, "failing_since"])
    if "url" in changed:
        # What is under way right now learns it when it is claimed again.
        waiting = endpoint.deliveries.filter(state=State.PENDING, lease_until=None)
        waiting.update(url=endpoint.url, host=host_of(endpoint.url))
    _record(by, AuditAction.ENDPOINT_CHANGED, endpoint, **detail)
    return endpoint


@transaction.atomic
def rotate(endpoint: WebhookEndpoint, *, grace: timedelta, by: Actor, current: str | None = None) -> str:
    """A new secret. The one before signs along until the grace is over, any older one no more.

    Twice at once makes two, one after the other; but who says which one is to be replaced, by version_of(), replaces it
    once: raises NotCurrent. Raises InvalidSetting above MAX_GRACE, NotAllowed, EndpointDeleted.
    """
    check_grace(grace)
    endpoint = _lock(endpoint, by)
    check_current(endpoint, current)
    secret = signing.replace(endpoint, until=timezone.now() + grace)
    endpoint.save(update_fields=["secret", "old_secret", "old_secret_until"])
    _record(by, AuditAction.ENDPOINT_ROTATED, endpoint, grace_seconds=int(grace.total_seconds()))
    return secret


@transaction.atomic
def rotate_of_team(team: Team, *, grace: timedelta, by: Actor, current: str | None = None) -> str:
    """A new secret for the team's callback URLs, as rotate() has it for an endpoint."""
    check_grace(grace)
    team = _admit(team.pk, by)
    check_current(WebhookSecret.objects.filter(team=team).first(), current)
    row = signing.secrets_of(team)
    secret = signing.replace(row, until=timezone.now() + grace)
    row.save(update_fields=["secret", "old_secret", "old_secret_until"])
    seconds = int(grace.total_seconds())
    audit_log.record(by, AuditAction.SIGNING_SECRET_ROTATED, team=team, grace_seconds=seconds)
    return secret


@transaction.atomic
def pause(endpoint: WebhookEndpoint, *, by: Actor) -> None:
    """Send nothing for now: what happens waits. Doing it again changes nothing. Raises NotAllowed, EndpointDeleted."""
    endpoint = _lock(endpoint, by)
    if not endpoint.is_paused:
        _save(endpoint, paused_at=timezone.now())
        _record(by, AuditAction.ENDPOINT_PAUSED, endpoint)


@transaction.atomic
def resume(endpoint: WebhookEndpoint, *, by: Actor) -> None:
    """Send again, first what has waited. Doing it again changes nothing. Raises NotAllowed, EndpointDeleted."""
    endpoint = _lock(endpoint, by)
    if endpoint.is_paused:
        # Of a disabled one it says since when there is something to send again.
        _save(endpoint, paused_at=None, failing_since=endpoint.failing_since if endpoint.is_disabled else None)
        _record(by, AuditAction.ENDPOINT_RESUMED, endpoint)
        transaction.on_commit(partial(nudge, "deliver"))


@transaction.atomic
def enable(endpoint: WebhookEndpoint, *, send_failed: bool, by: Actor) -> int:
    """Take a disabled one into service, and, if wanted, send again what has failed since its failures began.

    How many are sent again. Doing it again changes nothing. Raises NotAllowed, EndpointDeleted.
    """
    endpoint = _lock(endpoint, by)
    if not endpoint.is_disabled:
        return 0
    failed = failed_since(endpoint)
    _save(endpoint, disabled_at=None, disabled_reason="", disabled_mail_due=False, failing_since=None)
    number = again.requeue(failed) if send_failed else 0
    _record(by, AuditAction.ENDPOINT_ENABLED, endpoint, count=number)
    return number


@transaction.atomic
def delete(endpoint: WebhookEndpoint, *, by: Actor) -> None:
    """Take it away for good; what waits for it is cancelled, its deliveries stay to be read. Raises NotAllowed.

    Doing it again changes nothing.
    """
    try:
        endpoint = _lock(endpoint, by)
    except EndpointDeleted:
        return
    now = timezone.now()
    no_secret = {"secret": b"", "old_secret": None, "old_secret_until": None}
    # Paused no more, so that what is under way right now is claimed again, and cancelled then.
    _save(endpoint, deleted_at=now, paused_at=None, disabled_mail_due=False, **no_secret)
    is_free = Q(lease_until=None) | Q(lease_until__lte=Now())
    waiting = endpoint.deliveries.filter(is_free, state=State.PENDING)
    waiting.update(state=State.CANCELLED, next_at=None, lease_until=None, ended_at=now, updated_at=now)
    _record(by, AuditAction.ENDPOINT_DELETED, endpoint)


@transaction.atomic
def send_test(endpoint: WebhookEndpoint, *, by: Actor) -> WebhookDelivery:
    """A test event for it alone, due at once. Raises NotAllowed, EndpointDeleted, EndpointDisabled."""
    endpoint = _lock(endpoint, by)
    if endpoint.is_disabled:
        raise EndpointDisabled
    now = timezone.now()
    body = {
        "event": EventType.TEST.value,
        "endpoint_id": str(endpoint.pk),
        "created_at": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    event = WebhookEvent.objects.create(
        team=endpoint.team, type=EventType.TEST, subject_id=uuid7(), body=webhook_text(body)
    )
    delivery = to_endpoint(event, endpoint)
    delivery.save(force_insert=True)
    transaction.on_commit(partial(nudge, "deliver"))
    return delivery


def failed_since(endpoint: WebhookEndpoint) -> QuerySet[WebhookDelivery]:
    """What has failed since its failures began: what enable() sends again. None of one that is in service."""
    failed = endpoint.deliveries.filter(state=State.FAILED)
    since = endpoint.failing_since or endpoint.disabled_at
    return failed.filter(ended_at__gte=since) if since else failed.none()


def check_grace(grace: timedelta) -> None:
    """Raises InvalidSetting unless the old secret may stay valid that long."""
    if not timedelta(0) <= grace <= signing.MAX_GRACE:
        limit = [0, int(signing.MAX_GRACE.total_seconds())]
        raise InvalidSetting("grace_seconds", "range", _("The grace may be up to 7 days."), limit)


def _admit(team_id: UUID, by: Actor) -> Team:
    """The team, locked, once it is seen that the actor may manage its webhooks."""
    team = roles.lock(team_id)
    authorise(team, by, Action.MANAGE_WEBHOOKS)
    return team


def _lock(endpoint: WebhookEndpoint, by: Actor) -> WebhookEndpoint:
    _admit(endpoint.team_id, by)
    rows = WebhookEndpoint.objects.select_for_update(of=("self",), no_key=True).select_related("team")
    locked = rows.get(pk=endpoint.pk)
    if locked.deleted_at:
        raise EndpointDeleted
    return locked


def _save(endpoint: WebhookEndpoint, **columns: Any) -> None:
    for name, value in columns.items():
        setattr(endpoint, name, value)
    endpoint.save(update_fields=list(columns))


def _record(by: Actor, action: AuditAction, endpoint: WebhookEndpoint, **detail: Any) -> None:
    audit_log.record(by, action, team=endpoint.team, subject=host_of(endpoint.url), subject_id=endpoint.pk, **detail)


def _shown(name: str, value: Any) -> Any:
    """A setting as the audit log keeps it."""
    if name == "url":
        return _origin(value)
    return ", ".join(value) if isinstance(value, list) else value


def _origin(url: str) -> str:
    """Where it leads to; the rest may be a secret."""
    return f"{urlsplit(url).scheme}://{host_of(url)}"
