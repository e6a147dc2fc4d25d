import os
import subprocess
import sys
from datetime import timedelta
from io import BytesIO
from uuid import uuid4

import pytest
from django.conf import settings
from django.utils import timezone
from PIL import Image

from accounts import credits, keys, members, teams
from accounts.actors import Actor
from accounts.models import AuditEntry, CreditEntry, Team, WebhookDelivery
from accounts.refusals import TeamClosing
from generations import catalog, lifecycle, pricing
from generations.archive import archive
from generations.archive.uploads import BadUpload, keep_upload
from generations.intake import GenerationRequest
from generations.lifecycle import Asker
from generations.models import Asset, Generation, GenerationCount, State, Submission
from generations.providers.base import Progress, ProviderReport
from generations.submitting import closing, poll, reports, submit, sweep
from tests.api import asked, completed, failed, running
from tests.factories import make_key, make_member, make_submission, make_team
from tests.pipeline import figures, finish, hurry, work
from tests.races import advisory_locks, meanwhile, race
from tests.sandbox_process import wait_until
from tests.web import database_url


def uploaded(team) -> Asset:
    file = BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG")
    file.seek(0)
    return keep_upload(team, file)


def submitted(team, account, state, **given) -> tuple[Generation, Submission]:
    """One that is being made, with its open submission."""
    generation = asked(team, **given)
    lifecycle.advance(generation, State.SUBMITTING, lease_until=timezone.now() + timedelta(seconds=75))
    bound = state in (State.RUNNING, State.ARCHIVING)
    submission = make_submission(generation=generation, account=account, provider_task_id=uuid4().hex if bound else "")
    if state == State.ARCHIVING:
        reports.apply(submission, done(submission))
    elif state != State.SUBMITTING:
        lifecycle.advance(generation, state)
    return generation, submission


def done(submission) -> ProviderReport:
    return ProviderReport(
        provider_task_id=submission.provider_task_id or "late",
        progress=Progress.SUCCEEDED,
        output_urls=("http://127.0.0.1:9/clip.mp4",),
    )


def close(team) -> None:
    teams.close(team, by=Actor())


def is_closed(team) -> bool:
    return Team.objects.get(pk=team.pk).closed_at is not None


def sweep_until_closed(team) -> None:
    wait_until(lambda: sweep.sweep() or is_closed(team))


def files() -> list:
    return [path for path in settings.MEDIA_FOLDER.rglob("*") if path.is_file()]


def state_of(generation) -> tuple[str, str]:
    generation.refresh_from_db()
    return generation.state, generation.failure_code


def test_each_state_ends_as_it_should_and_every_hold_is_given_back(team, account):  # K10
    queued = asked(team)
    made = {
        state: submitted(team, account, state)
        for state in (State.SUBMITTING, State.UNCONFIRMED, State.RUNNING, State.ARCHIVING)
    }
    close(team)

    sweep.sweep()

    assert state_of(queued) == ("cancelled", "")
    assert {state_of(generation) for generation, _ in made.values()} == {("failed", "TEAM_CLOSED")}
    assert figures(team) == (1000, 0, 0)
    assert is_closed(team)


def test_a_hundred_at_once_are_ended_and_the_books_are_right(team, account):  # K10
    credits.grant(team, 1000, note="for a hundred")
    for number in range(100):
        submitted(team, account, (State.SUBMITTING, State.RUNNING, State.UNCONFIRMED)[number % 3])
    completed(team)
    close(team)

    sweep_until_closed(team)

    assert not CreditEntry.objects.filter(kind="hold").exclude(
        hold_id__in=CreditEntry.objects.filter(kind__in=("capture", "release")).values("hold_id")
    )
    assert figures(team) == (1985, 0, 15)
    assert not Asset.objects.exclude(path="").exists()


def test_nothing_is_asked_about_and_nothing_fetched_any_more(team, account):
    made = [submitted(team, account, state) for state in (State.SUBMITTING, State.RUNNING, State.ARCHIVING)]
    timed_out, late = submitted(team, account, State.RUNNING)
    lifecycle.advance(timed_out, State.FAILED, failure_code="TIMEOUT")
    lifecycle.hide(timed_out)
    close(team)

    sweep.sweep()

    for submission in [each for _generation, each in made] + [late]:
        submission.refresh_from_db()
        assert (submission.outcome, submission.next_at, submission.lease_until) == ("team_closed", None, None)
        assert submission.ended_at is not None
    # What was made will be billed to us.
    assert [submission.loss_credits for _generation, submission in made] == [0, 0, 15]


