"""Sending again by hand: who may, what goes out, and what stays as it is."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.actors import INSTALLATION, Actor
from accounts.models import AuditEntry, Role, WebhookDelivery, WebhookEndpoint, WebhookHost
from accounts.roles import NotAllowed
from accounts.webhooks import again, endpoints
from accounts.webhooks.again import NotSendable, send_again, send_failed_again
from tests.factories import make_delivery, make_endpoint, make_key, make_member, make_team, make_user
from tests.pages import queries
from tests.races import race
from tests.receiver import answer
from tests.webhooks import deliver

STATE = ("state", "url", "next_at", "ended_at", "attempt_count", "first_attempts", "updated_at")


def row(delivery):
    return WebhookDelivery.objects.filter(pk=delivery.pk).values(*STATE).get()


def set_to(delivery, state="failed", **columns):
    columns |= {"state": state, "next_at": None, "ended_at": timezone.now()} if state != "pending" else {}
    WebhookDelivery.objects.filter(pk=delivery.pk).update(**columns)
    return delivery


def failed(team, **given):
    return set_to(make_delivery(team=team, **given))


def states(*deliveries):
    return [row(delivery)["state"] for delivery in deliveries]


def sent_again(team):
    entries = AuditEntry.objects.filter(team=team, action="endpoint.sent_again").order_by("id")
    return [entry.detail["count"] for entry in entries]


def test_it_goes_out_at_once_under_the_same_id(team, receiver, clock):  # C2
    delivery = make_delivery(team=team, url=receiver.url())
    deliver(clock)
    send_again(delivery, by=INSTALLATION)
    clock.go_to(timezone.now() + timedelta(seconds=1))

    deliver(clock)

    first, second = receiver.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == delivery.event.message_id
    assert first.body == second.body
    assert int(second.headers["webhook-timestamp"]) == int(clock().timestamp())
    assert row(delivery)["state"] == "delivered"
    assert list(delivery.attempts.order_by("number").values_list("number", flat=True)) == [1, 2]


def test_the_schedule_begins_anew(team, receiver, clock):  # C1
    receiver.otherwise = answer(500)
    delivery = make_delivery(team=team, url=receiver.url())
    clock.go_to(timezone.now() + timedelta(days=1))
    work_off(delivery, clock)
    assert (len(receiver.requests), states(delivery)) == (8, ["failed"])

    send_again(delivery, by=INSTALLATION)
    work_off(delivery, clock)
    clock.wait(7 * 24 * 3600)
    deliver(clock)

    assert (len(receiver.requests), states(delivery)) == (16, ["failed"])
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1


def work_off(delivery, clock):
    """Send it whenever it is due, until it has ended."""
    delivery.refresh_from_db()
    while delivery.next_at:
        clock.wait(1)  # a host that has not proven that it takes webhooks is sent one a second
        clock.go_to(max(clock(), delivery.next_at))
        deliver(clock)
        delivery.refresh_from_db()


def test_it_goes_to_where_its_endpoint_is_now(team):
    endpoint = make_endpoint(team=team, url="https://old.example.com/")
    delivery = failed(team, endpoint=endpoint)
    endpoints.change(endpoint, url="https://new.example.com/in", by=INSTALLATION)

    send_again(delivery, by=INSTALLATION)

    delivery.refresh_from_db()
    assert (delivery.url, delivery.host) == ("https://new.example.com/in", "new.example.com")


@pytest.mark.parametrize("state", ["delivered", "failed", "cancelled", "pending"])
def test_whatever_became_of_it(team, state):
    delivery = set_to(make_delivery(team=team), state)

    send_again(delivery, by=INSTALLATION)

    assert states(delivery) == ["pending"]
    assert sent_again(team) == [1]


def test_again_and_again_is_one_delivery(team, receiver):
    delivery = failed(team, url=receiver.url())

    for _number in range(3):
        send_again(delivery, by=INSTALLATION)
    deliver()

    assert len(receiver.requests) == 1


def test_a_race_of_two_is_one_delivery(team, receiver):
    delivery = failed(team, url=receiver.url())

    race(lambda _number: send_again(delivery, by=INSTALLATION), range(2), threads=2)
    deliver()

    assert len(receiver.requests) == 1
    assert row(delivery)["attempt_count"] == 1


def test_what_is_under_way_stays_as_it_is(team):
    delivery = make_delivery(team=team)
    WebhookDelivery.objects.filter(pk=delivery.pk).update(lease_until=timezone.now() + timedelta(minutes=1))
    before = row(delivery)

    send_again(delivery, by=INSTALLATION)

    assert row(delivery) == before
    assert sent_again(team) == []


@pytest.mark.parametrize("out", ["disabled", "deleted"])
def test_nothing_goes_to_an_endpoint_that_is_disabled_or_deleted(team, out):
    endpoint = make_endpoint(team=team)
    delivery = failed(team, endpoint=endpoint)
    take_out(endpoint, out)
    before = row(delivery)

    with pytest.raises(NotSendable):
        send_again(delivery, by=INSTALLATION)

    assert send_failed_again(team, WebhookDelivery.objects.all(), by=INSTALLATION) == 0
    assert again.count_failed(team, WebhookDelivery.objects.all()) == 0
    assert row(delivery) == before
    assert sent_again(team) == []
    delivery.endpoint.refresh_from_db()
    assert not again.is_sendable(delivery)


def take_out(endpoint, out):
    if out == "deleted":
        endpoints.delete(endpoint, by=INSTALLATION)
    else:
        row = WebhookEndpoint.objects.filter(pk=endpoint.pk)
        row.update(disabled_at=timezone.now(), disabled_reason="failing")


def test_to_a_paused_endpoint_it_waits(team, receiver):
    endpoint = make_endpoint(team=team, url=receiver.url())
    delivery = failed(team, endpoint=endpoint)
    endpoints.pause(endpoint, by=INSTALLATION)

    send_again(delivery, by=INSTALLATION)
    deliver()

    assert (receiver.requests, states(delivery)) == ([], ["pending"])
    assert again.is_sendable(delivery)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MEMBER])
def test_members_may_not(team, role):  # A15
    assert_denied(team, Actor(user=make_member(team=team, role=role)))


def test_neither_may_a_stranger_nor_a_key_without_the_scope(team):  # A7
    stranger = make_user()
    make_team(owner=stranger)
    key, _secret = make_key(team=team, scopes=("generate", "read"))

    assert_denied(team, Actor(user=stranger))
    assert_denied(team, Actor(api_key=key))


def assert_denied(team, by):
    delivery = failed(team)
    before = row(delivery)

    with pytest.raises(NotAllowed):
        send_again(delivery, by=by)
    with pytest.raises(NotAllowed):
        send_failed_again(team, WebhookDelivery.objects.all(), by=by)

    assert row(delivery) == before
    assert sent_again(team) == []


def test_admins_and_keys_that_manage_may(team):
    admin = Actor(user=make_member(team=team, role=Role.ADMIN))
    key, _secret = make_key(team=team, scopes=("manage",))
    delivery = failed(team)

    send_again(delivery, by=admin)
    send_again(delivery, by=Actor(api_key=key))

    assert sent_again(team) == [1, 1]


def test_all_that_failed_and_nothing_else(team):
    one, other, delivered = failed(team), failed(team), set_to(make_delivery(team=team), "delivered")
    theirs = failed(make_team())

    number = send_failed_again(team, WebhookDelivery.objects.all(), by=INSTALLATION)

    assert number == 2
    assert states(one, other, delivered, theirs) == ["pending", "pending", "delivered", "failed"]
    assert sent_again(team) == [2]


def test_those_of_one_endpoint_alone(team):
    endpoint = make_endpoint(team=team)
    its, other = failed(team, endpoint=endpoint), failed(team)

    assert send_failed_again(team, WebhookDelivery.objects.all(), by=INSTALLATION, endpoint=endpoint) == 1
    assert states(its, other) == ["pending", "failed"]


def test_only_so_many_at_once_and_the_oldest_first(team, monkeypatch):
    monkeypatch.setattr(again, "AT_ONCE", 2)
    deliveries = [failed(team) for _number in range(3)]

    assert again.count_failed(team, WebhookDelivery.objects.all()) == 2
    assert send_failed_again(team, WebhookDelivery.objects.all(), by=INSTALLATION) == 2
    assert states(*deliveries) == ["pending", "pending", "failed"]
    assert send_failed_again(team, WebhookDelivery.objects.all(), by=INSTALLATION) == 1
    assert send_failed_again(team, WebhookDelivery.objects.all(), by=INSTALLATION) == 0
    assert sent_again(team) == [2, 1]


def test_a_race_for_all_sends_each_once(team, receiver):  # K2
    WebhookHost.objects.create(name=f"127.0.0.1:{receiver.port}", accepts=True)
    for _number in range(20):
        failed(team, url=receiver.url())

    found = race(
        lambda _number: send_failed_again(team, WebhookDelivery.objects.all(), by=INSTALLATION), range(4), threads=4
    )
    deliver()

    assert sum(found) == 20
    assert len(receiver.requests) == len({request.headers["webhook-id"] for request in receiver.requests}) == 20


def test_how_many_have_failed_is_one_query(team):
    failed(team)

    with queries(1):
        assert again.count_failed(team, WebhookDelivery.objects.all()) == 1
