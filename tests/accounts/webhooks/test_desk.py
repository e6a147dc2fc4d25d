from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from accounts.actors import INSTALLATION
from accounts.models import WebhookDelivery, WebhookEndpoint, WebhookEvent
from accounts.webhooks import desk, endpoints
from accounts.webhooks.desk import Filters
from project.ids import first_id
from tests.factories import make_delivery, make_endpoint, make_team
from tests.pages import queries


@pytest.fixture
def team(db):
    return make_team()


def ids(deliveries):
    return [delivery.pk for delivery in deliveries]


def ended(delivery, state="failed"):
    WebhookDelivery.objects.filter(pk=delivery.pk).update(state=state, next_at=None, ended_at=timezone.now())
    return delivery


def made_at(team, moment, url="https://callback.example.com/done"):
    """A delivery as it would have been made then."""
    event = WebhookEvent.objects.create(team=team, type="task.failed", subject_id=uuid4(), body="{}")
    host = "callback.example.com"
    return WebhookDelivery.objects.create(
        id=first_id(moment), team=team, event=event, url=url, host=host, lane=host, created_at=moment
    )


def test_the_newest_come_first(team):
    first, second = make_delivery(team=team), make_delivery(team=team)

    assert ids(desk.of(team, Filters())) == [second.pk, first.pk]


def test_another_teams_are_not_among_them(team):  # A1
    make_delivery(team=make_team())

    assert ids(desk.of(team, Filters())) == []


@pytest.mark.parametrize("state", ["pending", "delivered", "failed", "cancelled"])
def test_by_status(team, state):
    deliveries = {"pending": make_delivery(team=team)}
    for each in ("delivered", "failed", "cancelled"):
        deliveries[each] = ended(make_delivery(team=team), each)

    assert ids(desk.of(team, Filters(state=state))) == [deliveries[state].pk]


def test_by_event_by_endpoint_and_by_callback_url(team):
    endpoint = make_endpoint(team=team)
    to_endpoint = make_delivery(team=team, endpoint=endpoint)
    to_url = make_delivery(team=team, type="task.failed")

    assert ids(desk.of(team, Filters(type="task.failed"))) == [to_url.pk]
    assert ids(desk.of(team, Filters(endpoint=endpoint))) == [to_endpoint.pk]
    assert ids(desk.of(team, Filters(to_callbacks=True))) == [to_url.pk]


def test_by_what_it_is_about_and_by_webhook_id(team):
    delivery, _other = make_delivery(team=team), make_delivery(team=team)

    assert ids(desk.of(team, Filters(subject_id=delivery.event.subject_id))) == [delivery.pk]
    assert ids(desk.of(team, Filters(event_id=delivery.event.pk))) == [delivery.pk]


def test_ids_of_another_team_are_as_if_unknown(team):  # A2
    theirs = make_delivery(team=make_team())
    endpoint = make_endpoint(team=theirs.team)
    make_delivery(team=theirs.team, endpoint=endpoint)

    for filters in (
        Filters(subject_id=theirs.event.subject_id),
        Filters(event_id=theirs.event.pk),
        Filters(endpoint=endpoint),
    ):
        assert ids(desk.of(team, filters)) == []


def test_from_a_moment_on_and_up_to_one(team):
    moment = datetime(2026, 11, 1, 12, tzinfo=UTC)
    second = timedelta(seconds=1)
    before, at, after = (made_at(team, moment + number * second) for number in (-1, 0, 1))

    assert ids(desk.of(team, Filters(since=moment))) == [after.pk, at.pk]
    assert ids(desk.of(team, Filters(until=moment))) == [before.pk]
    assert ids(desk.of(team, Filters(since=moment, until=moment + second))) == [at.pk]


def test_pages_follow_one_another_without_a_gap(team, monkeypatch):
    monkeypatch.setattr(desk, "PAGE_SIZE", 2)
    made = [make_delivery(team=team).pk for _number in range(5)]
    found, before = [], None

    for _page in range(3):
        page = desk.page(desk.of(team, Filters()), before=before)
        found += ids(page.deliveries)
        before = page.next_before
        make_delivery(team=team)  # what comes meanwhile moves nothing

    assert found == made[::-1]
    assert before is None


def test_a_page_is_one_query_however_many_there_are(team):
    for _number in range(4):
        make_delivery(team=team, endpoint=make_endpoint(team=team))

    with queries(1):
        page = desk.page(desk.of(team, Filters()))
        assert len([(row.event.type, row.endpoint.url) for row in page.deliveries]) == 4


def test_no_page_counts_or_skips(team, django_assert_max_num_queries):
    with django_assert_max_num_queries(1) as captured:
        desk.page(desk.of(team, Filters(state="failed")), before=UUID(int=5))

    assert "COUNT" not in captured.captured_queries[0]["sql"]
    assert "OFFSET" not in captured.captured_queries[0]["sql"]


def test_a_version_changes_with_whatever_changes(team):
    endpoint = make_endpoint(team=team)
    delivery = make_delivery(team=team, endpoint=endpoint)

    def version():
        return desk.page(desk.of(team, Filters())).version

    seen = [version()]
    WebhookDelivery.objects.filter(pk=delivery.pk).update(lease_until=timezone.now())
    seen.append(version())
    WebhookDelivery.objects.filter(pk=delivery.pk).update(lease_until=None, updated_at=timezone.now())
    seen.append(version())
    endpoints.pause(endpoint, by=INSTALLATION)
    seen.append(version())
    make_delivery(team=team)
    seen.append(version())

    assert version() == version()
    assert len(set(seen)) == 5


def test_a_version_changes_when_it_comes_due(team):
    delivery = make_delivery(team=team)
    rows = WebhookDelivery.objects.filter(pk=delivery.pk)
    seen = []

    for away in (timedelta(hours=1), timedelta(hours=2), timedelta(seconds=-1), timedelta(seconds=-2)):
        rows.update(next_at=timezone.now() + away)
        seen.append(desk.version_of(rows))

    assert seen[0] == seen[1] != seen[2] == seen[3]


def test_endpoints_that_are_deleted_can_be_asked_for_as_long_as_what_they_were_sent_is_kept(team):
    kept, deleted, forgotten = (make_endpoint(team=team) for _number in range(3))
    for endpoint, days in ((deleted, 89), (forgotten, 91)):
        deleted_at = timezone.now() - timedelta(days=days)
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(deleted_at=deleted_at)
    make_endpoint(team=make_team())

    assert ids(desk.endpoints_of(team)) == [kept.pk, deleted.pk]


@pytest.mark.parametrize(
    ("count", "first", "left"),
    [(0, 0, 7), (1, 0, 6), (7, 0, 0), (8, 8, 7), (10, 8, 5)],
)
def test_the_waits_that_are_left(team, count, first, left):
    delivery = make_delivery(team=team)
    delivery.attempt_count, delivery.first_attempts = count, first

    assert len(desk.waits_left(delivery)) == left


def test_what_has_ended_waits_for_nothing(team):
    delivery = ended(make_delivery(team=team))
    delivery.refresh_from_db()

    assert desk.waits_left(delivery) == []
