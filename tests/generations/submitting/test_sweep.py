from datetime import timedelta
from uuid import uuid4

import pytest
from django.conf import settings
from django.utils import timezone

from generations import lifecycle
from generations.models import Asset, Callback, Generation, IdempotencyKey, State, Submission
from generations.providers.base import Progress, ProviderReport
from generations.submitting import reports, sweep
from tests.api import asked, completed
from tests.factories import make_submission
from tests.pipeline import figures
from tests.races import advisory_locks, race


def submitting(team, *, lease_until) -> Generation:
    generation = asked(team)
    lifecycle.advance(generation, State.SUBMITTING, lease_until=lease_until)
    return generation


def test_a_lease_that_ran_out_before_the_submission_queues_again(team):  # K3
    generation = submitting(team, lease_until=timezone.now() - timedelta(seconds=1))

    sweep.sweep()

    generation.refresh_from_db()
    assert generation.state == "queued"
    assert generation.next_at <= timezone.now()


def test_a_lease_that_ran_out_after_the_submission_is_unconfirmed_and_looked_up(team, account):  # P4
    generation = submitting(team, lease_until=timezone.now() - timedelta(seconds=1))
    submission = make_submission(generation=generation, account=account)
    Submission.objects.update(next_at=None)

    sweep.sweep()

    generation.refresh_from_db()
    submission.refresh_from_db()
    assert generation.state == "unconfirmed"
    assert submission.next_at is not None
    assert figures(team) == (985, 15, 0)


def test_an_attempt_that_was_closed_before_does_not_count(team, account):
    generation = submitting(team, lease_until=timezone.now() - timedelta(seconds=1))
    closed = make_submission(generation=generation, account=account)
    Submission.objects.filter(id=closed.id).update(outcome="not_sent", ended_at=timezone.now(), next_at=None)

    sweep.sweep()

    generation.refresh_from_db()
    assert generation.state == "queued"


def test_a_lease_that_holds_is_left_alone(team):
    generation = submitting(team, lease_until=timezone.now() + timedelta(seconds=30))

    sweep.sweep()

    generation.refresh_from_db()
    assert generation.state == "submitting"


def test_deadlines_cover_what_the_provider_has_and_nothing_else(team):
    overdue = {"deadline_at": timezone.now() - timedelta(seconds=1)}
    queued = asked(team)
    waiting = submitting(team, lease_until=timezone.now() + timedelta(seconds=30))
    archiving = submitting(team, lease_until=None)
    lifecycle.advance(archiving, State.ARCHIVING)
    Generation.objects.update(**overdue)

    sweep.sweep()

    states = [Generation.objects.get(id=each.id).state for each in (queued, waiting, archiving)]
    assert states == ["queued", "failed", "archiving"]


@pytest.mark.parametrize("hours", [2, 0])
def test_what_nobody_could_send_is_given_up_after_the_deadline_and_not_before(team, hours):
    generation = asked(team)
    created_at = timezone.now() - timedelta(hours=hours)
    Generation.objects.update(
        created_at=created_at, first_refused_at=created_at, lease_until=timezone.now() + timedelta(seconds=60)
    )

    sweep.sweep()

    generation.refresh_from_db()
    assert (generation.state, generation.failure_code) == (("failed", "PROVIDER_BUSY") if hours else ("queued", ""))
    assert figures(team) == ((1000, 0, 0) if hours else (985, 15, 0))


@pytest.mark.parametrize(("minutes", "state"), [(61, "failed"), (30, "archiving")])
def test_what_could_not_be_archived_is_given_up_an_hour_after_its_link_has_died(team, account, minutes, state):
    generation = submitting(team, lease_until=None)
    submission = make_submission(generation=generation, account=account)
    died_at = timezone.now() - timedelta(minutes=minutes)
    reports.apply(
        submission,
        ProviderReport(
            provider_task_id="done",
            progress=Progress.SUCCEEDED,
            output_urls=("http://127.0.0.1:9/clip.mp4",),
            link_expires_at=died_at,
        ),
    )
    Submission.objects.update(lease_until=timezone.now() + timedelta(seconds=60))

    sweep.sweep()

    generation.refresh_from_db()
    assert (generation.state, generation.failure_code) == (state, "ARCHIVE_FAILED" if state == "failed" else "")


