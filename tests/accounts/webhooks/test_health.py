"""How an endpoint fares: when it is disabled, who is told, and what becomes of what was to be sent."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core import mail
from django.utils import timezone, translation
from django.utils.translation import gettext

from accounts import teams, upkeep
from accounts.actors import INSTALLATION
from accounts.models import AuditEntry, Role, WebhookDelivery, WebhookEndpoint
from accounts.webhooks import delivery, endpoints, events, health, turns
from tests.factories import make_delivery, make_endpoint, make_member, make_team, make_user
from tests.races import race
from tests.receiver import answer
from tests.webhook_forms import disable

State = WebhookDelivery.State


@pytest.fixture
def endpoint(team, receiver):
    return make_endpoint(team=team, url=receiver.url("/hook"))


def fresh(endpoint):
    return WebhookEndpoint.objects.get(pk=endpoint.pk)


def send(endpoint, clock):
    """A new event for it, sent once at the clock's time; the delivery as it is then."""
    sent = make_delivery(team=endpoint.team, endpoint=fresh(endpoint))
    WebhookDelivery.objects.filter(pk=sent.pk).update(next_at=clock(), lease_until=clock() + turns.LEASE)
    rows = WebhookDelivery.objects.select_related("event", "team", "endpoint")
    delivery.attempt(rows.get(pk=sent.pk), now=clock)
    return WebhookDelivery.objects.get(pk=sent.pk)


def test_410_disables_it_at_once(endpoint, receiver, clock):  # C4
    waiting = make_delivery(team=endpoint.team, endpoint=endpoint)
    receiver.answers.append(answer(410))

    sent = send(endpoint, clock)

    row = fresh(endpoint)
    assert (row.disabled_at, row.disabled_reason, row.disabled_mail_due) == (clock(), "gone", True)
    assert (sent.state, sent.last_status_code) == (State.FAILED, 410)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.last_error_code, waiting.attempt_count) == (State.FAILED, "endpoint_disabled", 0)
    entry = AuditEntry.objects.get(action="endpoint.disabled")
    assert (entry.user, entry.team, entry.subject_id, entry.detail) == (None, row.team, row.pk, {"reason": "gone"})


def test_five_days_without_one_success_disable_it(endpoint, receiver, clock):  # C5
    receiver.otherwise = answer(500)
    began = clock()
    for _day in range(5):
        send(endpoint, clock)
        assert not fresh(endpoint).is_disabled
        clock.wait(24 * 3600 - 1)
    send(endpoint, clock)
    assert (fresh(endpoint).is_disabled, fresh(endpoint).failing_since) == (False, began)

    clock.go_to(began + timedelta(days=5))
    send(endpoint, clock)

    assert (fresh(endpoint).disabled_at, fresh(endpoint).disabled_reason) == (clock(), "failing")


def test_one_success_in_between_begins_the_count_anew(endpoint, receiver, clock):  # C5
    receiver.answers.extend([answer(500), answer(204), answer(500), answer(500)])
    send(endpoint, clock)
    clock.wait(4 * 86400)
    send(endpoint, clock)
    assert fresh(endpoint).failing_since is None

    clock.wait(86400)
    send(endpoint, clock)
    clock.wait(4 * 86400)
    send(endpoint, clock)

    assert not fresh(endpoint).is_disabled
    assert fresh(endpoint).failing_since == clock() - timedelta(days=4)


def test_what_happens_while_it_is_disabled_is_kept_as_failed(endpoint):  # C5
    disable(endpoint)

    events.record(team_id=endpoint.team_id, type="task.failed", subject_id=uuid4(), body=dict)

    kept = endpoint.deliveries.get()
    assert (kept.state, kept.last_error_code, kept.next_at) == (State.FAILED, "endpoint_disabled", None)


def test_what_was_under_way_when_it_was_disabled_is_not_sent(endpoint, receiver, clock):
    sent = make_delivery(team=endpoint.team, endpoint=endpoint)
    WebhookDelivery.objects.filter(pk=sent.pk).update(lease_until=clock() + turns.LEASE)
    health.note(endpoint, endpoint.url, 410, is_success=False, now=clock())

    claimed = WebhookDelivery.objects.select_related("event", "team", "endpoint").get(pk=sent.pk)
    state_then = claimed.state
    delivery.attempt(claimed, now=clock)

    sent.refresh_from_db()
    assert (state_then, sent.state, sent.last_error_code) == (State.PENDING, State.FAILED, "endpoint_disabled")
    assert receiver.requests == []


def test_enabled_again_what_failed_since_is_sent_again(endpoint, receiver, clock):  # C5
    before = make_delivery(team=endpoint.team, endpoint=endpoint)
    long_ago = clock() - timedelta(days=30)
    WebhookDelivery.objects.filter(pk=before.pk).update(state=State.FAILED, next_at=None, ended_at=long_ago)
    receiver.answers.append(answer(410))
    cause = send(endpoint, clock)
    events.record(team_id=endpoint.team_id, type="task.failed", subject_id=uuid4(), body=dict)
    WebhookDelivery.objects.filter(state=State.FAILED, ended_at__lt=clock(), attempt_count=0).exclude(
        pk=before.pk
    ).update(ended_at=clock())

    number = endpoints.enable(fresh(endpoint), send_failed=True, by=INSTALLATION)

    row, again = fresh(endpoint), WebhookDelivery.objects.get(pk=cause.pk)
    assert number == 2
    assert (row.disabled_at, row.disabled_reason, row.failing_since) == (None, "", None)
    assert (again.state, again.first_attempts, again.event_id) == (State.PENDING, 1, cause.event_id)
    assert WebhookDelivery.objects.get(pk=before.pk).state == State.FAILED
    entry = AuditEntry.objects.get(action="endpoint.enabled")
    assert entry.detail == {"count": 2}


