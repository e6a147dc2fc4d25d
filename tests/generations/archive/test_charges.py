"""A clip whose length was left to the model is charged by the length that came, as far as its hold goes."""

from datetime import timedelta

import pytest
from django.utils import timezone

from generations import lifecycle
from generations.archive import archive
from generations.models import Generation, State, Submission
from generations.providers.base import Progress, ProviderReport
from generations.submitting import reports, sweep
from tests.api import asked
from tests.factories import make_account, make_submission
from tests.generations.archive.conftest import clip_of
from tests.pipeline import figures
from tests.receiver import answer

SEE2AI = {"model": "doubao-seedance-2.0"}


@pytest.mark.parametrize(
    ("seconds", "charged", "loss"),
    [(7, 70, 0), (15, 150, 0), (20, 150, 50), (2, 40, 0)],
    ids=["shorter", "longest", "longer than offered", "shorter than offered"],
)
def test_a_clip_as_long_as_the_model_liked_is_charged_by_its_length(  # P14
    done, files, team, tmp_path, seconds, charged, loss
):
    files.otherwise = answer(200, clip_of(seconds, tmp_path))
    generation = done(duration=-1, **SEE2AI)

    archive.crew.run()

    generation.refresh_from_db()
    assert (generation.state, generation.held_credits, generation.charged_credits) == ("completed", 150, charged)
    assert figures(team) == (10_000 - charged, 0, charged)
    assert Submission.objects.get().loss_credits == loss


def test_a_clip_of_a_length_that_was_asked_for_costs_what_was_quoted(done, files, team, tmp_path):  # P14
    files.otherwise = answer(200, clip_of(6, tmp_path))
    done(duration=5, **SEE2AI)

    archive.crew.run()

    assert figures(team) == (10_000 - 50, 0, 50)
    assert Submission.objects.get().loss_credits == 0


def test_what_came_late_is_free_and_the_loss_is_what_was_really_made(team, files, tmp_path):  # P10
    files.otherwise = answer(200, clip_of(7, tmp_path))
    generation = asked(team, duration=-1, **SEE2AI)
    account = make_account(base_url=files.url("/api/v1"))
    lifecycle.advance(generation, State.SUBMITTING)
    submission = make_submission(generation=generation, account=account, provider_task_id="theirs")
    Generation.objects.update(deadline_at=timezone.now() - timedelta(seconds=1))
    sweep.pass_deadlines()
    urls = (files.url("/clip.mp4"),)
    reports.apply(submission, ProviderReport(provider_task_id="theirs", progress=Progress.SUCCEEDED, output_urls=urls))

    archive.crew.run()

    generation.refresh_from_db()
    assert (generation.state, generation.warnings) == ("failed", ["arrived_late"])
    assert figures(team) == (10_000, 0, 0)
    assert Submission.objects.get().loss_credits == 70
