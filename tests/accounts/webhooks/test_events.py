from uuid import uuid4

from django.db import transaction

from accounts.models import WebhookDelivery, WebhookEvent
from accounts.webhooks import events

URL = "https://hooks.example/in"


def record(team, subject_id, *, body, url=URL, type="task.completed"):
    events.record(team_id=team.id, type=type, subject_id=subject_id, body=body, url=url)


def test_an_event_keeps_its_body_as_it_will_be_sent(team):
    record(team, uuid4(), body={"event": "task.completed", "prompt": "雏菊 \u2028"})

    event = WebhookEvent.objects.get()
    assert event.body == '{"event":"task.completed","prompt":"雏菊 \u2028"}'
    assert event.message_id == f"msg_{event.id.hex}"


def test_a_delivery_is_due_at_once_and_says_so_on_commit(team, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        record(team, uuid4(), body={}, url="https://Hooks.example:443/in")

    delivery = WebhookDelivery.objects.get()
    assert (delivery.state, delivery.host, delivery.attempt_count) == ("pending", "hooks.example:443", 0)
    assert [callback.args for callback in callbacks] == [("deliver",)]


def test_without_a_url_only_the_event_is_recorded(team, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        record(team, uuid4(), body={}, url=None)

    assert (WebhookEvent.objects.count(), WebhookDelivery.objects.count(), callbacks) == (1, 0, [])


def test_recording_again_changes_nothing(team, django_capture_on_commit_callbacks):
    subject_id = uuid4()
    record(team, subject_id, body={"n": 1})

    with django_capture_on_commit_callbacks() as callbacks:
        record(team, subject_id, body={"n": 2}, url="https://other.example/")

    assert WebhookEvent.objects.get().body == '{"n":1}'
    assert WebhookDelivery.objects.get().url == URL
    assert callbacks == []


def test_one_subject_may_have_events_of_several_types(team):
    subject_id = uuid4()

    record(team, subject_id, body={}, type="task.progress")
    record(team, subject_id, body={}, type="task.failed")

    assert WebhookDelivery.objects.count() == 2


def test_an_event_goes_with_the_transaction_it_was_recorded_in(team):
    with transaction.atomic():
        record(team, uuid4(), body={})
        transaction.set_rollback(True)

    assert WebhookEvent.objects.count() == 0
