"""Whoever makes at once, and whoever dies on the way: the cap holds, and each row is made once."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest
from django.db.models.functions import Now

from generations import lifecycle
from generations.batches import making, progress, steering
from generations.models import Batch, BatchRow, Generation, State
from tests.batches import PRICE, drafted, started
from tests.factories import make_member, make_team
from tests.pipeline import figures
from tests.races import race
from tests.web import database_url

THREADS = 8


@pytest.fixture
def many_at_once(monkeypatch):
    monkeypatch.setattr(making, "AT_ONCE", 1000)


def prompts(count: int) -> list[str]:
    return [f"A gate, {number}" for number in range(count)]


def make_on(batch: Batch) -> None:
    while making.step(batch.id) is making.Step.MADE:
        pass


def complete_all() -> None:
    """All that was made is delivered."""
    for generation in Generation.objects.all():
        for state in (State.SUBMITTING, State.RUNNING, State.ARCHIVING, State.COMPLETED):
            lifecycle.advance(generation, state)


def test_eight_threads_make_each_row_once_and_not_one_beyond_the_cap(committed_team, many_at_once):
    batch = started(committed_team, *prompts(100), cap=51 * PRICE + 1)

    race(lambda _thread: make_on(batch), range(THREADS), threads=THREADS)

    batch.refresh_from_db()
    made = Generation.objects.filter(batch_id=batch.id)
    assert batch.state == "running"
    assert sorted(made.values_list("prompt", flat=True)) == sorted(prompts(100)[:51])
    assert progress.of(batch).committed_credits == 51 * PRICE
    assert figures(committed_team)[1] == 51 * PRICE
    complete_all()
    race(lambda _thread: make_on(batch), range(THREADS), threads=THREADS)
    batch.refresh_from_db()
    assert (batch.state, batch.paused_because, made.count()) == ("paused", "cap", 51)


def test_two_batches_share_the_last_credits(committed_team, many_at_once):
    poor = make_team(granted=101)
    batches = [started(poor, *prompts(40), cap=80) for _ in range(2)]

    race(make_on, batches * 4, threads=THREADS)
    assert figures(poor) == (1, 100, 0)
    complete_all()
    race(make_on, batches * 4, threads=THREADS)

    assert set(Batch.objects.values_list("paused_because", flat=True)) == {"credits"}
    assert figures(poor) == (1, 0, 100)
    assert BatchRow.objects.exclude(generation=None).count() == Generation.objects.count() == 50


def test_of_many_who_start_resume_and_cancel_one_does(committed_team):
    batch = drafted(committed_team, *prompts(3))
    users = [make_member(team=committed_team) for _ in range(THREADS)]

    began = race(lambda user: steering.start(batch.id, user, cap_credits=6), users, threads=THREADS)
    ended = race(lambda _user: steering.cancel(batch.id), users, threads=THREADS)

    assert (sum(began), sum(ended)) == (1, 1)


def test_nothing_is_made_after_a_pause_or_a_cancel_has_come_through(committed_team, many_at_once):
    batch = started(committed_team, *prompts(200))

    def act(number: int) -> int:
        if number:
            make_on(batch)
            return 0
        time.sleep(0.2)
        steering.cancel(batch.id)
        return Generation.objects.count()

    counts = race(act, range(THREADS), threads=THREADS)

    assert Generation.objects.count() == counts[0] < 200
    making.empty_queue(Batch.objects.get(id=batch.id))
    assert figures(committed_team) == (2000, 0, 0)


def test_workers_killed_at_any_line_leave_no_row_half_made(committed_team):  # K2
    batch = started(committed_team, *prompts(150), cap=200)
    chance = random.Random(7)

    for _ in range(4):
        worker = making_process()
        time.sleep(chance.uniform(0.05, 0.4))
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        Batch.objects.exclude(lease_until=None).update(lease_until=Now())
    halfway = Generation.objects.count()
    worker = making_process()
    assert worker.wait(60) == 0

    batch.refresh_from_db()
    rows = BatchRow.objects.exclude(generation=None)
    assert halfway < 100
    assert (batch.state, Generation.objects.count(), rows.count()) == ("running", 100, 100)
    assert progress.of(batch).committed_credits == 200


def making_process() -> subprocess.Popen[bytes]:
    """A worker that makes and does nothing else, from when it has begun to."""
    code = (
        "import django; django.setup()\n"
        "from generations.batches import making\n"
        "making.AT_ONCE = 1000\n"
        "print('ready', flush=True)\n"
        "making.crew.run()\n"
    )
    environment = os.environ | {"DATABASE_URL": database_url()}
    worker = subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE)
    assert worker.stdout
    assert worker.stdout.readline() == b"ready\n"
    worker.stdout.close()
    return worker
