"""Asks providers how their tasks stand, and looks up those whose answer was lost.

A callback may bring a poll forward, but a task is asked about at most once in five seconds.
"""

from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from generations import lifecycle
from generations.models import Generation, State, Submission
from generations.providers.base import AccountRefused, Busy, Provider, ProviderError, ProviderReport, TaskMissing
from generations.providers.registry import adapter
from project.due import Bulkhead, Crew, claim

from . import budget, circuit, outcomes, reports

THREADS = 16
PER_ACCOUNT = 8
LEAST = timedelta(seconds=5)
GROWTH = 1.3
# A look-up reads so many pages of a provider's list.
PAGES = 20
EXPECTED_LIFE = timedelta(minutes=10)
MISSING_COUNT = 3
MISSING_FOR = timedelta(minutes=2)

bulkhead = Bulkhead(PER_ACCOUNT)


def claim_due(limit: int) -> list[Submission]:
    """Not what nobody could be asked about now: those reads are spent, or its account's circuit is open."""
    rested = Q(polled_at=None) | Q(polled_at__lte=Now() - LEAST)
    due = Submission.objects.filter(
        rested, budget.may_read("account__"), ended_at=None, account__circuit_opened_at=None
    )
    return claim(due.select_related("account", "generation"), limit)


def poll(submission: Submission) -> None:
    """Ask about a claimed submission once, take the answer, and say when it is asked about next."""
    due_at = submission.next_at
    with bulkhead.slot(submission.account_id) as entered:
        if not entered or not budget.take(submission.account):
            _release(submission, due_at, timezone.now() + timedelta(seconds=1))
            return
        Submission.objects.filter(id=submission.id).update(polled_at=Now(), poll_count=F("poll_count") + 1)
        _release(submission, due_at, _ask(submission) or _next_at(submission))


def _ask(submission: Submission) -> datetime | None:
    """One question. Returns when to ask again where the answer said so."""
    try:
        provider = adapter(submission.account)
        if submission.provider_task_id:
            _fetch(submission, provider)
        elif provider.lists_tasks:
            _look_up(submission, provider)
    except TaskMissing:
        _count_missing(submission)
    except Busy as refusal:
        budget.exhaust(submission.account, seconds=refusal.retry_after_seconds)
        return timezone.now() + timedelta(seconds=refusal.retry_after_seconds)
    except AccountRefused as refusal:
        outcomes.pause(submission.account, refusal.reason)
        return timezone.now() + timedelta(seconds=60)
    except ProviderError as error:  # asked again, as after any other answer
        circuit.note(submission.account, error)
    return None


def _fetch(submission: Submission, provider: Provider) -> None:
    connection.close()
    report = provider.fetch(submission.provider_task_id)
    Submission.objects.filter(id=submission.id).update(missing_count=0, missing_since=None)
    reports.apply(submission, report)


def _look_up(submission: Submission, provider: Provider) -> None:
    """Bind a task of the same model and prompt made since. Identical ones are interchangeable: oldest first.

    Where somebody else is looking for another clip in the same words, only a callback can tell whose a task is.
    """
    told = (each for each in _listed(submission, provider) if each.model and each.prompt)
    found = [each for each in told if reports.matches(submission, each)]
    if _has_rival(submission):
        return
    ids = [report.provider_task_id for report in found]
    taken = set(
        Submission.objects.filter(account=submission.account, provider_task_id__in=ids).values_list(
            "provider_task_id", flat=True
        )
    )
    for report in reversed(found):
        if report.provider_task_id not in taken and reports.apply(submission, report):
            return


def _listed(submission: Submission, provider: Provider) -> list[ProviderReport]:
    """The account's tasks, newest first, back to the submission's time, as far as bounds and budget allow.

    A page may be shorter than was asked for, so only an empty one is the last.
    """
    since = submission.created_at - reports.CLOCK_SKEW
    listed: list[ProviderReport] = []
    for page in range(PAGES):
        if page and not budget.take(submission.account):
            break
        connection.close()
        tasks = provider.list_tasks(offset=len(listed))
        listed += tasks
        if not tasks or any(each.created_at and each.created_at < since for each in tasks):
            break
    return listed


def _has_rival(submission: Submission) -> bool:
    """Whether another submission without a task yet asked for something else by the same words."""
    asked = submission.generation
    in_the_dark = Submission.objects.filter(account=submission.account, provider_task_id="", ended_at=None)
    same_words = in_the_dark.filter(generation__model=asked.model, generation__prompt=asked.prompt)
    return same_words.exclude(generation__params=asked.params).exists()


def _count_missing(submission: Submission) -> None:
    """A task that its provider does not know, three times over two minutes, is lost."""
    Submission.objects.filter(id=submission.id).update(
        missing_count=F("missing_count") + 1, missing_since=Coalesce("missing_since", Now())
    )
    lost = Submission.objects.filter(
        id=submission.id, ended_at=None, missing_count__gte=MISSING_COUNT, missing_since__lte=Now() - MISSING_FOR
    )
    if lost.exists():
        generation = Generation.objects.get(id=submission.generation_id)
        if not generation.is_final:
            lifecycle.advance(generation, State.FAILED, failure_code="PROVIDER_ERROR")
        reports.end(submission, "missing")


def _next_at(submission: Submission) -> datetime:
    """Five seconds growing to thirty, then every minute; up to ten minutes once the hold has been given back."""
    now = timezone.now()
    is_late = Generation.objects.filter(id=submission.generation_id, state__in=State.FINAL).exists()
    first, most = (60.0, 600.0) if is_late else (LEAST.total_seconds(), 30.0)
    seconds = min(first * GROWTH ** min(submission.poll_count, 20), most)
    if not is_late and now - submission.created_at > EXPECTED_LIFE:
        seconds = 60.0
    return now + timedelta(seconds=seconds)


def _release(submission: Submission, due_at: datetime | None, next_at: datetime) -> None:
    """Due again at `next_at`, unless someone said otherwise since it was claimed: a callback, a report, the sweep."""
    ours = When(next_at=due_at, then=Value(next_at))
    Submission.objects.filter(id=submission.id, ended_at=None).update(
        next_at=Case(ours, default=F("next_at")), lease_until=None
    )


crew = Crew(size=THREADS, claim=claim_due, do=poll)
