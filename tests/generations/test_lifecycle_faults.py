"""What can happen to a generation on its way, row by row: asked for over HTTP, made by the sandbox over HTTP.

Workers that are really killed, and figures of thousands, are in tests/faults: git grep -w K3 tests.
"""

from collections import Counter
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from django.urls import reverse
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts import keys, teams
from accounts.actors import INSTALLATION, Actor
from accounts.models import CreditEntry, Team
from generations.archive import archive
from generations.models import Callback, Generation, State, Submission
from generations.submitting import ingest, poll, submit, sweep
from project.celery import app
from project.due import Crew
from tests.factories import make_key
from tests.generations.submitting.conftest import account, reachable, team
from tests.pipeline import figures, finish, hurry, hurry_queue, media_folder, sandbox, sandbox_process, work
from tests.races import race
from tests.sandbox_process import wait_until

__all__ = ["account", "media_folder", "reachable", "sandbox", "sandbox_process", "team"]


class Program:
    """A customer's program: it knows our API, and nothing else of us."""

    def __init__(self, url: str, team: Team) -> None:
        self.key, secret = make_key(team=team)
        headers = {"Authorization": f"Bearer {secret}"}
        self.http = httpx.Client(base_url=f"{url}/api/v1", headers=headers, timeout=30, trust_env=False)

    def ask(self, prompt: str = "A gate, and light") -> Generation:
        answer = self.http.post("/generations", json={"prompt": prompt})
        assert answer.status_code == 201, answer.text
        return Generation.objects.get(id=UUID(answer.json()["data"]["id"]))

    def call(self, generation: Generation, call: str) -> int:
        """The status of cancel, retry or delete."""
        path = f"/tasks/{generation.id}"
        answer = self.http.delete(path) if call == "delete" else self.http.post(f"{path}/{call}")
        return answer.status_code

    def task(self, generation: Generation) -> dict[str, object]:
        return self.http.get(f"/tasks/{generation.id}").json()["data"]


@pytest.fixture
def program(team, account, reachable):
    program = Program(reachable.url, team)
    yield program
    program.http.close()


def state_of(generation: Generation) -> str:
    generation.refresh_from_db()
    return generation.state


def sent_once(sandbox, generations: list[Generation]) -> bool:
    return sandbox.state()["creates_by_prompt"] == Counter(each.prompt for each in generations)


def leases_run_out() -> None:
    past = timezone.now() - timedelta(seconds=1)
    for model in (Generation, Submission, Callback):
        model.objects.filter(lease_until__isnull=False).update(lease_until=past)


# What each call answers by the state that a task is in; none of them is an error of ours.
MOVES = {
    "queued": {"cancel": 200, "retry": 409, "delete": 409},
    "running": {"cancel": 409, "retry": 409, "delete": 409},
    "completed": {"cancel": 409, "retry": 409, "delete": 200},
    "failed": {"cancel": 409, "retry": 201, "delete": 200},
    "cancelled": {"cancel": 200, "retry": 201, "delete": 200},
}


def in_state(program: Program, sandbox, state: str) -> Generation:
    faults = {"running": "never", "failed": "fail=No capacity"}
    if state in faults:
        sandbox.set_fault(faults[state])
    generation = program.ask()
    match state:
        case "running":
            submit.crew.run()
        case "completed" | "failed":
            finish(generation)
        case "cancelled":
            program.call(generation, "cancel")
    assert state_of(generation) == state
    return generation


@pytest.mark.parametrize("call", ["cancel", "retry", "delete"])
@pytest.mark.parametrize("state", MOVES)
def test_each_call_is_refused_where_the_state_has_no_such_move(program, sandbox, state, call):  # K1
    generation = in_state(program, sandbox, state)
    before = Generation.objects.filter(id=generation.id).values().get()

    answered = program.call(generation, call)

    assert answered == MOVES[state][call]
    if answered == 409:
        assert Generation.objects.filter(id=generation.id).values().get() == before


