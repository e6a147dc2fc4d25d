"""GET /credits and GET /key: what the team may spend, and what the key may do."""

from ninja import Router

from accounts.api import key_answers
from accounts.api.answers import Answer, Body, errors
from accounts.api.auth import ANY, KeyRequest
from accounts.api.key_answers import OwnKey
from accounts.models import CreditBalance

router = Router(tags=["Account"])


class Credits(Body):
    available: int
    held: int
    spent: int


@router.get("/credits", response={200: Answer[Credits], **errors()})
def get_credits(request: KeyRequest) -> Answer[Credits]:
    """The team's credits: available to spend, held for what is being made, and spent."""
    balance = CreditBalance.objects.get(team_id=request.auth.team_id)
    return Answer[Credits](data=Credits(available=balance.available, held=balance.held, spent=balance.spent))


@router.get("/key", auth=ANY, response={200: Answer[OwnKey], **errors()})
def get_key(request: KeyRequest) -> Answer[OwnKey]:
    """The key that asks: what it may do, its limits, and what is left of its budgets."""
    return Answer[OwnKey](data=key_answers.own_key(request.auth))
