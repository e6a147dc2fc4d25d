"""What tests start from. Keyword functions; everything not named has a plain default."""

from collections.abc import Iterable
from itertools import count
from typing import Any
from uuid import uuid4

from django.utils import timezone

from accounts import credits, keys
from accounts.actors import INSTALLATION
from accounts.key_settings import KeySettings
from accounts.models import (
    ApiKey,
    CreditPackage,
    Membership,
    Role,
    Team,
    User,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
)
from accounts.teams import create_team
from accounts.webhooks import endpoints
from accounts.webhooks.events import to_endpoint, to_url, webhook_text
from generations.models import Generation, ProviderAccount, Submission

_numbers = count(1)


def make_user(*, email: str = "", name: str = "", language: str = "", password: str | None = None) -> User:
    email = email or f"maker{next(_numbers)}@example.com"
    return User.objects.create_user(email, password, name=name, language=language)


def make_team(*, name: str = "Lumière", owner: User | None = None, granted: int = 0) -> Team:
    """A team with an owner of its own, and so many credits granted."""
    team = create_team(name=name, owner=owner or make_user())
    if granted:
        credits.grant(team, granted, note="for a test")
    return team


def make_member(*, team: Team, role: str = Role.MEMBER, user: User | None = None) -> User:
    user = user or make_user()
    Membership.objects.create(team=team, user=user, role=role, last_active_at=timezone.now())
    return user


def make_key(*, team: Team | None = None, name: str = "a key", **settings: Any) -> tuple[ApiKey, str]:
    """A key with these settings, and its secret."""
    return keys.issue(team or make_team(), KeySettings(name=name, **settings), by=INSTALLATION)


def make_package(
    *, name: str = "Small", credits: int = 100, amount: int = 1900, currency: str = "usd", **more: Any
) -> CreditPackage:
    """A package that is offered."""
    return CreditPackage.objects.create(name=name, credits=credits, amount=amount, currency=currency, **more)


def make_account(
    *,
    base_url: str,
    provider: str = "vibegen",
    label: str = "",
    key: str = "sk-video-of-the-test",
    priority: int = 100,
) -> ProviderAccount:
    """An account at a provider, in service."""
    label = label or f"account{next(_numbers)}"
    account = ProviderAccount(provider=provider, label=label, base_url=base_url, priority=priority)
    account.key = key
    account.save()
    return account


def make_submission(*, generation: Generation, account: ProviderAccount, provider_task_id: str = "") -> Submission:
    """A submission as it stands after its POST: bound where there is a task id, else waiting to be found."""
    now = timezone.now()
    return Submission.objects.create(
        generation=generation,
        account=account,
        provider_task_id=provider_task_id,
        created_at=now,
        bound_at=now if provider_task_id else None,
        next_at=now,
    )


def make_endpoint(
    *,
    team: Team,
    url: str = "https://hooks.example.com/filmgate",
    events: Iterable[str] = ("task.completed", "task.failed"),
    description: str = "",
) -> WebhookEndpoint:
    """An endpoint in service. Its secret is signing.current(endpoint)."""
    endpoint, _secret = endpoints.create(team, url=url, events=events, description=description, by=INSTALLATION)
    return endpoint


def make_delivery(
    *,
    team: Team,
    endpoint: WebhookEndpoint | None = None,
    url: str = "https://callback.example.com/done",
    type: str = "task.completed",
    body: dict[str, Any] | None = None,
) -> WebhookDelivery:
    """An event that is due for the endpoint, or for a callback URL."""
    text = webhook_text(body or {"event": type, "task_id": str(uuid4())})
    event = WebhookEvent.objects.create(team=team, type=type, subject_id=uuid4(), body=text)
    delivery = to_endpoint(event, endpoint) if endpoint else to_url(event, url)
    delivery.save(force_insert=True)
    return delivery
