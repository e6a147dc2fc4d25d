import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from generations.models import Generation
from project.due import Bulkhead, Crew, claim, due, heartbeat
from tests.api import asked, ensure_prices
from tests.factories import make_team
from tests.races import meanwhile
from tests.sandbox_process import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def team():
    ensure_prices()
    return make_team(granted=10_000)


def claim_any(limit: int) -> list[Generation]:
    return claim(Generation.objects.all(), limit)


def finish(generation: Generation) -> None:
    Generation.objects.filter(id=generation.id).update(next_at=None, lease_until=None)


def test_the_longest_due_goes_first_and_what_is_not_due_is_left(team):
    now = timezone.now()
    rows = [asked(team) for _ in range(3)]
    for row, seconds in zip(rows, (-5, -10, 60), strict=True):
        Generation.objects.filter(id=row.id).update(next_at=now + timedelta(seconds=seconds))

    claimed = claim_any(10)

    assert [row.id for row in claimed] == [rows[1].id, rows[0].id]


@pytest.mark.parametrize("limit", [0, -3])
def test_whoever_has_no_room_claims_nothing(team, limit):
    asked(team)

    assert claim_any(limit) == []
    assert len(claim_any(1)) == 1


def test_what_is_due_and_leased_is_somebody_elses(team):
    for _ in range(2):
        asked(team)
    claim_any(1)

    assert due(Generation.objects.all()).count() == 1


def test_a_claimed_row_is_left_alone_until_its_lease_runs_out(team):  # K3
    asked(team)
    first, second = claim_any(1), claim_any(1)
    Generation.objects.update(lease_until=timezone.now())
    third = claim_any(1)

    assert (len(first), len(second), len(third)) == (1, 0, 1)
    assert 50 < (first[0].lease_until - timezone.now()).total_seconds() <= 60


def test_a_crew_works_until_nothing_is_due_and_one_failure_stops_nothing(team, caplog):
    rows = [asked(team) for _ in range(30)]
    done: list[object] = []

    def do(generation: Generation) -> None:
        if generation.id == rows[7].id:
            raise RuntimeError(generation.prompt)
        finish(generation)
        done.append(generation.id)

    Crew(size=4, claim=claim_any, do=do).run()

    assert sorted(done) == sorted(row.id for row in rows if row.id != rows[7].id)
    assert "RuntimeError" in caplog.text
    assert "in do\n" in caplog.text
    assert rows[7].prompt not in caplog.text


def test_what_comes_while_a_crew_waits_for_a_slow_one_is_done_at_once(team):
    slow, release, quick = asked(team), threading.Event(), threading.Event()

    def do(generation: Generation) -> None:
        if generation.id == slow.id:
            release.wait(20)
        else:
            quick.set()
        finish(generation)

    crew = Crew(size=4, claim=claim_any, do=do)
    with meanwhile(crew.run):
        wait_until(lambda: Generation.objects.get(id=slow.id).lease_until)
        asked(team)
        crew.run()
        was_quick = quick.wait(5)
        release.set()

    assert was_quick


def test_a_heartbeat_keeps_a_lease(team, monkeypatch):
    monkeypatch.setattr("project.due.HEARTBEAT_SECONDS", 0.02)
    asked(team)
    row = claim_any(1)[0]
    Generation.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    with heartbeat(row):
        kept = wait_until(lambda: Generation.objects.filter(lease_until__gt=timezone.now()).exists())

    assert kept


def test_a_bulkhead_lets_only_so_many_in_for_each_account(monkeypatch):
    monkeypatch.setattr(Bulkhead, "WAIT_SECONDS", 0.01)
    bulkhead, one, other = Bulkhead(1), make_team().id, make_team().id

    with bulkhead.slot(one) as first, bulkhead.slot(one) as second, bulkhead.slot(other) as elsewhere:
        entered = (first, second, elsewhere)
    with bulkhead.slot(one) as again:
        pass

    assert entered == (True, False, True)
    assert again
