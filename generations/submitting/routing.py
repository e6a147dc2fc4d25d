"""Which provider account makes a generation."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from generations.catalog import OFFERS, Offer
from generations.frozen import request_of, with_links
from generations.intake import GenerationRequest
from generations.models import Generation, ProviderAccount, Submission

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


def choose(generation: Generation, request: GenerationRequest) -> Route | None:
    """The account to try now: of those not busy the one least tried in vain, then the one that comes first.

    One that said it failed at this generation is not asked for it again.
    """
    offers = _offers(generation, request)
    free = Q(busy_until=None) | Q(busy_until__lte=Now())
    accounts = list(_able(generation, offers).filter(free))
    tries = _tries_in_vain(generation)
    for account in sorted(accounts, key=lambda each: tries[each.id] // TRIES_PER_ACCOUNT):
        if account.busy_until is None or _may_probe(account):
            return Route(account=account, offer=offers[account.provider])
    return None


def is_open(route: Route) -> bool:
    """Whether the account still takes what it took when it was chosen; there may have been a wait for a slot."""
    return ProviderAccount.objects.active().filter(id=route.account.id, busy_until=route.account.busy_until).exists()


def has_active(generation: Generation, request: GenerationRequest) -> bool:
    """Whether any account that could make it, and has not failed at it, is in service, busy or not."""
    return _able(generation, _offers(generation, request)).exists()


def provider_model(generation: Generation, account: ProviderAccount) -> str:
    """What the account's provider calls the generation's model."""
    of_both = (each for each in OFFERS if (each.model, each.provider) == (generation.model, account.provider))
    return next(of_both).provider_model


def free_at() -> datetime | None:
    """When the first of the busy accounts may be tried again."""
    busy = ProviderAccount.objects.active().filter(busy_until__gt=Now())
    return busy.order_by("busy_until").values_list("busy_until", flat=True).first()


def _offers(generation: Generation, request: GenerationRequest) -> Mapping[str, Offer]:
    can_make = (each for each in OFFERS if each.model == generation.model and each.can_make(request))
    return {offer.provider: offer for offer in can_make}


def _able(generation: Generation, offers: Mapping[str, Offer]) -> QuerySet[ProviderAccount]:
    failed = Submission.objects.filter(generation=generation, outcome=FAILED).values("account_id")
    return ProviderAccount.objects.active().filter(provider__in=offers).exclude(id__in=failed)


def _tries_in_vain(generation: Generation) -> Mapping[UUID, int]:
    not_sent = Submission.objects.filter(generation=generation, outcome="not_sent")
    return Counter(not_sent.values_list("account_id", flat=True))


def _may_probe(account: ProviderAccount) -> bool:
    """Whether this call is the one that may see if an account is still busy; the others wait for what it finds."""
    unchanged = ProviderAccount.objects.filter(id=account.id, busy_until=account.busy_until)
    may = unchanged.update(busy_until=Now() + PROBE) == 1
    account.refresh_from_db(fields=["busy_until"])
    return may
