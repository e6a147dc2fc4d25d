"""Takes a provider's word on a submission, whoever brought it: the POST, a poll, or a fetch that a callback caused.

Lock order: generation, then submission.
"""

import logging
from dataclasses import replace
from datetime import timedelta
from functools import partial

from django.db import IntegrityError, transaction
from django.db.models.functions import Coalesce, Now

from generations import lifecycle
from generations.models import Generation, State, Submission
from generations.providers.base import Progress, ProviderReport
from project.celery import nudge

from .routing import provider_model

log = logging.getLogger(__name__)

FIRST_POLL = timedelta(seconds=5)
# Their clock may be behind ours, and documented times have no fractions of a second.
CLOCK_SKEW = timedelta(seconds=10)
SUCCEEDED = "succeeded"
MAX_WARNINGS = 20


def matches(submission: Submission, report: ProviderReport) -> bool:
    """Whether a task that a callback or a list named can be the submission's, by all that the provider tells of it."""
    generation = submission.generation
    expected_model = provider_model(generation, submission.account)
    return (
        report.model in (None, expected_model)
        and report.prompt in (None, generation.prompt)
        and (report.created_at is None or report.created_at >= submission.created_at - CLOCK_SKEW)
    )


def apply(submission: Submission, report: ProviderReport) -> bool:
    """Bind the task to the submission, and move the generation on. Repeats change nothing.

    False when the task belongs to another submission, or the submission has another task: then nothing is changed.
    """
    with transaction.atomic():
        generation = Generation.objects.select_for_update().get(id=submission.generation_id)
        submission.refresh_from_db()
        if not _bind(submission, report.provider_task_id):
            return False
        _note_cost_and_warnings(submission, report)
        if submission.ended_at is None:
            _note_unknown_word(submission, report)
            _MOVES[report.progress](generation, submission, report)
    return True


def end(submission: Submission, outcome: str) -> None:
    """Close a submission: nobody asks about it any more. The caller's transaction has moved the generation."""
    Submission.objects.filter(id=submission.id, ended_at=None).update(
        outcome=outcome, ended_at=Now(), next_at=None, lease_until=None
    )


def _bind(submission: Submission, provider_task_id: str) -> bool:
    if submission.provider_task_id:
        return submission.provider_task_id == provider_task_id
    if submission.ended_at:
        return False
    try:
        with transaction.atomic():
            Submission.objects.filter(id=submission.id).update(
                provider_task_id=provider_task_id, bound_at=Now(), next_at=Now() + FIRST_POLL, poll_count=0
            )
    except IntegrityError:
        return False
    submission.refresh_from_db()
    return True


def _note_unknown_word(submission: Submission, report: ProviderReport) -> None:
    if report.unknown_word and report.unknown_word != submission.unknown_word:
        log.warning("submission %s: unknown status word %s", submission.id, report.unknown_word)
        Submission.objects.filter(id=submission.id).update(unknown_word=report.unknown_word)


def _note_cost_and_warnings(submission: Submission, report: ProviderReport) -> None:
    """Whatever brings them, once each, for the operator: the latest cost, and every remark up to a number."""
    cost = {**submission.provider_cost, **report.cost}
    warnings = list(dict.fromkeys([*submission.provider_warnings, *report.warnings]))[:MAX_WARNINGS]
    if (cost, warnings) != (submission.provider_cost, submission.provider_warnings):
        Submission.objects.filter(id=submission.id).update(provider_cost=cost, provider_warnings=warnings)


def _run(generation: Generation, submission: Submission, report: ProviderReport) -> None:
    if generation.state in (State.SUBMITTING, State.UNCONFIRMED):
        lifecycle.advance(generation, State.RUNNING, started_at=Now())
    if report.percent:
        lifecycle.report_progress(generation, report.percent)


def _succeed(generation: Generation, submission: Submission, report: ProviderReport) -> None:
    """What was made is fetched next. What comes after its generation has failed is theirs for free, and our loss."""
    if not report.output_urls:
        _fail(generation, submission, replace(report, failure_code="PROVIDER_ERROR"))
        return
    is_late = generation.is_final
    Submission.objects.filter(id=submission.id).update(
        outputs=list(report.output_urls),
        link_expires_at=report.link_expires_at,
        outcome=SUCCEEDED,
        ended_at=Now(),
        next_at=Now() if generation.hidden_at is None else None,
        lease_until=None,
        arrived_late=is_late,
        loss_credits=generation.held_credits if is_late else 0,
    )
    if is_late:
        log.warning("generation %s: its result came late, a loss of %s credits", generation.id, generation.held_credits)
        transaction.on_commit(partial(nudge, "archive"))
    else:
        started_at = Coalesce("started_at", Now())
        lifecycle.advance(generation, State.ARCHIVING, started_at=started_at, deadline_at=None)


def _fail(generation: Generation, submission: Submission, report: ProviderReport) -> None:
    end(submission, report.failure_code)
    if not generation.is_final:
        lifecycle.advance(generation, State.FAILED, failure_code=report.failure_code)


_MOVES = {Progress.RUNNING: _run, Progress.SUCCEEDED: _succeed, Progress.FAILED: _fail}
