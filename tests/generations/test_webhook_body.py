"""What receivers are told: as documented, with the order beside it, and small."""

import json
from itertools import permutations

import pytest
from django.utils import translation

from accounts import teams
from accounts.actors import INSTALLATION
from accounts.billing import low_balance
from accounts.models import Team, WebhookEvent
from accounts.webhooks import endpoints
from accounts.webhooks.endpoint_settings import CHOICES
from generations import lifecycle, links
from generations.failures import FAILURES
from generations.models import Asset, State
from generations.webhook_body import iso
from project.env import ROOT
from tests.api import completed, completed_images, ensure_prices, failed, running
from tests.factories import make_endpoint, make_team
from tests.pipeline import media_folder

__all__ = ["media_folder"]

EVENTS = [str(each) for each in CHOICES]
MOST_BYTES = 20_000


@pytest.fixture
def team(db, media_folder) -> Team:
    ensure_prices()
    return make_team(granted=1000)


def told(type: str) -> dict:
    return json.loads(WebhookEvent.objects.get(type=type).body)


def size_of(event: WebhookEvent) -> int:
    return len(event.body.encode())


def test_a_clip_is_told_as_documented_and_in_its_order(team):  # C9
    generation = completed(team, callback_url="https://example.com/hook")

    assert told("task.completed") == {
        "event": "task.completed",
        "task_id": str(generation.id),
        "status": "completed",
        "video_url": links.url(generation.assets.get(kind=Asset.Kind.OUTPUT)),
        "completed_at": iso(generation.completed_at),
        "created_at": iso(generation.created_at),
        "updated_at": iso(generation.updated_at),
        "sequence": 100,
    }


def test_a_set_of_images_is_told_with_all_its_links(team):
    generation = completed_images(team, 3, callback_url="https://example.com/hook")

    body = told("task.completed")
    outputs = generation.assets.filter(kind=Asset.Kind.OUTPUT).order_by("position")
    assert (body["video_url"], body["images"]) == (None, [links.url(each) for each in outputs])


def test_a_failure_is_told_with_its_reason_in_english_whoever_works_on_it(team):
    with translation.override("zh-hans"):
        generation = failed(team, callback_url="https://example.com/hook")

    assert told("task.failed") == {
        "event": "task.failed",
        "task_id": str(generation.id),
        "status": "failed",
        "error_message": "Content policy violation",
        "failed_at": iso(generation.failed_at),
        "created_at": iso(generation.created_at),
        "updated_at": iso(generation.updated_at),
        "sequence": 100,
    }


def test_progress_is_told_in_percent(team):
    make_endpoint(team=team, events=["task.progress"])
    generation = running(team)
    lifecycle.report_progress(generation, 40)

    assert told("task.progress") == {
        "event": "task.progress",
        "task_id": str(generation.id),
        "status": "processing",
        "progress": 40,
        "created_at": iso(generation.created_at),
        "updated_at": iso(generation.updated_at),
        "sequence": 40,
    }


def test_in_whatever_order_they_come_the_greatest_sequence_is_the_latest(team):  # C9
    make_endpoint(team=team, events=EVENTS)
    generation = running(team)
    for percent in (10, 55, 120):
        lifecycle.report_progress(generation, percent)
    lifecycle.advance(generation, State.FAILED, failure_code="PROVIDER_ERROR")
    bodies = [json.loads(event.body) for event in WebhookEvent.objects.order_by("created_at", "id")]

    for order in permutations(bodies):
        latest = max(order, key=lambda body: body["sequence"])
        assert (latest["event"], latest["status"]) == ("task.failed", "failed")
    assert [body["sequence"] for body in bodies] == [10, 55, 99, 100]
    assert sorted(bodies, key=lambda body: (body["updated_at"], body["sequence"])) == bodies


def test_each_event_has_the_fields_of_the_document_in_their_order(team):  # C9
    lines = (ROOT / "docs" / "api.md").read_text().splitlines()
    documented = [json.loads(line) for line in lines if line.startswith('{"event":')]
    endpoint = make_endpoint(team=team, events=EVENTS)
    completed(team)
    failed(team)
    lifecycle.report_progress(running(team), 40)
    teams.change(team, by=INSTALLATION, low_balance_credits=10**12)
    low_balance.tell_due()
    endpoints.send_test(endpoint, by=INSTALLATION)

    sent = {event.type: list(json.loads(event.body)) for event in WebhookEvent.objects.all()}

    assert {body["event"]: list(body) for body in documented} == sent


def test_the_largest_body_of_each_event_is_below_20_kb(team, settings):  # C12
    settings.PUBLIC_URL = f"https://{'a' * 63}.{'b' * 63}.{'c' * 63}.{'d' * 61}:65535"
    endpoint = make_endpoint(team=team, url="https://example.com/" + "u" * 2028, events=EVENTS, description="d" * 200)
    completed_images(team, 4, prompt="雨" * 300, metadata={f"{n:040}": "m" * 500 for n in range(16)})
    for code in FAILURES.keys() - {"CANCELLED"}:
        failed(team, code=code, prompt="雨" * 2000)
    lifecycle.report_progress(running(team, prompt="雨" * 2000), 99)
    teams.change(team, by=INSTALLATION, low_balance_credits=10**12)
    low_balance.tell_due()
    endpoints.send_test(endpoint, by=INSTALLATION)

    largest = {event.type: size_of(event) for event in sorted(WebhookEvent.objects.all(), key=size_of)}

    assert largest.keys() == {*EVENTS, "endpoint.test"}
    assert max(largest.values()) < MOST_BYTES
    assert not any("雨" in event.body for event in WebhookEvent.objects.all())