def test_a_row_that_can_not_be_swept_stops_no_other_row_and_no_other_step(team, caplog):
    waiting = [submitting(team, lease_until=timezone.now() + timedelta(seconds=30)) for _ in range(3)]
    old = asked(team)
    Generation.objects.filter(id=old.id).update(first_refused_at=timezone.now() - timedelta(days=1))
    for seconds, generation in enumerate(waiting):
        deadline_at = timezone.now() - timedelta(seconds=60 - seconds)
        Generation.objects.filter(id=generation.id).update(deadline_at=deadline_at)
    Generation.objects.filter(id=waiting[0].id).update(hold_id=uuid4())

    sweep.sweep()
    states = [Generation.objects.get(id=each.id).state for each in (*waiting, old)]
    Generation.objects.filter(id=waiting[0].id).update(hold_id=waiting[0].hold_id)

    assert states == ["submitting", "failed", "failed", "failed"]
    assert str(waiting[0].id) in caplog.text
    assert waiting[0].prompt not in caplog.text


@pytest.mark.parametrize("task", [{"provider_task_id": "its task"}, {"next_at": None}], ids=["bound", "unknown"])
def test_submissions_are_asked_about_for_a_day(team, account, task):
    generation = submitting(team, lease_until=None)
    lifecycle.advance(generation, State.FAILED, failure_code="TIMEOUT")
    young, old = (make_submission(generation=generation, account=account) for _ in range(2))
    Submission.objects.filter(id=old.id).update(created_at=timezone.now() - timedelta(hours=25), **task)

    sweep.sweep()

    assert Submission.objects.get(id=old.id).outcome == "lost"
    assert Submission.objects.get(id=young.id).ended_at is None


def test_idempotency_keys_are_forgotten_after_72_hours(team):
    generation = asked(team)
    for key, hours in (("old", 73), ("young", 71)):
        created_at = timezone.now() - timedelta(hours=hours)
        IdempotencyKey.objects.create(team=team, key=key, generation=generation, created_at=created_at)

    sweep.sweep()

    assert list(IdempotencyKey.objects.values_list("key", flat=True)) == ["young"]


def test_the_file_of_a_deleted_clip_goes_with_the_last_clip_that_has_its_content(team):
    first, second = completed(team), completed(team)
    file = settings.MEDIA_FOLDER / first.assets.get(kind=Asset.Kind.OUTPUT).path

    lifecycle.hide(first)
    sweep.sweep()
    there_after_one = file.exists()
    lifecycle.hide(second)
    sweep.sweep()

    assert there_after_one
    assert not file.exists()
    assert set(Asset.objects.values_list("path", flat=True)) == {""}


def test_two_beats_sweep_once(team):  # F10
    for _ in range(20):
        submitting(team, lease_until=timezone.now() - timedelta(seconds=1))

    race(lambda _: sweep.sweep(), range(8), threads=8)

    assert Generation.objects.filter(state="queued").count() == 20
    assert Generation.objects.get_queryset().filter(events__state="queued").count() == 40
    assert advisory_locks(sweep.SWEEP_LOCK) == 0


def test_callbacks_are_forgotten_after_a_month_and_those_to_nobody_after_a_week(team, account):
    submission = make_submission(generation=asked(team), account=account)
    now = timezone.now()
    for number, (days, to) in enumerate([(29, submission), (31, submission), (6, None), (8, None), (31, None)]):
        Callback.objects.create(
            submission=to,
            headers={"days": days},
            body=str(number).encode(),
            verdict="" if to else "unaddressed",
            received_at=now - timedelta(days=days),
        )

    sweep.sweep()

    assert sorted(Callback.objects.values_list("headers__days", flat=True)) == [6, 29]


def test_where_more_callbacks_are_old_than_a_round_takes_there_is_another(team, account, monkeypatch):
    monkeypatch.setattr(sweep, "ROWS", 1)
    old = timezone.now() - timedelta(days=31)
    Callback.objects.bulk_create(
        Callback(headers={}, body=str(number).encode(), verdict="unaddressed", received_at=old) for number in range(25)
    )

    rounds = [sweep.forget_callbacks() for _ in range(3)]

    assert rounds == [True, False, False]
    assert not Callback.objects.exists()
