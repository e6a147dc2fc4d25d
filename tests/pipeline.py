"""The jobs, run here and now: what a worker would do, without waiting for a clock."""

import shutil
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from accounts.audit import audit as audit_credits
from accounts.models import CreditBalance, Team
from generations import audit
from generations.archive.archive import crew as archivers
from generations.models import Callback, Generation, ProviderAccount, State, Submission
from generations.submitting.circuit import crew as probers
from generations.submitting.ingest import crew as readers
from generations.submitting.listing import crew as listers
from generations.submitting.poll import crew as pollers
from generations.submitting.submit import crew as submitters
from tests.sandbox_process import SandboxProcess, wait_until


def work() -> None:
    """One round of every job but the sweep."""
    for crew in (probers, submitters, readers, listers, pollers, archivers):
        crew.run()


def hurry() -> None:
    """Whatever waits for a moment to come is due now."""
    hurry_queue()
    Submission.objects.filter(next_at__isnull=False).update(next_at=Now(), polled_at=None)
    Callback.objects.filter(next_at__isnull=False).update(next_at=Now())
    ProviderAccount.objects.filter(probe_at__isnull=False).update(probe_at=Now())


def hurry_queue() -> None:
    """What is queued is due now. A row that somebody holds is passed by, so several may do this beside each other."""
    with transaction.atomic():
        free = Generation.objects.select_for_update(skip_locked=True).filter(state=State.QUEUED)
        Generation.objects.filter(pk__in=[each.pk for each in free]).update(next_at=Now())


def finish(*generations: Generation, seconds: float = 30) -> None:
    """Work until all of them have ended."""

    def ended() -> bool:
        work()
        hurry()
        ids = [each.pk for each in generations]
        return not Generation.objects.filter(pk__in=ids).in_progress().exists()

    wait_until(ended, seconds=seconds)
    for generation in generations:
        generation.refresh_from_db()


def figures(team: Team) -> tuple[int, int, int]:
    """Available, held and spent."""
    balance = CreditBalance.objects.get(team=team)
    return balance.available, balance.held, balance.spent


def assert_books_are_right() -> None:
    assert audit_credits() == []
    assert audit.audit() == []


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[SandboxProcess]:
    process = SandboxProcess(SANDBOX_SECONDS="0.2")
    yield process
    process.stop()


@pytest.fixture
def sandbox(sandbox_process: SandboxProcess) -> SandboxProcess:
    """An upstream API that has been asked nothing yet."""
    sandbox_process.reset()
    return sandbox_process


@pytest.fixture
def media_folder() -> Iterator[None]:
    """Empty at first, whatever was left there, and in the end."""
    shutil.rmtree(settings.MEDIA_FOLDER, ignore_errors=True)
    yield
    shutil.rmtree(settings.MEDIA_FOLDER, ignore_errors=True)
