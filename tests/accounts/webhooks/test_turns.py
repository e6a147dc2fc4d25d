"""Of the due deliveries those go first that keep nobody waiting."""

from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest

from accounts.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookHost
from accounts.webhooks import turns
from accounts.webhooks.delivery import crew
from tests.factories import make_delivery, make_endpoint, make_team
from tests.races import race
from tests.receiver import Receiver, answer
from tests.webhooks import deliver

pytestmark = pytest.mark.django_db(transaction=True)


def accepting(*hosts):
    WebhookHost.objects.bulk_create([WebhookHost(name=host, accepts=True) for host in hosts])


def test_one_endpoint_has_five_under_way_at_most(team, clock):  # C7
    accepting("dead.example", "alive.example")
    dead, alive = (make_endpoint(team=team, url=f"https://{name}.example/") for name in ("dead", "alive"))
    for _number in range(8):
        make_delivery(team=team, endpoint=dead)
    other = make_delivery(team=team, endpoint=alive)

    first = turns.claim(50, clock())
    second = turns.claim(50, clock())
    clock.wait(60)
    after_the_lease = turns.claim(50, clock())

    assert Counter(row.host for row in first) == {"dead.example": 5, "alive.example": 1}
    assert other in first
    assert second == []
    assert Counter(row.host for row in after_the_lease) == {"dead.example": 5, "alive.example": 1}


def test_two_endpoints_at_one_host_do_not_share_their_five(team, clock):  # C7
    accepting("hooks.example")
    for path in ("a", "b"):
        endpoint = make_endpoint(team=team, url=f"https://hooks.example/{path}")
        for _number in range(7):
            make_delivery(team=team, endpoint=endpoint)

    claimed = turns.claim(50, clock())

    assert Counter(row.url[-1] for row in claimed) == {"a": 5, "b": 5}


def test_callback_urls_of_two_teams_at_one_host_do_not_share_theirs(clock):  # C7
    accepting("hooks.example")
    teams = [make_team(), make_team()]
    for team in teams:
        for number in range(7):
            make_delivery(team=team, url=f"https://hooks.example/{number}")

    claimed = turns.claim(50, clock())

    assert Counter(row.team for row in claimed) == {teams[0]: 5, teams[1]: 5}


def test_fifty_are_under_way_in_all_and_each_lane_has_its_turn(clock):  # C7
    hosts = [f"host{number}.example" for number in range(20)]
    accepting(*hosts)
    teams = [make_team(), make_team()]
    for place, host in enumerate(hosts):
        for number in range(4):
            make_delivery(team=teams[place % 2], url=f"https://{host}/{number}")

    first = turns.claim(20, clock())
    second = turns.claim(50, clock())
    third = turns.claim(50, clock())

    assert Counter(row.host for row in first) == dict.fromkeys(hosts, 1)
    assert len(second) == 30
    assert max(Counter(row.host for row in [*first, *second]).values()) <= 3
    assert third == []


def test_a_team_whose_receivers_all_hang_leaves_half_of_the_places_to_others(team, clock):  # C7
    hosts = [f"hangs{number}.example" for number in range(10)]
    accepting(*hosts, "alive.example")
    for host in hosts:
        for number in range(20):
            make_delivery(team=team, url=f"https://{host}/{number}")

    hanging = turns.claim(50, clock())
    other = make_delivery(team=make_team(), url="https://alive.example/")
    freed = turns.claim(50, clock())

    assert len(hanging) == turns.PER_TEAM
    assert freed == [other]


def test_a_place_that_gets_free_goes_to_the_lane_with_the_fewest_under_way(clock):  # C7
    teams = [make_team() for _ in range(3)]
    hosts = [f"hangs{number}.example" for number in range(10)]
    accepting(*hosts, "alive.example")
    for place, host in enumerate(hosts):
        for number in range(20):
            make_delivery(team=teams[place % 2], url=f"https://{host}/{number}")
    hanging = turns.claim(50, clock())
    other = make_delivery(team=teams[2], url="https://alive.example/")

    ended = WebhookDelivery.objects.filter(pk=hanging[0].pk)
    ended.update(state="failed", next_at=None, lease_until=None, ended_at=clock())

    assert len(hanging) == turns.IN_ALL
    assert turns.claim(50, clock()) == [other]


