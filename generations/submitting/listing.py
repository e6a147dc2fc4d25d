"""Reads the lists of accounts where much is running: one read tells of a whole page of tasks, not of one.

So five hundred tasks are looked at every few seconds within an account's reads, where asking for each would take half
a minute. What a list tells of a task is as good as what the task's own address tells.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice

from django.db import connection
from django.db.models import F, Min, Q, QuerySet
from django.db.models.functions import Now

from generations.models import ProviderAccount, Submission
from generations.providers.base import AccountRefused, Busy, Progress, Provider, ProviderError, ProviderReport
from generations.providers.registry import adapter, listing_providers
from project.due import Crew

from . import budget, circuit, outcomes, reports
from .poll import EXPECTED_LIFE

THREADS = 4
MANY = 40
EVERY = timedelta(seconds=4)
# What was on a list is not asked for by itself before so long; the next list comes first.
NEXT = timedelta(seconds=30)
PAGES = 50


def claim_due(limit: int) -> list[ProviderAccount]:
    """Accounts with lists and much to look at, whose list was not read just now."""
    rested = Q(listed_at=None) | Q(listed_at__lte=Now() - EVERY)
    able = ProviderAccount.objects.filter(
        rested, budget.may_read(), provider__in=listing_providers(), circuit_opened_at=None
    )
    crowded = (account for account in able if _running(account).count() >= MANY)
    return [account for account in islice(crowded, limit) if _is_ours(account, rested)]


def read(account: ProviderAccount) -> None:
    """Read a claimed account's list as far back as its tasks go, and take over what it tells of each."""
    since = _running(account).aggregate(since=Min("created_at"))["since"]
    if since is None:
        return
    try:
        for page in _pages(account, adapter(account), since - reports.CLOCK_SKEW):
            _take_over(account, {report.provider_task_id: report for report in page})
    except Busy as refusal:
        budget.exhaust(account, seconds=refusal.retry_after_seconds)
    except AccountRefused as refusal:
        outcomes.pause(account, refusal.reason)
    except ProviderError as error:
        circuit.note(account, error)


def _is_ours(account: ProviderAccount, rested: Q) -> bool:
    """Of several that would read the list now, one does."""
    return ProviderAccount.objects.filter(rested, id=account.id).update(listed_at=Now()) == 1


def _pages(account: ProviderAccount, provider: Provider, since: datetime) -> Iterator[list[ProviderReport]]:
    """Newest first, back to a time, as far as the budget goes. Tasks that are made meanwhile push others on, so that
    a page may repeat some of the last one, and none is missed."""
    offset = 0
    for _page in range(PAGES):
        if not budget.take(account):
            return
        connection.close()
        page = list(provider.list_tasks(offset=offset))
        if not page:
            return
        yield page
        offset += len(page)
        if any(each.created_at and each.created_at < since for each in page):
            return


def _take_over(account: ProviderAccount, told: Mapping[str, ProviderReport]) -> None:
    found = list(_running(account).filter(provider_task_id__in=told).select_related("account", "generation"))
    ids = [submission.id for submission in found]
    unleased = Submission.objects.filter(id__in=ids, lease_until=None, ended_at=None)
    unleased.update(polled_at=Now(), poll_count=F("poll_count") + 1, next_at=Now() + NEXT)
    for submission in found:
        report = told[submission.provider_task_id]
        if report.progress != Progress.RUNNING or report.percent or report.unknown_word:
            reports.apply(submission, report)


def _running(account: ProviderAccount) -> QuerySet[Submission]:
    """What runs longer than it should is asked for by itself, seldom; no list is read back to it."""
    bound = Submission.objects.filter(account=account, ended_at=None).exclude(provider_task_id="")
    return bound.filter(created_at__gt=Now() - EXPECTED_LIFE)


crew = Crew(size=THREADS, claim=claim_due, do=read)
