import json
import threading
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.actors import INSTALLATION
from accounts.models import WebhookDelivery, WebhookEndpoint, WebhookEvent
from accounts.webhooks import endpoints, events
from accounts.webhooks.endpoint_settings import CHOICES
from tests.factories import make_endpoint, make_team
from tests.faults.installation import blocked_count
from tests.races import meanwhile, race
from tests.sandbox_process import wait_until

URL = "https://hooks.example/in"


@pytest.fixture
def team(db):
    return make_team()


def record(team, subject_id=None, *, body=None, url=URL, type="task.completed", sequence=0):
    events.record(
        team_id=team.id,
        type=type,
        subject_id=subject_id or uuid4(),
        body=lambda: {} if body is None else body,
        url=url,
        sequence=sequence,
    )


def never():
    raise AssertionError("nobody is to be told")


def told() -> list:
    """Which endpoint each delivery goes to, None for a callback URL, in the order they were made."""
    return list(WebhookDelivery.objects.order_by("pk").values_list("endpoint", flat=True))


def test_an_event_keeps_its_body_as_it_will_be_sent(team):
    record(team, body={"event": "task.completed", "prompt": "雏菊 \u2028"})

    event = WebhookEvent.objects.get()
    assert event.body == '{"event":"task.completed","prompt":"雏菊 \u2028"}'
    assert event.message_id == f"msg_{event.id.hex}"


