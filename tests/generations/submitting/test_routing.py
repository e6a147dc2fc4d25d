"""Which of several accounts is asked: by priority, by weight, and only where there is room."""

import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from generations.models import Generation, ProviderAccount, State, Submission
from generations.submitting import queue, room, routing, submit, sweep
from tests.api import asked
from tests.factories import make_account, make_submission, make_team
from tests.pipeline import finish, hurry
from tests.races import meanwhile, race
from tests.receiver import Receiver, hang
from tests.sandbox_process import wait_until

UNREACHABLE = "http://127.0.0.1:9/api/v1"


def labels(generation: Generation) -> list[str]:
    request = routing.request_for_provider(generation)
    return [route.account.label for route in routing.candidates(generation, request)]


def under_way(team, account: ProviderAccount, state: State = State.RUNNING) -> Generation:
    """A generation that the account has, bound where it runs."""
    generation = asked(team)
    task_id = f"task {generation.id}" if state == State.RUNNING else ""
    make_submission(generation=generation, account=account, provider_task_id=task_id)
    Generation.objects.filter(id=generation.id).update(state=state, next_at=None)
    return generation


def test_the_lowest_priority_number_comes_first_whatever_the_weights(team):
    make_account(base_url=UNREACHABLE, label="second", priority=20)
    make_account(base_url=UNREACHABLE, label="first", priority=10)
    ProviderAccount.objects.filter(label="second").update(weight=1000)

    assert {tuple(labels(asked(team))) for _ in range(20)} == {("first", "second")}


def test_accounts_of_one_priority_share_by_weight(team):
    """Two draws in three; outside these bounds it would be once in ten thousand runs."""
    for label, weight in (("light", 1), ("heavy", 2)):
        make_account(base_url=UNREACHABLE, label=label)
        ProviderAccount.objects.filter(label=label).update(weight=weight)
    generation = asked(team)

    drawn = Counter(labels(generation)[0] for _ in range(600))

    assert 350 < drawn["heavy"] < 450
    assert drawn.total() == 600


def test_paused_busy_and_open_ones_are_no_candidates(team):
    for label, columns in {
        "paused": {"paused_at": timezone.now()},
        "busy": {"busy_until": timezone.now() + timedelta(minutes=1)},
        "open": {"circuit_opened_at": timezone.now(), "probe_at": timezone.now()},
        "fine": {},
    }.items():
        make_account(base_url=UNREACHABLE, label=label)
        ProviderAccount.objects.filter(label=label).update(**columns)

    assert labels(asked(team)) == ["fine"]


def test_an_account_that_may_run_two_gets_no_third(team, account, sandbox):
    ProviderAccount.objects.update(max_running=2)
    sandbox.set_fault("never")
    for _ in range(5):
        asked(team)

    submit.crew.run()
    hurry()
    submit.crew.run()

    assert Generation.objects.filter(state="running").count() == 2
    assert Generation.objects.filter(state="queued", first_refused_at=None).count() == 3
    assert sandbox.state()["creates"] == 2


def test_what_waits_for_room_goes_on_when_there_is_some(team, account, sandbox):
    ProviderAccount.objects.update(max_running=1)
    generations = [asked(team) for _ in range(4)]

    finish(*generations)

    assert {generation.state for generation in generations} == {"completed"}
    assert sandbox.state()["creates"] == 4


def test_what_one_has_no_room_for_goes_to_the_next(team, sandbox):
    first = make_account(base_url=UNREACHABLE, priority=1)
    make_account(base_url=sandbox.api_url, priority=2)
    ProviderAccount.objects.filter(id=first.id).update(max_running=1)
    under_way(team, first)
    generation = asked(team)

    finish(generation)

    assert generation.state == "completed"


def test_the_last_place_is_taken_by_one(team, account):
    """As submitting takes it: with the account's row locked until the submission stands."""
    ProviderAccount.objects.update(max_running=3)
    generations = [asked(team) for _ in range(16)]

    def begin(generation: Generation) -> bool:
        with transaction.atomic():
            may = room.take(account)
            if may:
                make_submission(generation=generation, account=account)
                Generation.objects.filter(id=generation.id).update(state=State.SUBMITTING)
        return may

    assert sum(race(begin, generations, threads=16)) == 3


def test_at_most_ten_are_in_doubt_when_an_account_goes_silent(team):
    stop = threading.Event()
    with Receiver() as receiver:
        receiver.otherwise = hang(stop)
        account = make_account(base_url=receiver.url("/api/v1"))
        for _ in range(9):
            under_way(team, account, State.UNCONFIRMED)
        for _ in range(20):
            asked(team)
        with meanwhile(submit.crew.run):
            try:
                wait_until(lambda: receiver.requests)
                crowded = routing.crowded_models()
                ProviderAccount.objects.update(paused_at=timezone.now())
            finally:
                stop.set()

    assert "seedance-2.0" in crowded
    assert len(receiver.requests) == 1
    assert Submission.objects.count() == 10