def test_of_many_workers_one_takes_each_generation(program, sandbox):  # K2
    sandbox.set_fault("never")
    generations = [program.ask(f"One of many, {number}") for number in range(40)]
    crews = [Crew(size=4, claim=submit.claim_queued, do=submit.submit) for _ in range(6)]

    def work_off(crew: Crew) -> None:
        while Generation.objects.filter(state=State.QUEUED).exists():
            hurry_queue()
            crew.run()

    race(work_off, crews, threads=6)

    assert sent_once(sandbox, generations)
    assert Submission.objects.exclude(provider_task_id="").count() == 40


CLAIMS = {
    "submit": submit.claim_queued,
    "ingest": ingest.claim_due,
    "poll": poll.claim_due,
    "archive": archive.claim_due,
}


def come_to(job: str, generation: Generation) -> None:
    """Until that job has something to do."""
    if job != "submit":
        submit.crew.run()
    if job == "ingest":
        wait_until(Callback.objects.exists)
    if job in ("poll", "archive"):
        hurry()
    if job == "archive":
        wait_until(lambda: hurry() or poll.crew.run() or state_of(generation) == State.ARCHIVING)


@pytest.mark.parametrize("job", CLAIMS)
def test_what_a_dead_worker_had_in_hand_is_taken_over_once_its_lease_is_over(program, sandbox, job):  # K3 K9
    generation = program.ask()
    come_to(job, generation)
    in_hand = CLAIMS[job](50)
    while_leased = CLAIMS[job](50)

    leases_run_out()
    finish(generation)

    assert (len(in_hand), while_leased) == (1, [])
    assert generation.state == "completed"
    assert sent_once(sandbox, [generation])
    assert generation.assets.filter(kind="output").count() == 1


def test_every_job_five_times_at_once_does_the_same_as_once(program, sandbox):  # K4
    generations = [program.ask(f"Five times, {number}") for number in range(6)]

    def ended() -> bool:
        race(lambda _: work(), range(5), threads=5)
        hurry()
        return not Generation.objects.in_progress().exists()

    wait_until(ended, seconds=60)

    assert {state_of(each) for each in generations} == {"completed"}
    assert sent_once(sandbox, generations)
    assert CreditEntry.objects.filter(kind="capture").count() == 6


def test_without_any_message_everything_is_made_by_the_jobs_that_beat_begins(program, sandbox, monkeypatch):  # K5
    def lost(*_given, **_more) -> None:
        raise OperationalError

    monkeypatch.setattr(app, "send_task", lost)
    generations = [program.ask(f"Without messages, {number}") for number in range(6)]

    sweep.sweep()
    finish(*generations)

    assert {each.state for each in generations} == {"completed"}
    assert sent_once(sandbox, generations)


@pytest.mark.parametrize("fault", ["status_word=LANTERN-9,slow=60", "fail=LANTERN-9 burst"])
def test_a_program_is_told_in_our_words_alone(program, sandbox, fault):  # K6
    sandbox.set_fault(fault)
    generation = program.ask()
    ended = "processing" if "slow" in fault else "failed"

    def looked_at() -> bool:
        work()
        hurry()
        return Submission.objects.filter(poll_count__gt=0).exists() and program.task(generation)["status"] == ended

    wait_until(looked_at, seconds=30)
    told = program.http.get(f"/tasks/{generation.id}").text
    task = program.task(generation)

    assert "LANTERN" not in told
    assert task["status"] == ended
    assert task["stage"] == ("running" if "slow" in fault else "failed")


def test_a_retry_is_a_new_task_with_an_id_of_its_own(program, sandbox, team):  # K7
    sandbox.set_fault("fail=No capacity", count=1)
    first = program.ask()
    finish(first)

    answer = program.http.post(f"/tasks/{first.id}/retry").json()["data"]
    second = Generation.objects.get(id=UUID(answer["id"]))
    finish(second)

    assert (state_of(first), second.state, second.retry_of_id) == ("failed", "completed", first.id)
    ids = [each.submissions.get().provider_task_id for each in (first, second)]
    assert len(set(ids)) == 2
    assert all(ids)
    assert figures(team) == (985, 0, 15)


