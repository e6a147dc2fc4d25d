"""POST /generations and POST /estimates: the same body, made or only priced."""

from django.http import HttpResponse
from ninja import Router, Status

from accounts import budgets
from accounts.api.answers import Answer, errors
from accounts.api.auth import CREATE, KeyRequest
from generations import catalog, lifecycle, pricing
from generations.api.json_body import read_object
from generations.catalog.advice import advice
from generations.intake import GenerationRequest
from generations.lifecycle import Asker

from . import represent
from .document import BODY, IDEMPOTENCY_KEY
from .idempotency import idempotency_of
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
    resolved = catalog.resolve(GenerationRequest.from_mapping(given))
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
    resolved = catalog.resolve(GenerationRequest.from_mapping(read_object(request)))
    lifecycle.refuse_model(asker_of(request), resolved.spec)
    quote = pricing.quote(resolved)
    room = budgets.room_of(request.auth)
    return Answer[Estimate](
        data=Estimate(
            model=resolved.spec.name,
            task_type=resolved.task_type,
            params=resolved.params,
            lines=represent.lines(quote.as_json()),
            total=quote.total_credits,
            price_version=quote.price_version,
            available=room.credits,
            missing=max(0, quote.total_credits - room.credits),
            limit_source=room.limit_source,
            resets_at=room.resets_at,
            warnings=represent.warnings(advice(resolved)),
        )
    )


def asker_of(request: KeyRequest) -> Asker:
    key = request.auth
    return Asker(team_id=key.team_id, api_key_id=key.pk, allowed_models=tuple(key.allowed_models))


def mark_replay(response: HttpResponse, is_new: bool) -> None:
    if not is_new:
        response.headers["Idempotent-Replayed"] = "true"
