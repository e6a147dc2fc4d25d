"""The races over submitting, at the size at which a wrong pattern surely fails."""

from collections import Counter

import pytest
from django.db import connection

from generations.models import Generation, Submission
from generations.submitting import circuit, submit
from tests.api import asked
from tests.factories import make_account, make_team
from tests.pipeline import figures, finish
from tests.races import race

pytestmark = pytest.mark.faults


def work_off(_worker: int) -> None:
    """One worker: claim and send until nothing is queued."""
    while Generation.objects.filter(state="queued").exists():
        for generation in submit.claim_queued(50):
            submit.submit(generation)
        connection.close()


def test_twenty_workers_send_four_thousand_generations_once_each(account, sandbox):  # K2
    sandbox.set_fault("never")
    team = make_team(granted=100_000)
    prompts = [f"One of many, {number}" for number in range(4000)]
    for prompt in prompts:
        asked(team, prompt=prompt)

    race(work_off, range(20), threads=20)

    assert sandbox.state()["creates_by_prompt"] == Counter(prompts)
    assert Submission.objects.values("provider_task_id").distinct().count() == 4000
    assert Generation.objects.filter(state="running").count() == 4000
    assert figures(team) == (100_000 - 4000 * 15, 4000 * 15, 0)


def test_a_hundred_lost_answers_are_a_hundred_tasks_and_no_second_post(team, sandbox):  # P2
    sandbox.set_fault("reset")
    make_account(base_url=sandbox.api_url)
    team = make_team(granted=10_000)
    generations = [asked(team, prompt=f"Lost {number % 10}") for number in range(100)]

    submit.crew.run()
    unconfirmed = Generation.objects.filter(state="unconfirmed").count()
    finish(*generations, seconds=240)

    state = sandbox.state()
    assert unconfirmed == circuit.FAILURES
    assert (state["creates"], state["accepted"]) == (100, 100)
    assert {generation.state for generation in generations} == {"completed"}
    assert figures(team) == (8500, 0, 1500)