def test_at_a_host_that_takes_none_one_backlog_keeps_nobody_else_from_being_tried(team, clock):  # C7, C14
    for _number in range(30):
        make_delivery(team=team, url="https://shared.example/dead")
    other = make_team()
    theirs = make_delivery(team=other, url="https://shared.example/alive")

    for _second in range(20):
        for claimed in turns.claim(50, clock()):
            WebhookDelivery.objects.filter(pk=claimed.pk).update(lease_until=clock(), next_at=clock())
        clock.wait(1)

    # Each second one of the two lanes is drawn: a chance of one in a million to be passed over twenty times.
    theirs.refresh_from_db()
    assert theirs.lease_until is not None


def test_what_is_claimed_goes_to_the_present_url_of_its_endpoint(team, clock):
    endpoint = make_endpoint(team=team, url="https://old.example/")
    make_delivery(team=team, endpoint=endpoint)
    WebhookEndpoint.objects.update(url="https://new.example:8443/in")

    (claimed,) = turns.claim(50, clock())

    claimed.refresh_from_db()
    assert (claimed.url, claimed.host) == ("https://new.example:8443/in", "new.example:8443")


def test_what_is_not_due_or_not_pending_is_left(team, clock):
    accepting("hooks.example")
    due, later, ended = (make_delivery(team=team, url=f"https://hooks.example/{n}") for n in range(3))
    WebhookDelivery.objects.update(next_at=clock())
    WebhookDelivery.objects.filter(pk=later.pk).update(next_at=clock() + timedelta(seconds=1))
    WebhookDelivery.objects.filter(pk=ended.pk).update(state="failed", next_at=None, ended_at=clock())

    assert turns.claim(50, clock()) == [due]


def test_a_paused_endpoint_waits_and_keeps_nobody_from_theirs(team, clock):
    accepting("hooks.example")
    paused, other = (make_endpoint(team=team, url="https://hooks.example/") for _ in range(2))
    waiting, due = make_delivery(team=team, endpoint=paused), make_delivery(team=team, endpoint=other)
    WebhookEndpoint.objects.filter(pk=paused.pk).update(paused_at=clock())

    while_paused = turns.claim(50, clock())
    WebhookEndpoint.objects.update(paused_at=None)

    assert while_paused == [due]
    assert turns.claim(50, clock()) == [waiting]


def test_a_host_that_has_taken_none_is_sent_sixty_a_minute_at_most(team, receiver, clock):  # C14
    receiver.otherwise = answer(404)
    for _number in range(200):
        make_delivery(team=team, url=receiver.url())
    other = make_team()
    for _number in range(100):
        make_delivery(team=other, url=receiver.url())

    for _step in range(240):
        deliver(clock)
        clock.wait(0.25)

    assert len(receiver.requests) == 60
    times = sorted(WebhookAttempt.objects.values_list("started_at", flat=True))
    assert all(later - earlier >= timedelta(seconds=1) for earlier, later in pairwise(times))


def test_a_host_is_sent_all_once_it_takes_one_and_is_paced_again_when_it_does_not(team, receiver, clock):  # C14
    for _number in range(20):
        make_delivery(team=team, url=receiver.url())

    deliver(clock)
    taken = len(receiver.requests)
    receiver.otherwise = answer(500)
    for _number in range(20):
        make_delivery(team=team, url=receiver.url())
    deliver(clock)
    deliver(clock)

    assert taken == 20
    # Those that were claimed together, before the first refusal was known.
    assert len(receiver.requests) - taken == turns.PER_LANE


def test_of_many_at_once_each_is_claimed_by_one(clock):  # K2
    hosts = [f"host{number}.example" for number in range(10)]
    accepting(*hosts)
    teams = [make_team(), make_team()]
    for place, host in enumerate(hosts):
        for number in range(5):
            make_delivery(team=teams[place % 2], url=f"https://{host}/{number}")

    claimed = race(lambda _: turns.claim(7, clock()), range(16), threads=8)

    ids = [row.pk for rows in claimed for row in rows]
    assert len(ids) == len(set(ids)) == 50


def test_a_receiver_that_hangs_slows_no_other(team, receiver, monkeypatch):  # C7
    accepting("127.0.0.1")
    with Receiver() as other:
        for number in range(100):
            make_delivery(team=team, url=(receiver if number % 2 else other).url(f"/{number}"))

        race(lambda _number: crew.run(), range(4), threads=4)

    paths = sorted(int(request.path[1:]) for request in receiver.requests + other.requests)
    assert paths == list(range(100))
    assert WebhookDelivery.objects.filter(state="delivered", attempt_count=1).count() == 100
