from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import keys
from accounts.actors import INSTALLATION
from accounts.models import CreditEntry, RateWindow
from generations.models import Generation
from tests.api import ensure_prices, post
from tests.factories import make_key, make_team


@pytest.fixture
def keyed(db):
    """A key and a program that has it."""
    ensure_prices()
    key, secret = make_key(team=make_team(granted=100))
    return key, Client(headers={"Authorization": f"Bearer {secret}"})


def used(key, kind: str, count: int) -> None:
    RateWindow.objects.create(api_key=key, kind=kind, started_at=timezone.now() - timedelta(seconds=20), count=count)


def rate(response) -> tuple[str, str]:
    return response.headers["X-RateLimit-Limit"], response.headers["X-RateLimit-Remaining"]


def test_every_answer_to_a_key_tells_its_limits(keyed):
    _, client = keyed

    assert rate(client.get("/api/v1/credits")) == ("1000", "999")
    assert rate(client.get("/api/v1/tasks/nothing")) == ("1000", "998")
    assert rate(client.get("/api/v1/tasks?limit=0")) == ("1000", "997")
    assert rate(post(client, "/generations", {})) == ("1000", "999")
    assert rate(post(client, "/estimates", {"prompt": "a"})) == ("1000", "996")


def test_reset_is_when_the_window_of_60_seconds_ends(keyed):
    key, client = keyed

    response = client.get("/api/v1/credits")

    window = RateWindow.objects.get(api_key=key)
    end = window.started_at.timestamp() + 60
    assert end <= int(response.headers["X-RateLimit-Reset"]) < end + 1


def test_without_a_good_key_no_limits_are_told(db):
    assert "X-RateLimit-Limit" not in Client().get("/api/v1/credits").headers


def test_one_read_too_many_is_refused_and_says_when_to_come_back(keyed):
    key, client = keyed
    used(key, "read", 1000)

    response = client.get("/api/v1/credits")

    assert response.status_code == 429
    assert response.json()["error"]["code"] == "RATE_LIMIT_EXCEEDED"
    assert rate(response) == ("1000", "0")
    assert 35 <= int(response.headers["Retry-After"]) <= 40
    assert response.headers["X-RateLimit-RetryAfter"] == response.headers["Retry-After"]


def test_one_create_too_many_makes_and_holds_nothing(keyed):
    key, client = keyed
    used(key, "create", 1000)

    response = post(client, "/generations", {"prompt": "a"})

    assert response.status_code == 429
    assert Generation.objects.count() == 0
    assert CreditEntry.objects.filter(kind="hold").count() == 0


def test_creates_and_reads_are_counted_apart(keyed):
    key, client = keyed
    used(key, "read", 1000)

    assert post(client, "/generations", {"prompt": "a"}).status_code == 201
    assert client.get("/api/v1/credits").status_code == 429


def test_a_refused_create_is_counted_too(keyed):
    key, client = keyed

    post(client, "/generations", {"prompt": "a", "duration": 7})

    assert RateWindow.objects.get(api_key=key, kind="create").count == 1


@pytest.mark.parametrize(
    ("plan", "creates", "seconds"),
    [({"rate_plan": "free"}, 10, 3600), ({"rate_plan": "own", "rate_limit": 3, "rate_seconds": 7}, 3, 7)],
)
def test_a_plan_limits_creates_and_leaves_reads_as_documented(keyed, plan, creates, seconds):
    key, client = keyed
    keys.change_some(key, plan, by=INSTALLATION)

    answers = [post(client, "/generations", {}) for _ in range(creates + 1)]

    assert [answer.status_code for answer in answers] == [400] * creates + [429]
    assert [rate(answer) for answer in answers] == [
        *((str(creates), str(left)) for left in reversed(range(creates))),
        (str(creates), "0"),
    ]
    assert f"{creates} of this kind in {seconds} seconds" in answers[-1].json()["error"]["message"]
    assert seconds - 2 <= int(answers[-1].headers["Retry-After"]) <= seconds
    assert rate(client.get("/api/v1/credits")) == ("1000", "999")


def test_a_switch_of_plan_counts_with_the_next_request(keyed):
    key, client = keyed

    def standing(plan: str) -> tuple[int, str]:
        keys.change_some(key, {"rate_plan": plan}, by=INSTALLATION)
        answer = post(client, "/generations", {})
        return answer.status_code, answer.headers.get("X-RateLimit-Remaining")

    for _ in range(12):
        standing("free")

    assert [standing(plan) for plan in ("pro", "free", "pro", "standard")] == [
        (400, "989"),
        (429, "0"),
        (400, "988"),
        (400, "987"),
    ]


def test_a_key_without_a_limit_is_told_of_none(keyed):
    key, client = keyed
    keys.change_some(key, {"rate_plan": "enterprise"}, by=INSTALLATION)

    for answer in (client.get("/api/v1/credits"), post(client, "/generations", {})):
        assert not [name for name in answer.headers if name.lower().startswith("x-ratelimit")]
    assert not RateWindow.objects.exists()
