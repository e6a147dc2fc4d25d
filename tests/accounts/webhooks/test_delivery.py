from datetime import timedelta
from itertools import pairwise

import pytest
from standardwebhooks import Webhook

from accounts.models import WebhookAttempt, WebhookDelivery
from accounts.webhooks import delivery as delivering
from accounts.webhooks import signing
from accounts.webhooks.schedule import RETRY_SECONDS
from tests.races import race
from tests.receiver import Receiver, answer, endless, reset

pytestmark = pytest.mark.django_db


def deliver(clock, **kwargs):
    delivering.deliver_due(now=clock, **kwargs)


def settled(delivery):
    """The row's own view: state, attempts, last status, last error."""
    delivery.refresh_from_db()
    return delivery.state, delivery.attempt_count, delivery.last_status_code, delivery.last_error_code


def test_a_webhook_is_sent_signed_and_once(team, receiver, clock, make_delivery):
    delivery = make_delivery(receiver.url("/hook?a=1"), body={"event": "task.completed", "prompt": "雏菊"})

    deliver(clock)
    deliver(clock)

    (request,) = receiver.requests
    assert (request.method, request.path) == ("POST", "/hook?a=1")
    assert request.body == delivery.event.body.encode()
    assert request.headers["content-type"] == "application/json"
    assert request.headers["webhook-id"] == delivery.event.message_id
    assert request.headers["webhook-timestamp"] == str(int(clock().timestamp()))
    assert request.headers["user-agent"].startswith("Filmgate/")
    assert settled(delivery) == ("delivered", 1, 200, "")
    assert delivery.ended_at == clock()


def test_the_signature_is_good_for_what_was_received(team, receiver, make_delivery):
    make_delivery(receiver.url(), body={"event": "task.failed"})

    delivering.deliver_due()

    (request,) = receiver.requests
    assert Webhook(signing.secret_for(team)).verify(request.body, dict(request.headers)) == {"event": "task.failed"}


def test_a_receiver_that_fails_is_tried_eight_times_over_a_day(receiver, clock, make_delivery):  # C1
    receiver.otherwise = answer(500, b"broken")
    delivery = make_delivery(receiver.url())

    for _attempt in range(8):
        deliver(clock)
        delivery.refresh_from_db()
        if delivery.next_at:
            clock.go_to(delivery.next_at - timedelta(seconds=1))
            deliver(clock)
            clock.go_to(delivery.next_at)
    clock.wait(7 * 24 * 3600)
    deliver(clock)

    assert len(receiver.requests) == 8
    assert settled(delivery) == ("failed", 8, 500, "")
    attempts = list(delivery.attempts.order_by("number"))
    waits = [(later.started_at - earlier.started_at).total_seconds() for earlier, later in pairwise(attempts)]
    assert [attempt.number for attempt in attempts] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert all(0.8 * due <= wait <= 1.2 * due for wait, due in zip(waits, RETRY_SECONDS, strict=True))
    assert {(attempt.status_code, attempt.response_excerpt) for attempt in attempts} == {(500, "broken")}


def test_an_answer_that_was_lost_brings_the_same_webhook_again(receiver, clock, make_delivery):  # C2
    delivery = make_delivery(receiver.url())
    receiver.answers.append(reset)

    deliver(clock)
    clock.wait(6)
    deliver(clock)

    first, second = receiver.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert int(second.headers["webhook-timestamp"]) == int(first.headers["webhook-timestamp"]) + 6
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    assert settled(delivery) == ("delivered", 2, 200, "")
    assert delivery.attempts.get(number=1).error_code == "bad_answer"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_a_failure_and_not_followed(receiver, clock, make_delivery, status):  # C3
    receiver.otherwise = answer(status, Location=receiver.url("/elsewhere"))
    delivery = make_delivery(receiver.url("/hook"))

    deliver(clock)

    assert [request.path for request in receiver.requests] == ["/hook"]
    assert settled(delivery) == ("pending", 1, status, "")


def test_gone_ends_the_delivery(receiver, clock, make_delivery):  # C4
    receiver.otherwise = answer(410)
    delivery = make_delivery(receiver.url())

    deliver(clock)
    clock.wait(24 * 3600)
    deliver(clock)

    assert len(receiver.requests) == 1
    assert settled(delivery) == ("failed", 1, 410, "")


