"""Sends what is queued. Once its bytes may have left, a generation is never sent again.

The submission is committed before the POST, and no transaction or connection is held while a provider takes its time.
"""

from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from generations import lifecycle
from generations.due import Bulkhead, Crew
from generations.intake import GenerationRequest
from generations.models import Generation, ProviderAccount, State, Submission
from generations.providers.base import AccountRefused, Busy, NotSent, Provider, ProviderError, ProviderReport, Refused
from generations.providers.registry import adapter

from . import circuit, fair, outcomes, reports, room, routing

THREADS = 24
PER_ACCOUNT = 8
# Longer than the adapters' own limit of 60 seconds for a POST.
SUBMITTING_LEASE = timedelta(seconds=75)

bulkhead = Bulkhead(PER_ACCOUNT)


def claim_queued(limit: int) -> list[Generation]:
    """A share of what is due to each team, but for what no account has room for."""
    return fair.claim_queued(limit, leaving_out=routing.crowded_models())


def submit(generation: Generation) -> None:
    """Send a claimed generation to the account that should make it, and record what came of it."""
    request = routing.request_for_provider(generation)
    candidates = routing.candidates(generation, request)
    route = routing.choose(candidates)
    if route is None and not candidates:
        outcomes.wait_for_account(generation)
        return
    if route is None:
        _step_back(generation, seconds=1)
        return
    with bulkhead.slot(route.account.id) as entered:
        if not entered or not routing.is_open(route):
            _step_back(generation, seconds=0 if entered else 1)
        else:
            _try(generation, request, route)


def _try(generation: Generation, request: GenerationRequest, route: routing.Route) -> None:
    """Whatever can go wrong on our side does so before the submission: nothing is in doubt yet."""
    try:
        provider = adapter(route.account)
    except AccountRefused as refusal:
        outcomes.pause(route.account, refusal.reason)
        _step_back(generation, seconds=0)
        return
    if submission := _begin(generation, route.account):
        _send(generation, submission, request, route, provider)
    else:
        _step_back(generation, seconds=1)


def callback_url(submission: Submission) -> str:
    """Where the provider is to call back: the submission's token in the path."""
    path = reverse("generations:callback", args=[submission.account.provider, submission.token])
    return settings.CALLBACK_BASE_URL + path


def _step_back(generation: Generation, *, seconds: float) -> None:
    """The account has no slot or no room, or is busy since it was chosen; that is no refusal."""
    Generation.objects.filter(id=generation.id, state=State.QUEUED, lease_until=generation.lease_until).update(
        next_at=Now() + timedelta(seconds=seconds), lease_until=None
    )


def _begin(generation: Generation, account: ProviderAccount) -> Submission | None:
    """Commit to sending: state and submission in one transaction. None where someone else was faster."""
    with transaction.atomic():
        won = room.take(account) and lifecycle.advance(
            generation,
            State.SUBMITTING,
            expecting={State.QUEUED},
            lease_until=Now() + SUBMITTING_LEASE,
            deadline_at=Now() + timedelta(seconds=settings.GENERATION_DEADLINE_SECONDS),
        )
        if not won:
            return None
        return Submission.objects.create(generation=generation, account=account, created_at=timezone.now())


def _send(
    generation: Generation,
    submission: Submission,
    request: GenerationRequest,
    route: routing.Route,
    provider: Provider,
) -> None:
    try:
        report = _post(provider, submission, request, model=route.offer.provider_model)
    except NotSent:
        circuit.fail(route.account)
        outcomes.not_sent(generation, submission)
    except Refused as refusal:
        if circuit.is_failure(refusal):
            circuit.fail(route.account)
        outcomes.refused(generation, submission, failure_code=refusal.failure_code)
    except Busy as refusal:
        outcomes.busy(generation, submission, retry_after_seconds=refusal.retry_after_seconds)
        return
    except AccountRefused as refusal:
        outcomes.account_refused(generation, submission, reason=refusal.reason)
    except ProviderError:
        circuit.fail(route.account)
        outcomes.unclear(generation, submission, can_look_up=provider.lists_tasks)
    else:
        if not reports.apply(submission, report):
            outcomes.unclear(generation, submission, can_look_up=provider.lists_tasks)
    # Whatever came, it was not "later".
    ProviderAccount.objects.filter(id=route.account.id, busy_until__lte=Now() + routing.PROBE).update(busy_until=None)


def _post(provider: Provider, submission: Submission, request: GenerationRequest, *, model: str) -> ProviderReport:
    url = callback_url(submission)
    connection.close()
    return provider.submit(request, model=model, callback_url=url)


crew = Crew(size=THREADS, claim=claim_queued, do=submit)
