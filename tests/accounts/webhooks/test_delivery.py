from datetime import timedelta
from itertools import pairwise

import pytest
from standardwebhooks import Webhook

from accounts.models import WebhookAttempt, WebhookDelivery
from accounts.webhooks import delivery as delivering
from accounts.webhooks import signing, turns
from accounts.webhooks.schedule import RETRY_SECONDS
from tests.factories import make_delivery as make
from tests.factories import make_endpoint
from tests.receiver import answer, endless, reset
from tests.webhooks import deliver

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def make_delivery(team):
    """A webhook that is due at the callback URL."""
    return lambda url, **more: make(team=team, url=url, **more)


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

    deliver()

    (request,) = receiver.requests
    verifier = Webhook(signing.current(signing.secrets_of(team)))
    assert verifier.verify(request.body, dict(request.headers)) == {"event": "task.failed"}


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
    assert delivery.attempts.get(number=1).error_code


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


def test_of_a_long_answer_four_kilobytes_are_kept(receiver, clock, make_delivery):  # C6
    receiver.otherwise = endless(b"HTTP/1.1 200 OK\r\n\r\n", b"\0\xff")
    delivery = make_delivery(receiver.url())

    deliver(clock)

    assert settled(delivery) == ("delivered", 1, 200, "")
    assert delivery.attempts.get().response_excerpt == "\ufffd" * 4096


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
    (late,) = turns.claim(50, clock())
    clock.wait(60)
    (successor,) = turns.claim(50, clock())

    delivering.attempt(late, now=clock)
    assert settled(late) == ("pending", 0, None, "")
    delivering.attempt(successor, now=clock)

    assert settled(successor) == ("delivered", 1, 200, "")
    assert WebhookAttempt.objects.count() == 1


def test_a_cancelled_delivery_stays_cancelled(receiver, clock, make_delivery):
    make_delivery(receiver.url())
    (claimed,) = turns.claim(50, clock())
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


def test_what_was_sent_and_answered_is_kept(team, receiver, clock):
    endpoint = make_endpoint(team=team, url=receiver.url("/hook"))
    delivery = make(team=team, endpoint=endpoint)
    receiver.answers.append(answer(500, b"caf\xc3\xa9 \0", X_Trace="abc", Set_Cookie="a=b"))

    deliver(clock)

    (request,) = receiver.requests
    attempt = delivery.attempts.get()
    assert attempt.url == receiver.url("/hook")
    assert attempt.request_headers.items() <= request.headers.items()
    assert set(attempt.request_headers) == {"content-type", "webhook-id", "webhook-timestamp", "webhook-signature"}
    assert attempt.response_headers["x-trace"] == "abc"
    assert attempt.response_excerpt == "café \ufffd"
    assert attempt.started_at == clock()


def test_two_secrets_sign_while_one_is_being_replaced(team, receiver, clock):  # C10
    endpoint = make_endpoint(team=team, url=receiver.url())
    old = signing.current(endpoint)
    new = signing.replace(endpoint, until=clock() + timedelta(hours=24))
    endpoint.save()
    make(team=team, endpoint=endpoint, body={"event": "x"})

    deliver(clock)
    clock.wait(24 * 3600)
    make(team=team, endpoint=endpoint, body={"event": "y"})
    deliver(clock)

    during, after = (request.headers["webhook-signature"].split() for request in receiver.requests)
    assert [verifies(secret, receiver.requests[0], clock) for secret in (old, new)] == [True, True]
    assert [verifies(secret, receiver.requests[1], clock) for secret in (old, new)] == [False, True]
    assert (len(during), len(after)) == (2, 1)


def verifies(secret, request, clock):
    stamp = int(request.headers["webhook-timestamp"])
    signed = signing.sign(secret, message_id=request.headers["webhook-id"], timestamp=stamp, body=request.body)
    return signed in request.headers["webhook-signature"].split()


def test_nothing_is_sent_to_an_endpoint_that_was_disabled_since(team, receiver, clock):
    endpoint = make_endpoint(team=team, url=receiver.url())
    delivery = make(team=team, endpoint=endpoint)
    type(endpoint).objects.update(disabled_at=clock(), disabled_reason="gone")

    deliver(clock)

    assert receiver.requests == []
    assert settled(delivery) == ("failed", 0, None, "endpoint_disabled")


def test_nothing_is_sent_to_an_endpoint_that_was_deleted_since(team, receiver, clock):
    endpoint = make_endpoint(team=team, url=receiver.url())
    delivery = make(team=team, endpoint=endpoint)
    type(endpoint).objects.update(deleted_at=clock())

    deliver(clock)

    assert receiver.requests == []
    assert settled(delivery) == ("cancelled", 0, None, "")


def test_what_can_not_be_signed_is_seen_and_tried_again_like_any_other(team, receiver, clock):
    endpoint = make_endpoint(team=team, url=receiver.url())
    delivery = make(team=team, endpoint=endpoint)
    type(endpoint).objects.update(secret=b"written under a key that is gone")

    deliver(clock)

    assert receiver.requests == []
    assert settled(delivery) == ("pending", 1, None, "internal_error")
    assert delivery.attempts.get().request_headers == {}