def test_a_busy_account_that_makes_other_things_puts_no_generation_off(team):
    account = make_account(base_url=UNREACHABLE, provider="scnet")
    ProviderAccount.objects.filter(id=account.id).update(busy_until=timezone.now() + timedelta(minutes=5))
    waiting = asked(team)

    submit.crew.run()

    waiting.refresh_from_db()
    assert waiting.next_at < timezone.now() + timedelta(minutes=1)


def test_old_doubts_do_not_count(team):
    account = make_account(base_url=UNREACHABLE)
    for _ in range(10):
        under_way(team, account, State.UNCONFIRMED)
    accounts = ProviderAccount.objects.all()
    while_new = list(room.with_room(accounts))

    Submission.objects.update(created_at=timezone.now() - room.DOUBT)

    assert while_new == []
    assert list(room.with_room(accounts)) == [account]


def test_a_team_with_little_waits_for_none_with_much(team):  # D6
    other = make_team(granted=1000)
    for _ in range(60):
        asked(team)
    few = {asked(other).id for _ in range(6)}

    claimed = submit.claim_queued(12)

    assert {row.id for row in claimed if row.team_id == other.pk} == few
    assert len(claimed) == 12


def test_the_one_with_the_least_in_hand_comes_first(team):  # D6
    other = make_team(granted=1000)
    account = make_account(base_url=UNREACHABLE)
    for _ in range(3):
        generation = under_way(team, account, State.SUBMITTING)
        Generation.objects.filter(id=generation.id).update(lease_until=timezone.now() + timedelta(minutes=1))
    for _ in range(8):
        asked(team)
        asked(other)

    first = [row.team_id for _ in range(3) for row in queue.claim_queued(1)]

    assert first == [other.pk] * 3


def test_ten_teams_get_a_turn_each(team):  # D6
    teams = [make_team(granted=1000) for _ in range(10)]
    for each in teams:
        for _ in range(5):
            asked(each)

    claimed = queue.claim_queued(10)

    assert Counter(row.team_id for row in claimed) == {each.pk: 1 for each in teams}


@pytest.mark.parametrize("limit", [1, 7, 24])
def test_no_more_are_claimed_than_asked_for(team, limit):
    for each in [make_team(granted=1000) for _ in range(3)]:
        for _ in range(10):
            asked(each)

    assert len(queue.claim_queued(limit)) == limit


def test_what_is_left_for_want_of_room_keeps_its_place(team, account, sandbox):
    ProviderAccount.objects.update(max_running=1)
    sandbox.set_fault("never")
    for _ in range(12):
        asked(team)

    submit.crew.run()

    assert Generation.objects.filter(state="queued", next_at=F("created_at"), lease_until=None).count() == 11


def test_an_hour_without_room_is_no_refusal(team, account, sandbox):
    ProviderAccount.objects.update(max_running=1)
    under_way(team, account)
    waiting = asked(team)
    Generation.objects.filter(id=waiting.id).update(created_at=timezone.now() - timedelta(hours=2))

    submit.crew.run()
    sweep.give_up_queued()

    waiting.refresh_from_db()
    assert waiting.state == "queued"


def test_what_is_only_busy_now_and_has_taken_others_lately_gives_nobody_up(team, account):  # P5
    Submission.objects.filter(generation=under_way(team, account)).update(bound_at=timezone.now())
    ProviderAccount.objects.update(busy_until=timezone.now() + timedelta(minutes=1))
    waiting = asked(team)
    Generation.objects.filter(id=waiting.id).update(first_refused_at=timezone.now() - timedelta(minutes=11))

    submit.crew.run()
    waiting.refresh_from_db()
    while_it_took_others = waiting.state
    Submission.objects.update(bound_at=timezone.now() - timedelta(minutes=11))
    Generation.objects.filter(id=waiting.id).update(next_at=timezone.now())
    submit.crew.run()

    waiting.refresh_from_db()
    assert (while_it_took_others, waiting.failure_code) == ("queued", "PROVIDER_BUSY")


def test_later_is_not_forgotten_for_another_answer(team, account, sandbox):  # P5
    """One that was sent before the account said so comes back, accepted, after it."""
    sandbox.set_fault("slow_answer=1,never")
    asked(team)
    busy_until = timezone.now() + timedelta(seconds=4)
    with meanwhile(submit.crew.run):
        wait_until(lambda: sandbox.state()["creates"])
        ProviderAccount.objects.update(busy_until=busy_until)

    account.refresh_from_db()
    assert Generation.objects.get().state == "running"
    assert account.busy_until == busy_until


def test_a_whole_queue_that_nobody_takes_is_put_off_at_once(team):
    """One of them hears for all, rather than ten thousand for themselves."""
    account = make_account(base_url=UNREACHABLE)
    ProviderAccount.objects.update(busy_until=timezone.now() + timedelta(minutes=1))
    for _ in range(60):
        asked(team)

    submit.submit(submit.claim_queued(1)[0])

    put_off = Generation.objects.filter(next_at__gt=timezone.now(), lease_until=None)
    assert put_off.filter(first_refused_at__isnull=False).count() == 60
    assert account.failure_count == 0
