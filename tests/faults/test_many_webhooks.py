"""Ten thousand webhooks to twenty receivers, of which one hangs and one resets, while workers are killed."""

import threading
import time
from collections import Counter
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.db import transaction

from accounts.models import WebhookDelivery, WebhookEvent
from accounts.webhooks import events
from project.celery import nudge
from project.env import DATA_FOLDER
from tests.factories import make_endpoint, make_team
from tests.faults.installation import Worker
from tests.receiver import Receiver, answer, hang, reset
from tests.sandbox_process import wait_until

RECEIVERS = 20
EVENTS = 10_000
A_SECOND = 60
AT_ONCE = 6
KILL_EVERY_SECONDS = 20
WORKERS = 2


class Arrivals:
    """When each webhook came, by its id."""

    def __init__(self) -> None:
        self.times: dict[str, list[float]] = {}
        self._lock = threading.Lock()

    def take(self, handler) -> None:
        with self._lock:
            self.times.setdefault(handler.headers["webhook-id"], []).append(time.time())
        answer(200)(handler)


# C7, C8
@pytest.mark.faults
@pytest.mark.django_db(transaction=True)
def test_none_of_ten_thousand_webhooks_is_lost_and_no_receiver_waits_for_another(monkeypatch):
    monkeypatch.setattr(settings, "ALLOW_PRIVATE_HOSTS", ("127.0.0.1",))
    stop, arrivals = threading.Event(), Arrivals()
    receivers = [Receiver() for _ in range(RECEIVERS)]
    for receiver in receivers:
        receiver.otherwise = arrivals.take
    receivers[0].otherwise, receivers[1].otherwise = hang(stop), reset
    teams = [team_of(receiver) for receiver in receivers]
    log = Path(DATA_FOLDER) / "webhook-workers.log"
    log.unlink(missing_ok=True)
    workers = [start(log) for _ in range(WORKERS)]
    try:
        kills = record_all(teams, workers, log)
        wait_until(lambda: pending(teams[2:]) == 0, seconds=120)
        first_words = WebhookDelivery.objects.filter(team__in=teams[:2], attempt_count__gt=0).count()
    finally:
        stop.set()
        for worker in workers:
            worker.kill()
        for receiver in receivers:
            receiver.close()

    created = dict(WebhookEvent.objects.filter(team__in=teams[2:]).values_list("id", "created_at"))
    waits = sorted(arrivals.times[f"msg_{id.hex}"][0] - at.timestamp() for id, at in created.items())
    extra = Counter(len(times) - 1 for times in arrivals.times.values())
    extras = sum(number * count for number, count in extra.items())
    print(f"p50 {waits[len(waits) // 2]:.2f} s, p95 {waits[len(waits) * 95 // 100]:.2f} s, most {waits[-1]:.1f} s")
    print(f"{kills} kills, {extras} sent once more")
    assert set(arrivals.times) == {f"msg_{id.hex}" for id in created}
    assert WebhookDelivery.objects.filter(team__in=teams[2:], state="delivered").count() == len(created)
    assert WebhookEvent.objects.count() == WebhookDelivery.objects.count() == EVENTS
    assert waits[len(waits) * 95 // 100] < 5
    assert kills >= 5
    assert max(extra) <= 1
    assert first_words > 50
    assert not WebhookDelivery.objects.filter(team__in=teams[:2]).exclude(state="pending").exists()


def team_of(receiver: Receiver) -> UUID:
    team = make_team()
    make_endpoint(team=team, url=receiver.url("/hook"), events=["task.completed"])
    return team.pk


def start(log: Path) -> Worker:
    return Worker(log, FILMGATE_ALLOW_PRIVATE_HOSTS="127.0.0.1")


def record_all(teams: list[UUID], workers: list[Worker], log: Path) -> int:
    """Events at an even pace, for each team in turn, a worker killed now and then. How many were killed."""
    began, kills = time.monotonic(), 0
    for number in range(0, EVENTS, AT_ONCE):
        time.sleep(max(0.0, began + number / A_SECOND - time.monotonic()))
        with transaction.atomic():
            for place in range(number, min(number + AT_ONCE, EVENTS)):
                record(teams[place % RECEIVERS])
        nudge("deliver")
        if time.monotonic() - began > (kills + 1) * KILL_EVERY_SECONDS:
            workers.pop(0).kill()
            workers.append(start(log))
            kills += 1
    return kills


def record(team_id: UUID) -> None:
    id = uuid4()
    body = partial(dict, event="task.completed", task_id=str(id))
    events.record(team_id=team_id, type="task.completed", subject_id=id, body=body)


def pending(teams: list[UUID]) -> int:
    return WebhookDelivery.objects.filter(team__in=teams, state="pending").count()