def test_a_receiver_that_asks_for_time_is_given_it(receiver, clock, make_delivery):  # C4
    receiver.answers.append(answer(503, Retry_After="3600"))
    delivery = make_delivery(receiver.url())

    deliver(clock)

    delivery.refresh_from_db()
    assert delivery.next_at == clock() + timedelta(hours=1)


def test_of_a_long_answer_a_kilobyte_is_kept(receiver, clock, make_delivery):  # C6
    receiver.otherwise = endless(b"HTTP/1.1 200 OK\r\n\r\n", b"\0\xff")
    delivery = make_delivery(receiver.url())

    deliver(clock)

    assert settled(delivery) == ("delivered", 1, 200, "")
    assert delivery.attempts.get().response_excerpt == "\ufffd" * 1024


def test_one_host_has_five_deliveries_under_way_at_most(clock, make_delivery):  # C7
    for number in range(8):
        make_delivery(f"https://dead.example/{number}")
    other = make_delivery("https://alive.example/")

    claimed = [delivering.claim(clock()) for _try in range(8)]

    assert [row.host for row in claimed if row] == ["dead.example"] * 5 + ["alive.example"]
    assert claimed[5:] == [other, None, None]


class WorkerKilled(BaseException):
    pass


def test_a_worker_killed_between_sending_and_noting_sends_once_more(receiver, clock, make_delivery):  # C8
    delivery = make_delivery(receiver.url())
    times = iter([clock(), clock()])

    def killed_after_sending():
        for time in times:
            return time
        raise WorkerKilled

    with pytest.raises(WorkerKilled):
        deliver(killed_after_sending)
    deliver(clock)
    assert len(receiver.requests) == 1
    clock.wait(60)
    deliver(clock)
    deliver(clock)

    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1
    assert len(receiver.requests) == 2
    assert settled(delivery) == ("delivered", 1, 200, "")


def test_a_worker_that_lost_its_lease_notes_nothing(receiver, clock, make_delivery):
    make_delivery(receiver.url())
    receiver.answers.append(answer(410))
    late = delivering.claim(clock())
    clock.wait(60)
    successor = delivering.claim(clock())

    delivering.attempt(late, now=clock)
    assert settled(late) == ("pending", 0, None, "")
    delivering.attempt(successor, now=clock)

    assert settled(successor) == ("delivered", 1, 200, "")
    assert WebhookAttempt.objects.count() == 1


def test_a_cancelled_delivery_stays_cancelled(receiver, clock, make_delivery):
    make_delivery(receiver.url())
    claimed = delivering.claim(clock())
    WebhookDelivery.objects.update(state="cancelled", next_at=None, lease_until=None, ended_at=clock())

    delivering.attempt(claimed, now=clock)

    assert settled(claimed) == ("cancelled", 0, None, "")


def test_a_name_that_leads_inside_by_now_is_not_reached(settings, clock, make_delivery):  # C11 S7
    settings.ALLOW_PRIVATE_HOSTS = ()
    delivery = make_delivery("http://rebind.example/hook")

    deliver(clock, resolve=lambda host, port: ["127.0.0.1"])

    assert settled(delivery) == ("pending", 1, None, "endpoint_unreachable")


def test_a_url_that_is_refused_by_now_is_not_reached(settings, receiver, clock, make_delivery):  # C11 S7
    delivery = make_delivery(receiver.url())
    settings.ALLOW_PRIVATE_HOSTS = ()

    deliver(clock)

    assert receiver.requests == []
    assert settled(delivery) == ("pending", 1, None, "endpoint_unreachable")


@pytest.mark.django_db(transaction=True)
def test_eight_threads_send_each_of_a_hundred_webhooks_once(receiver, clock, make_delivery):  # K2 C7
    with Receiver() as other:
        for number in range(100):
            make_delivery((receiver if number % 2 else other).url(f"/{number}"))

        race(lambda _number: deliver(clock), range(8), threads=8)

    paths = sorted(int(request.path[1:]) for request in receiver.requests + other.requests)
    assert paths == list(range(100))
    assert WebhookDelivery.objects.filter(state="delivered", attempt_count=1).count() == 100
