"""What is told of a generation: with the change that it is about, once, to those who asked for it."""

import pytest
from django.db import transaction

from accounts.models import WebhookDelivery, WebhookEvent
from generations import lifecycle
from generations.models import Generation, State
from tests.api import asked, completed, ensure_prices, failed, running
from tests.factories import make_endpoint, make_team
from tests.pipeline import figures, media_folder
from tests.races import race

__all__ = ["media_folder"]


@pytest.fixture
def team(db, media_folder):
    ensure_prices()
    return make_team(granted=1000)


def told() -> list[tuple[str, int, str | None]]:
    """Type and sequence of each event, and where it goes: an endpoint's description, or the callback URL."""
    rows = WebhookDelivery.objects.select_related("event", "endpoint").order_by("pk")
    return [(row.event.type, row.event.sequence, row.endpoint.description if row.endpoint else row.url) for row in rows]


def test_an_end_is_told_to_the_callback_url_once(team):
    generation = running(team, callback_url="https://example.com/hook")

    lifecycle.advance(generation, State.FAILED, failure_code="CONTENT_POLICY")

    event = WebhookEvent.objects.get()
    assert event.type == "task.failed"
    assert '"error_message":"Content policy violation"' in event.body


@pytest.mark.parametrize("end", ["completed", "failed"])
def test_an_end_is_told_to_the_endpoints_that_chose_it_without_any_callback_url(team, end):
    make_endpoint(team=team, events=[f"task.{end}"], description="ours")
    make_endpoint(team=team, events=["task.progress", "credits.low"], description="of something else")
    make_endpoint(team=make_team(), events=[f"task.{end}"], description="another team's")

    {"completed": completed, "failed": failed}[end](team)

    assert told() == [(f"task.{end}", 100, "ours")]


def test_an_end_is_told_to_endpoint_and_callback_url_in_one_event(team):
    make_endpoint(team=team, description="ours")
    generation = running(team, callback_url="https://example.com/hook")

    lifecycle.advance(generation, State.FAILED, failure_code="TIMEOUT")

    assert WebhookEvent.objects.count() == 1
    assert sorted(told()) == [("task.failed", 100, "https://example.com/hook"), ("task.failed", 100, "ours")]


def test_a_cancel_is_told_to_nobody(team):
    make_endpoint(team=team, events=["task.completed", "task.failed", "task.progress"])
    generation = asked(team, callback_url="https://example.com/hook")

    lifecycle.advance(generation, State.CANCELLED)

    assert not WebhookEvent.objects.exists()


def test_who_chose_no_progress_is_told_none(team):
    make_endpoint(team=team)
    generation = running(team, callback_url="https://example.com/hook")

    lifecycle.report_progress(generation, 40)

    assert not WebhookEvent.objects.exists()


def test_progress_is_told_once_for_each_news_with_its_percent_as_sequence(team):
    make_endpoint(team=team, events=["task.progress"], description="ours")
    generation = running(team)

    for percent in (10, 10, 5, 70, 130, 99):
        lifecycle.report_progress(generation, percent)

    assert told() == [("task.progress", percent, "ours") for percent in (10, 70, 99)]


def test_a_failure_is_told_in_the_transaction_that_gives_the_credits_back(team):
    make_endpoint(team=team)
    generation = running(team)
    before = figures(team)

    with transaction.atomic():
        lifecycle.advance(generation, State.FAILED, failure_code="TIMEOUT")
        assert (WebhookEvent.objects.count(), figures(team)) == (1, (1000, 0, 0))
        transaction.set_rollback(True)

    assert (WebhookEvent.objects.count(), figures(team)) == (0, before)


def test_ended_by_many_at_once_it_is_told_once(transactional_db):
    ensure_prices()
    team = make_team(granted=1000)
    make_endpoint(team=team, description="ours")
    generation = running(team)

    def end(_number) -> bool:
        mine = Generation.objects.get(pk=generation.pk)
        return mine.is_final or lifecycle.advance(mine, State.FAILED, failure_code="TIMEOUT")

    race(end, range(8), threads=8)

    assert told() == [("task.failed", 100, "ours")]
    assert figures(team) == (1000, 0, 0)
