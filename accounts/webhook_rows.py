"""An endpoint as its pages show it: its state in words, how the last day went, and what it was told last."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import CharField, Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Cast, Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Team, WebhookDelivery, WebhookEndpoint
from accounts.models.webhooks import SigningSecrets
from accounts.webhooks.events import host_of
from accounts.webhooks.health import PATIENCE
from project.ids import first_id

WINDOW = timedelta(hours=24)
State = WebhookDelivery.State


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointState:
    """`tone` is the class of the word: ok, warn, bad, or none. `since` is when it became so, where that is told."""

    kind: str
    word: str
    tone: str = ""
    since: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointRow:
    """Of the last 24 hours' events so many were `delivered` and have `failed`; `waiting` are all that still wait.

    `last_at` is when anything last became of a delivery, `last_state` what.
    """

    endpoint: WebhookEndpoint
    delivered: int
    failed: int
    waiting: int
    last_at: datetime | None
    last_state: str | None
    now: datetime

    @property
    def name(self) -> str:
        return self.endpoint.description or self.host

    @property
    def host(self) -> str:
        return host_of(self.endpoint.url)

    @property
    def last_word(self) -> str:
        return str(State(self.last_state).label) if self.last_state else ""

    @property
    def signs_along_until(self) -> datetime | None:
        return signs_along_until(self.endpoint)

    @property
    def state(self) -> EndpointState:
        endpoint = self.endpoint
        if endpoint.is_disabled:
            reason = WebhookEndpoint.Reason(endpoint.disabled_reason).label
            since = endpoint.disabled_at
            return EndpointState(kind="disabled", word=_("Disabled"), tone="bad", since=since, reason=str(reason))
        if endpoint.is_paused:
            return EndpointState(kind="paused", word=_("Paused"), since=endpoint.paused_at)
        if endpoint.failing_since:
            return EndpointState(kind="failing", word=_("Failing"), tone="warn", since=endpoint.failing_since)
        return EndpointState(kind="in-service", word=_("In service"), tone="ok")

    @property
    def failing_from(self) -> datetime | None:
        """Since when what has failed is sent again when a disabled one is enabled."""
        return self.endpoint.failing_since or self.endpoint.disabled_at

    @property
    def disabled_from(self) -> datetime | None:
        """When it will be disabled, if it goes on failing."""
        return self.endpoint.failing_since and self.endpoint.failing_since + PATIENCE


def of_team(team: Team) -> list[EndpointRow]:
    """All endpoints of the team, newest first."""
    return _rows(team.webhook_endpoints.kept().order_by("-id"))


def of_endpoint(endpoint: WebhookEndpoint) -> EndpointRow | None:
    """It as it now is; None where it was deleted meanwhile."""
    rows = _rows(WebhookEndpoint.objects.kept().filter(pk=endpoint.pk).select_related("created_by"))
    return rows[0] if rows else None


def signs_along_until(row: SigningSecrets) -> datetime | None:
    """Until when the secret before signs along, while it does."""
    until = row.old_secret_until
    return until if until and until > timezone.now() else None


def _rows(endpoints: QuerySet[WebhookEndpoint]) -> list[EndpointRow]:
    """One query: each figure is read from an index of its endpoint's deliveries."""
    now = timezone.now()
    # Ids hold their time, so the index by id bounds the day.
    recent = WebhookDelivery.objects.filter(endpoint=OuterRef("pk"), pk__gte=first_id(now - WINDOW))
    waiting = WebhookDelivery.objects.filter(lane=Cast(OuterRef("pk"), CharField()), state=State.PENDING)
    latest = WebhookDelivery.objects.filter(endpoint=OuterRef("pk")).order_by("-id")
    rows = endpoints.annotate(
        delivered=_number(recent.filter(state=State.DELIVERED), "endpoint"),
        failed=_number(recent.filter(state=State.FAILED), "endpoint"),
        waiting=_number(waiting, "lane"),
        last_at=Subquery(latest.values("updated_at")[:1]),
        last_state=Subquery(latest.values("state")[:1]),
    )
    figures = ("delivered", "failed", "waiting", "last_at", "last_state")
    return [EndpointRow(endpoint=row, now=now, **{name: getattr(row, name) for name in figures}) for row in rows]


def _number(deliveries: QuerySet[WebhookDelivery], group: str) -> Coalesce:
    numbers = deliveries.order_by().values(group).annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(numbers, output_field=IntegerField()), 0)
