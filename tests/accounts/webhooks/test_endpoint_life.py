"""What is done to an endpoint in its life: rotated, paused, tested, deleted, once and at once."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.actors import INSTALLATION
from accounts.models import AuditEntry, WebhookDelivery, WebhookEndpoint
from accounts.refusals import InvalidSetting
from accounts.webhooks import endpoints, events, health, signing, versions
from accounts.webhooks.endpoints import EndpointDeleted, EndpointDisabled
from accounts.webhooks.versions import NotCurrent, version_of
from tests.factories import make_delivery, make_endpoint
from tests.races import race
from tests.webhooks import deliver

HOUR = timedelta(hours=1)
State = WebhookDelivery.State


def fresh(endpoint):
    return WebhookEndpoint.objects.get(pk=endpoint.pk)


def disabled(endpoint, status_code=410):
    health.note(endpoint, endpoint.url, status_code, is_success=False, now=timezone.now())
    return fresh(endpoint)


def test_after_a_rotation_both_sign_for_the_grace_then_the_new_one_alone(team):  # C10
    endpoint = make_endpoint(team=team)
    delivery, before = make_delivery(team=team, endpoint=endpoint), signing.current(endpoint)

    secret = endpoints.rotate(endpoint, grace=HOUR, by=INSTALLATION)

    delivery.endpoint = fresh(endpoint)
    until = delivery.endpoint.old_secret_until
    assert signing.valid_for(delivery, until - timedelta(seconds=1)) == [secret, before]
    assert signing.valid_for(delivery, until) == [secret]


def test_of_three_secrets_the_oldest_signs_no_more(team):
    endpoint = make_endpoint(team=team)
    second = endpoints.rotate(endpoint, grace=HOUR, by=INSTALLATION)
    third = endpoints.rotate(endpoint, grace=HOUR, by=INSTALLATION)

    delivery = make_delivery(team=team, endpoint=fresh(endpoint))

    assert signing.valid_for(delivery, timezone.now()) == [third, second]


@pytest.mark.parametrize("grace", [timedelta(seconds=-1), timedelta(days=7, seconds=1)])
def test_a_grace_out_of_bounds_is_refused(team, grace):
    endpoint = make_endpoint(team=team)
    calls = [
        lambda: endpoints.rotate(endpoint, grace=grace, by=INSTALLATION),
        lambda: endpoints.rotate_of_team(team, grace=grace, by=INSTALLATION),
    ]
    for call in calls:
        with pytest.raises(InvalidSetting, match="up to 7 days"):
            call()

    assert version_of(fresh(endpoint)) == version_of(endpoint)


def test_who_names_the_secret_to_be_replaced_replaces_it_once_even_at_once(team):  # C10
    endpoint = make_endpoint(team=team)
    signing.secrets_of(team)

    def rotate(act):
        try:
            return act()
        except NotCurrent:
            return None

    of_endpoint = {"grace": HOUR, "by": INSTALLATION, "current": version_of(endpoint)}
    of_team = {**of_endpoint, "current": version_of(signing.secrets_of(team))}
    fresh_ones = race(rotate, [lambda: endpoints.rotate(endpoint, **of_endpoint)] * 4, threads=4)
    of_the_team = race(rotate, [lambda: endpoints.rotate_of_team(team, **of_team)] * 4, threads=4)

    assert [each for each in fresh_ones if each] == [signing.current(fresh(endpoint))]
    assert [each for each in of_the_team if each] == [signing.current(signing.secrets_of(team))]


def test_a_version_tells_secrets_apart_and_nothing_of_them(team):
    endpoint = make_endpoint(team=team)
    before = version_of(endpoint)
    secret = endpoints.rotate(endpoint, grace=HOUR, by=INSTALLATION)

    assert version_of(fresh(endpoint)) not in ("", before, secret)
    assert versions.version_of(None) == ""


def test_pausing_and_resuming_is_done_once(team):
    endpoint = make_endpoint(team=team)
    disabled(endpoint, status_code=500)
    for act in (endpoints.pause, endpoints.pause, endpoints.resume, endpoints.resume):
        act(endpoint, by=INSTALLATION)

    assert (fresh(endpoint).paused_at, fresh(endpoint).failing_since) == (None, None)
    actions = AuditEntry.objects.order_by("id").values_list("action", flat=True)
    assert list(actions)[-2:] == ["endpoint.paused", "endpoint.resumed"]


def test_a_test_event_goes_to_this_endpoint_alone_whatever_it_chose(team):
    endpoint, _other = make_endpoint(team=team, events=["credits.low"]), make_endpoint(team=team)

    delivery = endpoints.send_test(endpoint, by=INSTALLATION)

    assert list(WebhookDelivery.objects.all()) == [delivery]
    assert (delivery.event.type, f'"endpoint_id":"{endpoint.pk}"' in delivery.event.body) == ("endpoint.test", True)


def test_a_disabled_endpoint_is_sent_no_test_event(team):
    endpoint = disabled(make_endpoint(team=team))

    with pytest.raises(EndpointDisabled):
        endpoints.send_test(endpoint, by=INSTALLATION)

    assert not WebhookDelivery.objects.exists()


def test_deleting_cancels_what_waits_and_takes_the_secrets_away(team):
    endpoint, other = make_endpoint(team=team), make_endpoint(team=team)
    endpoints.rotate(endpoint, grace=HOUR, by=INSTALLATION)
    waiting = make_delivery(team=team, endpoint=endpoint)
    make_delivery(team=team, endpoint=other)
    for _ in range(2):
        endpoints.delete(endpoint, by=INSTALLATION)

    row = fresh(endpoint)
    assert (bytes(row.secret), row.old_secret) == (b"", None)
    assert WebhookDelivery.objects.get(state=State.CANCELLED).pk == waiting.pk
    assert AuditEntry.objects.filter(action="endpoint.deleted").count() == 1


def test_a_deleted_one_can_be_done_nothing_to(team):
    endpoint = make_endpoint(team=team)
    endpoints.delete(endpoint, by=INSTALLATION)
    calls = [
        lambda: endpoints.change(endpoint, description="mine", by=INSTALLATION),
        lambda: endpoints.rotate(endpoint, grace=HOUR, by=INSTALLATION),
        lambda: endpoints.pause(endpoint, by=INSTALLATION),
        lambda: endpoints.resume(endpoint, by=INSTALLATION),
        lambda: endpoints.send_test(endpoint, by=INSTALLATION),
        lambda: endpoints.enable(endpoint, send_failed=True, by=INSTALLATION),
    ]

    for call in calls:
        with pytest.raises(EndpointDeleted):
            call()


def test_a_deleted_one_is_told_nothing_more(team):
    endpoint = make_endpoint(team=team)
    endpoints.delete(endpoint, by=INSTALLATION)

    events.record(team_id=team.pk, type="task.failed", subject_id=uuid4(), body=dict)

    assert not WebhookDelivery.objects.exists()


def test_deleting_and_testing_at_once_leaves_nothing_that_waits(team):
    for _ in range(5):
        endpoint = make_endpoint(team=team)

        def attempt(act, endpoint=endpoint):
            try:
                return act(endpoint, by=INSTALLATION)
            except EndpointDeleted:
                return None

        race(attempt, [endpoints.delete, endpoints.send_test, endpoints.send_test], threads=3)

        assert not endpoint.deliveries.filter(state=State.PENDING).exists()
        assert fresh(endpoint).deleted_at


def test_a_paused_one_that_is_deleted_leaves_nothing_that_waits_for_ever(team):
    endpoint = make_endpoint(team=team)
    under_way, of_a_dead_worker, _waiting = (make_delivery(team=team, endpoint=endpoint) for _ in range(3))
    now = timezone.now()
    WebhookDelivery.objects.filter(pk=under_way.pk).update(lease_until=now + HOUR)
    WebhookDelivery.objects.filter(pk=of_a_dead_worker.pk).update(lease_until=now - HOUR)
    endpoints.pause(endpoint, by=INSTALLATION)

    endpoints.delete(endpoint, by=INSTALLATION)
    WebhookDelivery.objects.filter(pk=under_way.pk).update(lease_until=None)  # its attempt failed meanwhile
    deliver()

    assert set(WebhookDelivery.objects.values_list("state", flat=True)) == {State.CANCELLED}


def test_a_new_url_is_not_judged_by_the_old_one(team):
    endpoint = make_endpoint(team=team)
    old_url, new_url = endpoint.url, "https://new.example/in"
    health.note(endpoint, old_url, 500, is_success=False, now=timezone.now() - timedelta(days=4))

    endpoints.change(endpoint, url=new_url, by=INSTALLATION)
    health.note(endpoint, old_url, 410, is_success=False, now=timezone.now())
    after_the_change = fresh(endpoint)
    health.note(endpoint, new_url, 503, is_success=False, now=timezone.now() + timedelta(days=2))

    assert (after_the_change.is_disabled, after_the_change.failing_since) == (False, None)
    assert not fresh(endpoint).is_disabled


def test_a_change_of_the_url_leaves_what_is_under_way_to_its_own_end(team):
    endpoint = make_endpoint(team=team, url="https://old.example/")
    under_way, waiting = (make_delivery(team=team, endpoint=endpoint) for _ in range(2))
    WebhookDelivery.objects.filter(pk=under_way.pk).update(lease_until=timezone.now() + HOUR)

    endpoints.change(endpoint, url="https://new.example/", by=INSTALLATION)

    hosts = dict(WebhookDelivery.objects.values_list("pk", "host"))
    assert hosts == {under_way.pk: "old.example", waiting.pk: "new.example"}


def test_resuming_a_disabled_one_forgets_nothing_that_is_to_be_sent_again(team):
    endpoint = make_endpoint(team=team)
    delivery = make_delivery(team=team, endpoint=endpoint)
    began = timezone.now() - timedelta(days=2)
    health.note(endpoint, endpoint.url, 500, is_success=False, now=began)
    WebhookDelivery.objects.filter(pk=delivery.pk).update(state="failed", next_at=None, ended_at=began + HOUR)
    disabled(endpoint)

    endpoints.pause(endpoint, by=INSTALLATION)
    endpoints.resume(endpoint, by=INSTALLATION)

    assert endpoints.enable(endpoint, send_failed=True, by=INSTALLATION) == 1


def test_pausing_and_disabling_at_once_both_happen(team):
    endpoint = make_endpoint(team=team)

    race(lambda act: act(), [lambda: endpoints.pause(endpoint, by=INSTALLATION), lambda: disabled(endpoint)], threads=2)

    assert (fresh(endpoint).is_paused, fresh(endpoint).is_disabled) == (True, True)