def test_what_is_called_off_before_it_was_sent_never_is(program, sandbox, team):  # K7
    generation = program.ask()

    assert program.call(generation, "cancel") == 200
    hurry()
    work()

    assert sandbox.state()["creates"] == 0
    assert figures(team) == (1000, 0, 0)


def test_of_a_cancel_and_a_completion_one_wins(program, sandbox, team):  # K8
    generations = [program.ask(f"Cancelled or made, {number}") for number in range(16)]

    def call_off_or_make(number: int) -> int:
        if number < 2:
            submit.crew.run()
            return 0
        return program.call(generations[number - 2], "cancel")

    answers = race(call_off_or_make, range(18), threads=6)
    finish(*generations)

    states = Counter(each.state for each in generations)
    assert states["cancelled"] == answers.count(200)
    assert states["completed"] == answers.count(409) == sandbox.state()["creates"]
    assert states.total() == 16
    assert figures(team) == (1000 - 15 * states["completed"], 0, 15 * states["completed"])
    done = next((each for each in generations if each.state == "completed"), None)
    assert done is None or program.call(done, "cancel") == 409


def test_a_key_that_is_revoked_takes_nothing_with_it(program, sandbox, team):  # K10
    generations = [program.ask(f"Of a revoked key, {number}") for number in range(8)]
    submit.crew.run()

    keys.revoke(program.key, by=INSTALLATION)
    refused = program.http.get("/tasks").status_code
    finish(*generations)

    assert refused == 401
    assert {each.state for each in generations} == {"completed"}
    assert figures(team) == (1000 - 8 * 15, 0, 8 * 15)


def test_a_team_that_closes_while_its_work_runs_has_no_open_hold(program, sandbox, team):  # K10
    sandbox.set_fault("never", count=4)
    generations = [program.ask(f"Of a closing team, {number}") for number in range(8)]
    for _ in range(2):
        work()
        hurry()

    teams.close(team, by=Actor())
    wait_until(lambda: sweep.sweep() or Team.objects.get(pk=team.pk).closed_at is not None)

    assert all(each.is_final for each in Generation.objects.filter(id__in=[each.id for each in generations]))
    assert figures(team)[1] == 0


def test_a_list_that_is_paged_while_it_grows_shows_each_once(program, sandbox, team):  # K11
    there = [str(program.ask(f"There before, {number}").id) for number in range(12)]
    found, cursor = [], ""
    while cursor is not None:
        page = program.http.get("/tasks", params={"limit": 3} | ({"cursor": cursor} if cursor else {})).json()["data"]
        found += [task["id"] for task in page["tasks"]]
        cursor = page["pagination"]["next_cursor"]
        program.ask("Made meanwhile")
        work()

    assert found == there[::-1]


def test_a_task_that_runs_for_ever_is_shown_and_ends_at_its_deadline(
    program, sandbox, team, account, admin_client
):  # K12
    sandbox.set_fault("never")
    generation = program.ask()
    submit.crew.run()
    health = reverse("admin:generations_provideraccount_health")
    link = f"account__id__exact={account.pk}"
    young = admin_client.get(health).content.decode()

    Submission.objects.update(created_at=timezone.now() - timedelta(minutes=21))
    for _ in range(3):
        hurry()
        work()
    old, still = admin_client.get(health).content.decode(), state_of(generation)
    Generation.objects.update(deadline_at=timezone.now())
    sweep.sweep()

    assert (link in young, link in old, still) == (False, True, "running")
    assert (state_of(generation), generation.failure_code) == ("failed", "TIMEOUT")
    assert program.task(generation)["status"] == "failed"
    assert figures(team) == (1000, 0, 0)
    assert sent_once(sandbox, [generation])
    assert Submission.objects.get().ended_at is None
