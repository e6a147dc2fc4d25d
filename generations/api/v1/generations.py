"""POST /generations and POST /estimates: the same body, made or only priced."""

from typing import Any

from django.http import HttpResponse
from ninja import Router, Status

from accounts.api.answers import Answer, errors
from accounts.api.auth import CREATE, KeyRequest
from accounts.models import CreditBalance
from generations import catalog, lifecycle, pricing
from generations.catalog import Resolved
from generations.intake import GenerationRequest
from generations.lifecycle import Asker

from . import represent
from .body import idempotency_of, read_object
from .document import BODY, IDEMPOTENCY_KEY
from .schemas import Created, Estimate

router = Router(tags=["Generations"])


@router.post(
    "/generations",
    auth=CREATE,
    response={201: Answer[Created], **errors(402, 413, 415, 422)},
    openapi_extra={"requestBody": BODY, "parameters": [IDEMPOTENCY_KEY]},
)
def create_generation(request: KeyRequest, response: HttpResponse) -> Status[Answer[Created]]:
    """Ask for a clip. Its credits are held at once, charged when it is delivered, and given back when it fails."""
    given = read_object(request)
    resolved = _resolved(given)
    generation, is_new = lifecycle.create(
        resolved,
        pricing.quote(resolved),
        asker=asker_of(request),
        idempotency=idempotency_of(request, given),
    )
    mark_replay(response, is_new)
    return Status(201, Answer[Created](data=represent.created(generation)))


@router.post("/estimates", response={200: Answer[Estimate], **errors(413, 415)}, openapi_extra={"requestBody": BODY})
def estimate_generation(request: KeyRequest) -> Answer[Estimate]:
    """What the same body would cost now. Nothing is made and nothing held."""
    resolved = _resolved(read_object(request))
    quote = pricing.quote(resolved)
    available = CreditBalance.objects.values_list("available", flat=True).get(team_id=request.auth.team_id)
    return Answer[Estimate](
        data=Estimate(
            model=resolved.spec.name,
            task_type=resolved.request.task_type,
            params=resolved.params,
            lines=represent.lines(quote.as_json()),
            total=quote.total_credits,
            price_version=quote.price_version,
            available=available,
            missing=max(0, quote.total_credits - available),
        )
    )


def asker_of(request: KeyRequest) -> Asker:
    return Asker(team_id=request.auth.team_id, api_key_id=request.auth.pk)


def mark_replay(response: HttpResponse, is_new: bool) -> None:
    if not is_new:
        response.headers["Idempotent-Replayed"] = "true"


def _resolved(given: dict[str, Any]) -> Resolved:
    return catalog.resolve(GenerationRequest.from_mapping(given))
