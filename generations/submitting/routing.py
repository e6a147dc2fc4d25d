"""Which provider account makes a generation."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Min, Q, QuerySet
from django.db.models.functions import Now

from generations.catalog import OFFERS, Offer
from generations.frozen import request_of, with_links
from generations.intake import GenerationRequest
from generations.models import Generation, ProviderAccount, Submission

from . import room

TRIES_PER_ACCOUNT = 4  # the first, and again after 1, 4 and 16 seconds
PROBE = timedelta(seconds=5)
FAILED = "PROVIDER_ERROR"  # the outcome of a submission whose provider said that it could not


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    account: ProviderAccount
    offer: Offer


def request_for_provider(generation: Generation) -> GenerationRequest:
    """The frozen request, with links that a provider can fetch and without what is none of its business."""
    return replace(with_links(request_of(generation)), callback_url="", metadata={})


def candidates(generation: Generation, request: GenerationRequest) -> list[Route]:
    """The accounts that could make it now, the one to try first in front: of those not busy the least tried in vain,
    then by priority, and among equals a draw by weight.

    One that said it failed at this generation is not asked for it again.
    """
    offers = _offers(generation, request)
    tries = _tries_in_vain(generation)
    accounts = sorted(
        _free(_able(generation, offers)),
        key=lambda each: (tries[each.id] // TRIES_PER_ACCOUNT, each.priority, _draw(each)),
    )
    return [Route(account=account, offer=offers[account.provider]) for account in accounts]


def choose(routes: Sequence[Route]) -> Route | None:
    """The first that has room for one more, and that, where it was busy, may be tried now."""
    ids = [route.account.id for route in routes]
    roomy = set(room.with_room(ProviderAccount.objects.filter(id__in=ids)).values_list("id", flat=True))
    for route in routes:
        if route.account.id in roomy and (route.account.busy_until is None or _may_probe(route.account)):
            return route
    return None


def crowded_models() -> list[str]:
    """Models that accounts would make, if any of them had room: what waits for these is best left where it is."""
    free = _free(ProviderAccount.objects.active())
    willing = set(free.values_list("provider", flat=True))
    roomy = set(room.with_room(free).values_list("provider", flat=True))
    made_by_some = {offer.model for offer in OFFERS if offer.provider in roomy}
    return sorted({offer.model for offer in OFFERS if offer.provider in willing} - made_by_some)


def is_open(route: Route) -> bool:
    """Whether the account still takes what it took when it was chosen; there may have been a wait for a slot."""
    in_service = ProviderAccount.objects.active().filter(circuit_opened_at=None)
    return in_service.filter(id=route.account.id, busy_until=route.account.busy_until).exists()


def has_active(generation: Generation, request: GenerationRequest) -> bool:
    """Whether any account that could make it, and has not failed at it, is in service, busy or not."""
    return _able(generation, _offers(generation, request)).exists()


def has_free(model: str) -> bool:
    """Whether any account that makes the model takes work now, full or not."""
    return _free(_makers(model)).exists()


def took_any(generation: Generation, since: datetime) -> bool:
    """Whether an account that could make it has taken anything in that time."""
    able = _able(generation, _offers(generation, request_for_provider(generation)))
    return Submission.objects.filter(account__in=able, bound_at__gt=since).exists()


def provider_model(generation: Generation, account: ProviderAccount) -> str:
    """What the account's provider calls the generation's model."""
    of_both = (each for each in OFFERS if (each.model, each.provider) == (generation.model, account.provider))
    return next(of_both).provider_model


def free_at(model: str) -> datetime | None:
    """When the first of the model's makers that take nothing now, busy or with an open circuit, may be tried again."""
    makers = _makers(model)
    busy = makers.filter(busy_until__gt=Now()).aggregate(at=Min("busy_until"))["at"]
    probed = makers.filter(probe_at__gt=Now()).aggregate(at=Min("probe_at"))["at"]
    return min(filter(None, (busy, probed)), default=None)


def _makers(model: str) -> QuerySet[ProviderAccount]:
    """The accounts in service that make the model, whether they take anything now or not."""
    providers = {offer.provider for offer in OFFERS if offer.model == model}
    return ProviderAccount.objects.active().filter(provider__in=providers)


def _offers(generation: Generation, request: GenerationRequest) -> Mapping[str, Offer]:
    can_make = (each for each in OFFERS if each.model == generation.model and each.can_make(request))
    return {offer.provider: offer for offer in can_make}


def _able(generation: Generation, offers: Mapping[str, Offer]) -> QuerySet[ProviderAccount]:
    failed = Submission.objects.filter(generation=generation, outcome=FAILED).values("account_id")
    return ProviderAccount.objects.active().filter(provider__in=offers).exclude(id__in=failed)


def _free(accounts: QuerySet[ProviderAccount]) -> QuerySet[ProviderAccount]:
    return accounts.filter(Q(busy_until=None) | Q(busy_until__lte=Now()), circuit_opened_at=None)


def _draw(account: ProviderAccount) -> float:
    """Among accounts of these weights, each comes first as often as its share of them (Efraimidis and Spirakis)."""
    return -(random.random() ** (1 / account.weight))  # noqa: S311 -- nothing secret in it


def _tries_in_vain(generation: Generation) -> Mapping[UUID, int]:
    not_sent = Submission.objects.filter(generation=generation, outcome="not_sent")
    return Counter(not_sent.values_list("account_id", flat=True))


def _may_probe(account: ProviderAccount) -> bool:
    """Whether this call is the one that may see if an account is still busy; the others wait for what it finds."""
    unchanged = ProviderAccount.objects.filter(id=account.id, busy_until=account.busy_until)
    may = unchanged.update(busy_until=Now() + PROBE) == 1
    account.refresh_from_db(fields=["busy_until"])
    return may