@pytest.mark.parametrize("state", [State.SUBMITTING, State.RUNNING])
def test_a_result_that_comes_after_all_changes_nothing(team, account, state):
    generation, submission = submitted(team, account, state)
    close(team)
    sweep.sweep()

    reports.apply(submission, done(submission))
    sweep.sweep()
    hurry()
    work()

    assert state_of(generation) == ("failed", "TEAM_CLOSED")
    assert not Asset.objects.exists()
    assert figures(team) == (1000, 0, 0)


def test_a_worker_that_was_sending_meanwhile_finds_it_ended(team, account, sandbox):
    sandbox.set_fault("slow_answer=1")
    generation = asked(team)

    with meanwhile(submit.crew.run):
        wait_until(lambda: sandbox.state()["accepted"])
        close(team)
        sweep.sweep()
    hurry()
    work()

    assert state_of(generation) == ("failed", "TEAM_CLOSED")
    assert Submission.objects.get().outcome == "team_closed"
    assert figures(team) == (1000, 0, 0)


def test_a_worker_that_was_fetching_a_clip_meanwhile_keeps_nothing(team, account, sandbox):
    generation = asked(team)
    wait_until(lambda: (submit.crew.run(), hurry(), poll.crew.run(), archive.claim_due(1))[-1])
    fetching = Submission.objects.select_related("account").get()
    close(team)
    sweep.sweep()

    archive.archive(fetching)

    assert state_of(generation) == ("failed", "TEAM_CLOSED")
    assert not Asset.objects.exists()
    assert Submission.objects.get().loss_credits == 15


def test_clips_posters_and_uploads_go_with_their_files(team):
    generation, upload = completed(team), uploaded(team)
    there = len(files())
    close(team)

    sweep.sweep()

    generation.refresh_from_db()
    upload.refresh_from_db()
    assert there == 3
    assert files() == []
    assert generation.hidden_at is not None
    assert (upload.deleted_at is None, upload.path) == (False, "")
    assert set(GenerationCount.objects.values_list("count", flat=True)) == {0}


def test_a_file_that_another_team_has_too_stays(team):
    other = make_team(granted=100)
    completed(team)
    theirs = completed(other)
    close(team)

    sweep.sweep()

    assert is_closed(team)
    assert len(files()) == 2
    assert theirs.assets.filter(deleted_at=None).count() == 2
    assert not is_closed(other)


def test_a_team_that_was_not_closed_is_left_alone(team, account):
    generation, _submission = submitted(team, account, State.RUNNING)
    completed(team)

    assert not closing.empty_teams()
    sweep.sweep()

    assert state_of(generation)[0] == "running"
    assert not is_closed(team)
    assert Asset.objects.filter(deleted_at=None).count() == 2


def test_webhooks_tell_of_the_end_and_are_still_due(team, account):
    generation, _submission = submitted(team, account, State.RUNNING, callback_url="https://example.com/hook")
    close(team)

    sweep.sweep()

    delivery = WebhookDelivery.objects.get()
    assert is_closed(team)
    assert (delivery.event.subject_id, delivery.state) == (generation.id, "pending")
    assert "The team was closed" in delivery.event.body


def test_rounds_are_bounded_and_the_next_goes_on(team, monkeypatch):
    for _ in range(5):
        completed(team)
    asked(team)
    monkeypatch.setattr("generations.submitting.rounds.ROWS", 2)
    close(team)

    hidden = []
    for _ in range(3):
        sweep.sweep()
        hidden.append(Generation.objects.exclude(hidden_at=None).count())
    sweep_until_closed(team)

    assert hidden == [2, 4, 6]


def test_what_a_killed_worker_left_the_next_one_ends(team, account):  # K10
    credits.grant(team, 1000, note="for a hundred")
    for _ in range(100):
        submitted(team, account, State.RUNNING)
    close(team)
    ended = Generation.objects.exclude(ended_at=None)
    program = "import django; django.setup(); from generations.submitting.sweep import sweep; sweep()"
    environment = os.environ | {"DATABASE_URL": database_url()}

    worker = subprocess.Popen([sys.executable, "-c", program], cwd=settings.LOCALE_PATHS[0].parent, env=environment)
    wait_until(ended.exists)
    worker.kill()
    worker.wait()
    # What was killed sweeps until the database has noticed.
    wait_until(lambda: advisory_locks(sweep.SWEEP_LOCK) == 0)
    left = 100 - ended.count()
    sweep_until_closed(team)

    assert left > 0
    assert figures(team) == (2000, 0, 0)
    assert Generation.objects.filter(failure_code="TEAM_CLOSED").count() == 100


