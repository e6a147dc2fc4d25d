"""GET /credits and GET /key: what the team may spend, and what the key may do."""

from typing import Any
from uuid import UUID

from ninja import Router

from accounts.api import limits
from accounts.api.answers import Answer, Body, errors
from accounts.api.auth import KeyRequest
from accounts.models import CreditBalance, RateWindow

router = Router(tags=["Account"])


class Credits(Body):
    available: int
    held: int
    spent: int


class KeyLimits(Body):
    creates_per_minute: int
    reads_per_minute: int


class Key(Body):
    id: UUID
    name: str
    hint: str
    scopes: list[str]
    limits: KeyLimits
    budget: dict[str, Any] | None
    resets_at: str | None
    expires_at: str | None


@router.get("/credits", response={200: Answer[Credits], **errors()})
def get_credits(request: KeyRequest) -> Answer[Credits]:
    """The team's credits: available to spend, held for what is being made, and spent."""
    balance = CreditBalance.objects.get(team_id=request.auth.team_id)
    return Answer[Credits](data=Credits(available=balance.available, held=balance.held, spent=balance.spent))


@router.get("/key", response={200: Answer[Key], **errors()})
def get_key(request: KeyRequest) -> Answer[Key]:
    """The key that asks: its limits, and its budget and end where it has them."""
    per_minute = KeyLimits(
        creates_per_minute=limits.PER_MINUTE[RateWindow.Kind.CREATE],
        reads_per_minute=limits.PER_MINUTE[RateWindow.Kind.READ],
    )
    return Answer[Key](
        data=Key(
            id=request.auth.pk,
            name=request.auth.name,
            hint=request.auth.hint,
            scopes=["create", "read"],
            limits=per_minute,
            budget=None,
            resets_at=None,
            expires_at=None,
        )
    )
