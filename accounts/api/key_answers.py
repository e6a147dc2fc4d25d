"""A key, its secrets, limits and budgets as the API tells of them; never a secret itself."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from pydantic import Field

from accounts import budgets
from accounts.api.answers import Body, Moment
from accounts.budgets import BudgetState
from accounts.key_settings import KeySettings
from accounts.limits import rate_of
from accounts.models import ApiKey, RateWindow


class Rate(Body):
    """`limit` requests in `seconds`; a null limit is none."""

    limit: int | None
    seconds: int


class Limits(Body):
    creates: Rate
    reads: Rate


class Budget(Body):
    """`used` is what is held and what was spent. `limit` and `left` are null where there is no limit."""

    limit: int | None
    used: int
    left: int | None
    resets_at: Moment | None


class Budgets(Body):
    monthly: Budget
    lifetime: Budget


class UsedSecret(Body):
    """The secret that came with the request. After a rotation an old one is good until `valid_until`."""

    hint: str
    valid_until: Moment | None


class Secret(UsedSecret):
    created_at: Moment
    last_used_at: Moment | None
    last_used_ip: str | None


class Settings(Body):
    """What is set on a key; an empty list and null are no limit."""

    name: str
    scopes: list[str]
    allowed_models: list[str]
    allowed_networks: list[str]
    rate_plan: str
    rate_limit: int | None
    rate_seconds: int | None
    max_in_progress: int | None
    monthly_budget_credits: int | None
    lifetime_budget_credits: int | None
    expires_at: Moment | None


class Key(Settings):
    """`secrets` are the ones that are good now, the current one first; `last_used_at` is of any that it has had."""

    id: UUID
    is_live: bool
    secrets: list[Secret]
    last_used_at: Moment | None
    created_at: Moment
    revoked_at: Moment | None


class KeyInFull(Key):
    limits: Limits
    budget: Budgets


class NewKey(KeyInFull):
    """The only answer that ever holds this secret."""

    secret: str = Field(pattern=r"^sk-video-[0-9A-Za-z]{36}$")


class OwnKey(Settings):
    """The key that asks."""

    id: UUID
    hint: str
    limits: Limits
    budget: Budgets
    resets_at: Moment | None
    secret: UsedSecret


class KeyPagination(Body):
    total: int
    limit: int
    offset: int
    has_more: bool


class KeyPage(Body):
    keys: list[Key]
    pagination: KeyPagination


def own_key(key: ApiKey) -> OwnKey:
    budget = _budgets(key)
    return OwnKey(
        **KeySettings.of(key).columns(),
        id=key.pk,
        hint=key.secret.hint,
        limits=_limits(key),
        budget=budget,
        resets_at=budget.monthly.resets_at,
        secret=UsedSecret(hint=key.secret.hint, valid_until=key.secret.valid_until),
    )


def key(key: ApiKey) -> Key:
    """One of a list. Reads key.secrets, so fetch those along."""
    return Key(**_key(key))


def key_in_full(key: ApiKey) -> KeyInFull:
    return KeyInFull(**_key(key), limits=_limits(key), budget=_budgets(key))


def new_key(key: ApiKey, secret: str) -> NewKey:
    return NewKey(**_key(key), limits=_limits(key), budget=_budgets(key), secret=secret)


def _key(key: ApiKey) -> dict[str, Any]:
    return KeySettings.of(key).columns() | {
        "id": key.pk,
        "is_live": key.is_live,
        "secrets": _good_secrets(key),
        "last_used_at": max((each.last_used_at for each in key.secrets.all() if each.last_used_at), default=None),
        "created_at": key.created_at,
        "revoked_at": key.revoked_at,
    }


def _good_secrets(key: ApiKey) -> list[Secret]:
    now = timezone.now()
    good = [secret for secret in key.secrets.all() if key.is_live and secret.is_valid_at(now)]
    return [
        Secret(
            hint=secret.hint,
            valid_until=secret.valid_until,
            created_at=secret.created_at,
            last_used_at=secret.last_used_at,
            last_used_ip=secret.last_used_ip,
        )
        for secret in sorted(good, key=lambda secret: not secret.is_current)
    ]


def _limits(key: ApiKey) -> Limits:
    creates, reads = (rate_of(key, kind) for kind in (RateWindow.Kind.CREATE, RateWindow.Kind.READ))
    return Limits(
        creates=Rate(limit=creates.limit, seconds=creates.seconds), reads=Rate(limit=reads.limit, seconds=reads.seconds)
    )


def _budgets(key: ApiKey) -> Budgets:
    states = budgets.of_key(key)
    return Budgets(monthly=_budget(states.monthly), lifetime=_budget(states.lifetime))


def _budget(state: BudgetState) -> Budget:
    return Budget(limit=state.limit, used=state.used, left=state.left, resets_at=state.resets_at)