def test_one_that_can_not_be_ended_keeps_no_other_and_no_other_team(team, account):
    stuck, _submission = submitted(team, account, State.RUNNING)
    others = [submitted(team, account, State.RUNNING)[0] for _ in range(2)]
    second = make_team(granted=100)
    theirs = running(second)
    hold_id = stuck.hold_id
    Generation.objects.filter(id=stuck.id).update(hold_id=uuid4())
    close(team)
    close(second)

    sweep.sweep()
    states = [state_of(each)[0] for each in (stuck, *others, theirs)]
    closed_meanwhile = is_closed(team), is_closed(second)
    Generation.objects.filter(id=stuck.id).update(hold_id=hold_id)
    sweep.sweep()

    assert states == ["running", "failed", "failed", "failed"]
    assert closed_meanwhile == (False, True)
    assert is_closed(team)
    assert AuditEntry.objects.filter(action="team.closed").count() == 2


def test_two_sweeps_at_once_close_it_once(team, account):  # F10
    for _ in range(10):
        submitted(team, account, State.RUNNING)
    close(team)

    race(lambda _: (closing.empty_teams(), closing.finish_teams()), range(8), threads=8)
    sweep.sweep()

    assert is_closed(team)
    assert figures(team) == (1000, 0, 0)
    assert AuditEntry.objects.filter(action="team.closed").count() == 1
    assert Generation.objects.filter(events__state="failed", events__detail={}).count() == 10


def test_no_clip_is_asked_for_and_no_image_uploaded_in_a_closing_team(team):
    close(team)

    with pytest.raises(TeamClosing):
        asked(team)
    with pytest.raises(BadUpload, match="closed"):
        uploaded(team)

    assert not Generation.objects.exists()
    assert not Asset.objects.exists()


def test_whatever_is_asked_for_while_it_closes_ends_with_it(team):  # K10
    def act(number):
        if number == 8:
            return close(team)
        try:
            return uploaded(team) if number % 2 else asked(team)
        except (TeamClosing, BadUpload):
            return None

    race(act, range(24), threads=8)
    sweep_until_closed(team)

    assert figures(team) == (1000, 0, 0)
    assert not Generation.objects.in_progress().exists()
    assert files() == []


def test_what_failed_before_stays_what_it_was(team):
    generation = failed(team, code="CONTENT_POLICY")
    close(team)

    sweep.sweep()

    assert state_of(generation) == ("failed", "CONTENT_POLICY")
    assert generation.hidden_at is not None


def asked_by(team, **asker) -> Generation:
    resolved = catalog.resolve(GenerationRequest.from_mapping({"prompt": "A gate, and light"}))
    asker = Asker(team_id=team.pk, **asker)
    return lifecycle.create(resolved, pricing.quote(resolved), asker=asker)[0]


def test_running_work_of_a_revoked_key_finishes_and_is_charged(team, account, sandbox):  # K10
    key, _secret = make_key(team=team)
    generation = asked_by(team, api_key_id=key.pk)
    work()

    keys.revoke(key, by=Actor())
    finish(generation)

    assert generation.state == "completed"
    assert figures(team) == (985, 0, 15)


def test_what_someone_had_in_progress_goes_on_after_they_were_removed(team, account, sandbox):
    maker = make_member(team=team)
    queued, sent = (asked_by(team, user_id=maker.pk) for _ in range(2))
    Generation.objects.filter(id=queued.id).update(next_at=timezone.now() + timedelta(seconds=60))
    work()

    members.remove(team, maker.pk, by=Actor(user=team.memberships.get(role="owner").user))
    finish(queued, sent)

    assert [each.state for each in (queued, sent)] == ["completed", "completed"]
    assert {each.created_by for each in (queued, sent)} == {maker}
    assert figures(team) == (970, 0, 30)


def test_files_that_cannot_be_unlinked_keep_no_others_from_their_turn(team, monkeypatch):
    other = uploaded(make_team())
    blocked = [f"stuck/{number}" for number in range(2)]
    for path in blocked:
        (settings.MEDIA_FOLDER / path).mkdir(parents=True)
        Asset.objects.filter(pk=uploaded(team).pk).update(path=path, deleted_at=timezone.now() - timedelta(days=1))
    Asset.objects.filter(pk=other.pk).update(deleted_at=timezone.now())
    monkeypatch.setattr("generations.submitting.sweep.ROWS", 2)

    for _ in range(60):
        sweep.unlink_deleted_files()

    other.refresh_from_db()
    assert other.path == ""
    assert Asset.objects.filter(path__in=blocked).count() == 2
