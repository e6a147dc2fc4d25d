from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.actors import INSTALLATION
from accounts.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookEvent, WebhookHost
from accounts.webhooks import endpoints, retention
from tests.factories import make_delivery, make_endpoint, make_team

NOW = timezone.now()


@pytest.fixture
def team(db):
    return make_team()


def delivered(team, *, age: timedelta, state="delivered", endpoint=None) -> WebhookDelivery:
    """One that was recorded so long ago and has ended, with its attempt."""
    delivery = make_delivery(team=team, endpoint=endpoint)
    WebhookEvent.objects.filter(pk=delivery.event_id).update(created_at=NOW - age)
    if state != "pending":
        WebhookDelivery.objects.filter(pk=delivery.pk).update(state=state, next_at=None, ended_at=NOW - age)
    WebhookAttempt.objects.create(delivery=delivery, number=1, url=delivery.url, started_at=NOW, duration_ms=1)
    return delivery


@pytest.mark.parametrize("state", ["delivered", "failed", "cancelled"])
def test_what_was_sent_is_kept_for_ninety_days_and_no_longer(team, state):
    kept = delivered(team, age=timedelta(days=90), state=state)
    delivered(team, age=timedelta(days=90, seconds=1), state=state)

    retention.forget_old(NOW)

    assert list(WebhookDelivery.objects.all()) == [kept]
    assert list(WebhookEvent.objects.all()) == [kept.event]
    assert WebhookAttempt.objects.get().delivery == kept


def test_what_has_waited_that_long_goes_too(team):
    delivered(team, age=timedelta(days=91), state="pending")
    younger = delivered(team, age=timedelta(days=89), state="pending")

    retention.forget_old(NOW)

    assert WebhookDelivery.objects.get() == younger


def test_an_event_stays_while_one_of_its_deliveries_is_under_way(team):
    sending = delivered(team, age=timedelta(days=400), state="pending")
    WebhookDelivery.objects.filter(pk=sending.pk).update(lease_until=NOW + timedelta(seconds=30))
    ended = delivered(team, age=timedelta(days=400), endpoint=make_endpoint(team=team))
    WebhookDelivery.objects.filter(pk=ended.pk).update(event=sending.event)

    retention.forget_old(NOW)

    assert set(WebhookDelivery.objects.all()) == {sending, ended}
    assert list(WebhookEvent.objects.all()) == [sending.event]


def test_a_host_that_nothing_was_sent_to_for_so_long_is_forgotten(team):
    for name, days in (("old.example", 91), ("young.example", 89)):
        WebhookHost.objects.create(name=name, next_at=NOW - timedelta(days=days))

    retention.forget_old(NOW)

    assert list(WebhookHost.objects.values_list("name", flat=True)) == ["young.example"]


def test_rounds_are_bounded_take_the_oldest_and_again_is_harmless(team, monkeypatch):
    monkeypatch.setattr("accounts.webhooks.retention.ROWS", 2)
    for days in (100, 300, 200):
        delivered(team, age=timedelta(days=days))

    left = []
    for _round in range(3):
        retention.forget_old(NOW)
        left.append([(NOW - event.created_at).days for event in WebhookEvent.objects.all()])

    assert left == [[100], [], []]


def test_a_deleted_endpoint_goes_after_what_was_sent_to_it(team):
    kept, lately_deleted, empty, sent_to = (make_endpoint(team=team) for _ in range(4))
    delivery = make_delivery(team=team, endpoint=sent_to)
    for endpoint in (lately_deleted, empty, sent_to):
        endpoints.delete(endpoint, by=INSTALLATION)
    WebhookEndpoint.objects.filter(pk__in=[empty.pk, sent_to.pk]).update(deleted_at=NOW - timedelta(days=91))

    retention.forget_old(NOW)
    left = set(WebhookEndpoint.objects.all())
    WebhookEvent.objects.filter(pk=delivery.event_id).update(created_at=NOW - timedelta(days=91))
    retention.forget_old(NOW)

    assert left == {kept, lately_deleted, sent_to}
    assert set(WebhookEndpoint.objects.all()) == {kept, lately_deleted}
