"""Sends what is queued. Once its bytes may have left, a generation is never sent again.

The submission is committed before the POST, and no transaction or connection is held while a provider takes its time.
"""

from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from generations import lifecycle
from generations.intake import GenerationRequest
from generations.models import Generation, ProviderAccount, State, Submission
from generations.providers.base import AccountRefused, Busy, NotSent, Provider, ProviderError, ProviderReport, Refused
from generations.providers.registry import adapter
from project.due import Bulkhead, Crew

from . import circuit, outcomes, queue, reports, room, routing

THREADS = 24
PER_ACCOUNT = 10  # as many as may be unanswered: where one hangs, room runs out before slots do
# Longer than the adapters' own limit of 60 seconds for a POST.
SUBMITTING_LEASE = timedelta(seconds=75)

bulkhead = Bulkhead(PER_ACCOUNT)


def claim_queued(limit: int) -> list[Generation]:
    """A share of what is due to each team, but for what no account has room for."""
    return queue.claim_queued(limit, leaving_out=routing.crowded_models())


def submit(generation: Generation) -> None:
    """Send a claimed generation to the account that should make it, and record what came of it."""
    request = routing.request_for_provider(generation)
    candidates = routing.candidates(generation, request)
    route = routing.choose(candidates)
    if route is None and not candidates:
        outcomes.wait_for_account(generation)
        return
    if route is None:
        # Where the model is crowded it is left in its place; else only what is asked of it is, and it makes way.
        is_crowded = generation.model in routing.crowded_models()
        _step_back(generation, timedelta(0) if is_crowded else outcomes.LOOK_AGAIN)
        return
    with bulkhead.slot(route.account.id) as entered:
        if entered and routing.is_open(route):
            _try(generation, request, route)
        else:
            _step_back(generation)


def _try(generation: Generation, request: GenerationRequest, route: routing.Route) -> None:
    """Whatever can go wrong on our side does so before the submission: nothing is in doubt yet."""
    try:
        provider = adapter(route.account)
    except AccountRefused as refusal:
        outcomes.pause(route.account, refusal.reason)
        _step_back(generation)
        return
    if submission := _begin(generation, route.account):
        _send(generation, submission, request, route, provider)
    else:
        _step_back(generation)


def callback_url(submission: Submission) -> str:
    """Where the provider is to call back: the submission's token in the path."""
    path = reverse("generations:callback", args=[submission.account.provider, submission.token])
    return settings.CALLBACK_BASE_URL + path


def _step_back(generation: Generation, wait: timedelta = timedelta(0)) -> None:
    """The account has no slot or no room, or is busy since it was chosen. That is no refusal: it keeps its place."""
    next_at = F("next_at") if not wait else Now() + wait
    leased = Generation.objects.filter(id=generation.id, state=State.QUEUED, lease_until=generation.lease_until)
    leased.update(next_at=next_at, lease_until=None)


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
        outcomes.not_sent(generation, submission)
    except Refused as refusal:
        outcomes.refused(generation, submission, failure_code=refusal.failure_code)
    except Busy as refusal:
        outcomes.busy(generation, submission, retry_after_seconds=refusal.retry_after_seconds)
        return
    except AccountRefused as refusal:
        outcomes.account_refused(generation, submission, reason=refusal.reason)
    except ProviderError:
        outcomes.unclear(generation, submission, can_look_up=provider.lists_tasks)
    else:
        if not reports.apply(submission, report):
            outcomes.unclear(generation, submission, can_look_up=provider.lists_tasks)
    if route.account.busy_until:
        # This was the call that saw whether it still is, and whatever came, it was not "later".
        probed = ProviderAccount.objects.filter(id=route.account.id, busy_until=route.account.busy_until)
        probed.update(busy_until=None)


def _post(provider: Provider, submission: Submission, request: GenerationRequest, *, model: str) -> ProviderReport:
    url = callback_url(submission)
    connection.close()
    try:
        return provider.submit(request, model=model, callback_url=url)
    except ProviderError as error:
        circuit.note(submission.account, error)
        raise


crew = Crew(size=THREADS, claim=claim_queued, do=submit)