def test_what_disabled_it_is_among_what_is_sent_again(endpoint, receiver, clock):  # C5
    """By a clock that goes on while an answer is noted, as clocks do."""
    receiver.answers.append(answer(410))

    def ticking():
        clock.wait(0.01)
        return clock()

    send(endpoint, ticking)

    assert endpoints.failed_since(fresh(endpoint)).count() == 1


def test_sent_again_it_arrives_under_the_same_id(endpoint, receiver, clock):  # C2
    receiver.answers.append(answer(410))
    sent = send(endpoint, clock)
    endpoints.enable(fresh(endpoint), send_failed=True, by=INSTALLATION)

    rows = WebhookDelivery.objects.select_related("event", "team", "endpoint")
    rows.filter(pk=sent.pk).update(lease_until=clock() + turns.LEASE)
    delivery.attempt(rows.get(pk=sent.pk), now=clock)

    sent.refresh_from_db()
    assert sent.state == State.DELIVERED
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1
    assert not fresh(endpoint).failing_since


def test_enabled_without_what_failed_that_stays_as_it_is(endpoint):
    make_delivery(team=endpoint.team, endpoint=endpoint)
    disable(endpoint)

    assert endpoints.enable(fresh(endpoint), by=INSTALLATION, send_failed=False) == 0
    assert endpoint.deliveries.get().state == State.FAILED


def test_enabling_twice_at_once_is_done_once(endpoint):
    make_delivery(team=endpoint.team, endpoint=endpoint)
    disable(endpoint)

    numbers = race(lambda _: endpoints.enable(fresh(endpoint), send_failed=True, by=INSTALLATION), range(3), threads=3)

    assert sorted(numbers) == [0, 0, 1]
    assert AuditEntry.objects.filter(action="endpoint.enabled").count() == 1


def test_two_answers_of_410_at_once_disable_it_once(endpoint):
    race(lambda _: disable(endpoint), range(3), threads=3)

    assert AuditEntry.objects.filter(action="endpoint.disabled").count() == 1


def test_a_late_success_does_not_bring_it_back(endpoint, clock):
    disable(endpoint)

    health.note(endpoint, endpoint.url, 200, is_success=True, now=clock())

    assert fresh(endpoint).is_disabled


def test_a_failure_of_a_deleted_one_is_nobodys_concern(endpoint, clock):
    endpoints.delete(endpoint, by=INSTALLATION)

    health.note(endpoint, endpoint.url, 410, is_success=False, now=clock())

    assert not fresh(endpoint).is_disabled


def test_owners_and_admins_are_told_once_each_in_their_language(team, settings):  # C5
    endpoint = make_endpoint(team=team, description="Website")
    make_member(team=team, role=Role.ADMIN, user=make_user(email="lin@example.com", language="zh-hans"))
    make_member(team=team, role=Role.MEMBER)
    disable(endpoint)

    for _ in range(2):
        upkeep.upkeep()

    letters = {letter.to[0]: letter for letter in mail.outbox}
    owner = team.members.get(memberships__role=Role.OWNER)
    assert set(letters) == {owner.email, "lin@example.com"}
    assert len(mail.outbox) == 2
    letter = letters[owner.email]
    assert letter.subject == "Lumière: a webhook endpoint was disabled"
    assert "hooks.example.com" in letter.body
    assert "It answered 410 Gone." in letter.body
    assert f"{settings.PUBLIC_URL}/webhooks/endpoints/{endpoint.pk}/" in letter.body
    assert not fresh(endpoint).disabled_mail_due


def test_the_letter_is_in_the_language_of_whoever_gets_it(db):
    team = make_team(owner=make_user(language="zh-hans"))
    disable(make_endpoint(team=team))

    health.tell_due(timezone.now())

    with translation.override("zh-hans"):
        assert gettext("You get this because you are an owner or admin of the team.") in mail.outbox[0].body
        assert str(WebhookEndpoint.Reason.GONE.label) in mail.outbox[0].body


def test_two_rounds_at_once_tell_it_once(team):
    disable(make_endpoint(team=team))

    race(lambda _: health.tell_due(timezone.now()), range(3), threads=3)

    assert len(mail.outbox) == 1


def test_one_that_is_back_or_gone_is_not_told_of(team):
    back, gone, closed = make_endpoint(team=team), make_endpoint(team=team), make_endpoint(team=make_team())
    for endpoint in (back, gone, closed):
        disable(endpoint)
    endpoints.enable(fresh(back), send_failed=True, by=INSTALLATION)
    endpoints.delete(fresh(gone), by=INSTALLATION)
    teams.close(closed.team, by=INSTALLATION)

    health.tell_due(timezone.now())

    assert mail.outbox == []


def test_disabled_anew_it_is_told_anew(team):
    endpoint = make_endpoint(team=team)
    for _ in range(2):
        disable(endpoint)
        health.tell_due(timezone.now())
        endpoints.enable(fresh(endpoint), send_failed=True, by=INSTALLATION)

    assert len(mail.outbox) == 2


def test_while_no_mail_can_be_sent_it_stays_due(team, settings):
    endpoint = make_endpoint(team=team)
    disable(endpoint)
    settings.EMAIL_BACKEND, settings.EMAIL_HOST = "django.core.mail.backends.smtp.EmailBackend", "127.0.0.1"
    settings.EMAIL_PORT = 9

    with pytest.raises(OSError):
        health.tell_due(timezone.now())

    assert fresh(endpoint).disabled_mail_due
