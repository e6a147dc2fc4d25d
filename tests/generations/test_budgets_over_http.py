"""200 creates at once, by HTTP over four web processes, against limits that leave room for seven."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
from django.core.management import call_command
from django.test import Client

from accounts import budgets
from accounts.models import Membership, Team
from generations import lifecycle
from generations.models import Generation, State
from tests.api import ensure_prices
from tests.factories import make_key, make_member, make_team
from tests.pages import filled_in
from tests.pipeline import figures
from tests.races import race
from tests.web import web_processes

pytestmark = pytest.mark.django_db(transaction=True)

PRICE = 15
BODY = {"prompt": "A gate", "resolution": "480p", "duration": 5, "generate_audio": False}
ROOM = 7 * PRICE + PRICE - 1
TOKEN = "csrf" * 8


@pytest.fixture(scope="module")
def web(django_db_setup: None) -> Iterator[list[httpx.Client]]:
    """A client of each process."""
    # A kept connection might be closed by the server just as it is used again.
    unkept = httpx.Limits(max_keepalive_connections=0)
    with web_processes(4) as urls, ExitStack() as stack:
        yield [
            stack.enter_context(httpx.Client(base_url=url, trust_env=False, limits=unkept, timeout=60)) for url in urls
        ]


@pytest.fixture
def team(transactional_db):
    ensure_prices()
    return make_team(granted=10_000)


def ask(web: list[httpx.Client], *secrets: str) -> list[httpx.Response]:
    """200 creates, with these keys in turn."""

    def create(number: int) -> httpx.Response:
        headers = {"Authorization": f"Bearer {secrets[number % len(secrets)]}"}
        return web[number % len(web)].post("/api/v1/generations", json=BODY, headers=headers)

    return race(create, range(200), threads=40)


def assert_seven_were_made_and_the_books_close(team) -> None:
    assert Generation.objects.count() == 7
    assert figures(team) == (10_000 - 7 * PRICE, 7 * PRICE, 0)
    call_command("audit_credits")


def fail_all() -> None:
    for generation in Generation.objects.in_progress():
        lifecycle.advance(generation, State.FAILED, failure_code="PROVIDER_ERROR")


def test_a_key_with_room_for_seven_makes_seven_and_after_they_failed_seven_more(web, team):
    key, secret = make_key(team=team, monthly_budget_credits=ROOM)

    answers = ask(web, secret)

    assert Counter(answer.status_code for answer in answers) == {201: 7, 402: 193}
    told = {str(answer.json()["error"]["details"]) for answer in answers if answer.status_code == 402}
    resets_at = budgets.resets_at(team).strftime("%Y-%m-%dT%H:%M:%SZ")
    details = {"limit_source": "key_budget", "required": PRICE, "available": PRICE - 1, "resets_at": resets_at}
    assert told == {str(details)}
    assert_seven_were_made_and_the_books_close(team)
    fail_all()
    assert budgets.of_key(key).monthly.left == ROOM
    assert budgets.of_team(team).lifetime.used == 0
    assert Counter(answer.status_code for answer in ask(web, secret)) == {201: 7, 402: 193}
    call_command("audit_credits")


def test_a_team_with_room_for_seven_makes_seven_whatever_key_asks(web, team):
    Team.objects.filter(pk=team.pk).update(lifetime_budget_credits=ROOM)
    secrets = [make_key(team=team)[1] for _ in range(3)]

    answers = ask(web, *secrets)

    assert Counter(answer.status_code for answer in answers) == {201: 7, 402: 193}
    refused = next(answer.json()["error"] for answer in answers if answer.status_code == 402)
    assert refused["details"]["limit_source"] == "team_budget"
    assert refused["details"]["resets_at"] is None
    assert refused["message"] == f"Insufficient credits. Required: {PRICE}, Available: {PRICE - 1}"
    assert_seven_were_made_and_the_books_close(team)
    fail_all()
    team.refresh_from_db()
    assert budgets.of_team(team).lifetime.left == ROOM


def test_a_member_whose_cap_has_room_for_seven_makes_seven_in_the_browser(web, team):
    member = make_member(team=team)
    Membership.objects.filter(user=member).update(monthly_budget_credits=ROOM)
    browser = Client()
    browser.force_login(member)
    headers = {
        "Cookie": f"sessionid={browser.cookies['sessionid'].value}; csrftoken={TOKEN}",
        "X-CSRFToken": TOKEN,
        "HX-Request": "true",
    }

    def create(number: int) -> httpx.Response:
        return web[number % len(web)].post("/create/", data=filled_in(), headers=headers)

    answers = race(create, range(200), threads=40)

    assert Counter(answer.status_code for answer in answers) == {200: 7, 422: 193}
    refused = next(answer.text for answer in answers if answer.status_code == 422)
    assert "This costs 15 credits; your cap for this month has 14 left. It resets on " in refused
    assert_seven_were_made_and_the_books_close(team)
    fail_all()
    assert budgets.of_member(Membership.objects.get(user=member)).monthly.left == ROOM


def test_a_key_that_may_have_seven_in_progress_makes_seven(web, team):
    _, secret = make_key(team=team, max_in_progress=7)

    answers = ask(web, secret)

    assert Counter(answer.status_code for answer in answers) == {201: 7, 429: 193}
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["error"]["code"] == "RATE_LIMIT_EXCEEDED"
    assert refused.json()["error"]["details"] == {"limit": 7, "constraint": "max_in_progress"}
    assert (refused.headers["Retry-After"], refused.headers["X-RateLimit-RetryAfter"]) == ("5", "5")
    assert_seven_were_made_and_the_books_close(team)
    fail_all()
    assert Counter(answer.status_code for answer in ask(web, secret)) == {201: 7, 429: 193}
    assert Generation.objects.in_progress().count() == 7