def test_a_delivery_is_due_at_once_and_says_so_on_commit(team, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        record(team, url="https://Hooks.example:443/in")

    delivery = WebhookDelivery.objects.get()
    assert (delivery.state, delivery.host, delivery.attempt_count) == ("pending", "hooks.example", 0)
    assert (delivery.team, delivery.lane) == (team, f"{team.id} hooks.example")
    assert delivery.next_at <= timezone.now()
    assert [callback.args for callback in callbacks] == [("deliver",)]


@pytest.mark.parametrize("url", [None, ""])
def test_where_there_is_nobody_to_tell_nothing_is_written_or_asked_for(team, url, django_capture_on_commit_callbacks):
    make_endpoint(team=team, events=["task.failed"])
    make_endpoint(team=make_team(), events=["task.completed"])

    with django_capture_on_commit_callbacks() as callbacks:
        events.record(team_id=team.id, type="task.completed", subject_id=uuid4(), body=never, url=url)

    assert (WebhookEvent.objects.count(), WebhookDelivery.objects.count(), callbacks) == (0, 0, [])


def test_every_endpoint_that_chose_the_event_is_told_and_so_is_the_callback_url(team):
    one, other = (make_endpoint(team=team, url=f"{URL}/{n}", events=["task.completed", "credits.low"]) for n in (1, 2))
    make_endpoint(team=team, events=["task.failed", "task.progress"])
    deleted = make_endpoint(team=team, events=["task.completed"])
    endpoints.delete(deleted, by=INSTALLATION)

    record(team)

    assert WebhookEvent.objects.count() == 1
    assert set(told()) == {one.pk, other.pk, None}
    rows = WebhookDelivery.objects.filter(endpoint__isnull=False)
    assert set(rows.values_list("url", "host", "lane")) == {
        (f"{URL}/1", "hooks.example", str(one.pk)),
        (f"{URL}/2", "hooks.example", str(other.pk)),
    }


def test_another_teams_endpoint_is_told_nothing(team):  # A2
    foreign = make_endpoint(team=make_team(), events=[str(each) for each in CHOICES])

    for type in CHOICES:
        record(team, type=type)

    assert not foreign.deliveries.exists()
    assert told() == [None] * 4


def test_what_a_paused_endpoint_is_told_waits(team):
    endpoint = make_endpoint(team=team)
    endpoints.pause(endpoint, by=INSTALLATION)

    record(team, url=None)

    assert WebhookDelivery.objects.get().state == "pending"


def test_what_a_disabled_endpoint_would_be_told_has_failed_and_can_be_sent_again(team):  # C5
    endpoint = make_endpoint(team=team)
    WebhookEndpoint.objects.update(disabled_at=timezone.now(), disabled_reason="gone", failing_since=timezone.now())

    record(team)

    delivery = endpoint.deliveries.get()
    assert (delivery.state, delivery.last_error_code) == ("failed", "endpoint_disabled")
    assert (delivery.next_at, delivery.attempt_count) == (None, 0)
    assert WebhookDelivery.objects.get(endpoint=None).state == "pending"
    assert endpoints.enable(endpoint, send_failed=True, by=INSTALLATION) == 1
    assert endpoint.deliveries.get().state == "pending"


def test_one_that_is_enabled_while_an_event_is_recorded_does_not_miss_it(transactional_db):  # C5
    team, recorded = make_team(), threading.Event()
    endpoint = make_endpoint(team=team, events=["task.completed"])
    now = timezone.now()
    WebhookEndpoint.objects.update(disabled_at=now, disabled_reason="gone", failing_since=now)

    def record_slowly():
        with transaction.atomic():
            record(team, url=None)
            recorded.set()
            wait_until(lambda: blocked_count() > 0)

    with meanwhile(record_slowly):
        recorded.wait()
        sent = endpoints.enable(endpoint, send_failed=True, by=INSTALLATION)

    assert sent == 1
    assert WebhookDelivery.objects.get().state == "pending"


def test_recording_again_changes_nothing(team, django_capture_on_commit_callbacks):
    subject_id = uuid4()
    record(team, subject_id, body={"n": 1})
    make_endpoint(team=team)

    with django_capture_on_commit_callbacks() as callbacks:
        record(team, subject_id, body={"n": 2}, url="https://other.example/")

    assert WebhookEvent.objects.get().body == '{"n":1}'
    assert WebhookDelivery.objects.get().url == URL
    assert callbacks == []


def test_one_subject_may_have_events_of_several_types_and_sequences(team):  # C9
    subject_id = uuid4()

    record(team, subject_id, type="task.progress", sequence=20)
    record(team, subject_id, type="task.progress", sequence=70)
    record(team, subject_id, type="task.progress", sequence=70)
    record(team, subject_id, type="task.failed", sequence=100)

    kept = WebhookEvent.objects.order_by("sequence").values_list("type", "sequence")
    assert list(kept) == [("task.progress", 20), ("task.progress", 70), ("task.failed", 100)]
    assert WebhookDelivery.objects.count() == 3


def test_an_event_goes_with_the_transaction_it_was_recorded_in(team, django_capture_on_commit_callbacks):
    make_endpoint(team=team)

    with django_capture_on_commit_callbacks() as callbacks, transaction.atomic():
        record(team)
        transaction.set_rollback(True)

    assert (WebhookEvent.objects.count(), WebhookDelivery.objects.count(), callbacks) == (0, 0, [])


def test_recorded_by_many_at_once_it_is_said_once(transactional_db):
    team, subject_id = make_team(), uuid4()
    make_endpoint(team=team)

    race(lambda number: record(team, subject_id, body={"n": number}), range(8), threads=8)

    assert (WebhookEvent.objects.count(), WebhookDelivery.objects.count()) == (1, 2)
    assert json.loads(WebhookEvent.objects.get().body)["n"] in range(8)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Hooks.Example/in?x#y", "hooks.example"),
        ("https://hooks.example:443/", "hooks.example"),
        ("https://hooks.example:8443/", "hooks.example:8443"),
        ("https://bücher.example/", "xn--bcher-kva.example"),
        ("http://ana:pw@hooks.example/", "hooks.example"),
        ("http://[2001:0db8::7]:80/", "[2001:db8::7]"),
        ("https://" + "a" * 400, "a" * 300),
    ],
)
def test_the_host_of_a_url_has_one_spelling_and_never_who_asks(url, host):
    assert events.host_of(url) == host
