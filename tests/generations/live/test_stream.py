import re
from datetime import timedelta

import httpx
import pytest
from django.db import connection
from django.utils import timezone

from accounts import credits
from accounts.models import Role
from generations import lifecycle
from generations.models import GenerationEvent, State
from tests.api import asked, completed, running
from tests.factories import make_member, make_team
from tests.pages import browser_of
from tests.streaming import Page, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def milliseconds_ago(seconds: float) -> str:
    return str(int((timezone.now().timestamp() - seconds) * 1000))


def test_a_stranger_is_refused_not_led_elsewhere(url):
    assert httpx.get(f"{url}/live").status_code == 401
    assert httpx.post(f"{url}/live").status_code in (403, 405)


def test_a_new_clip_and_each_change_of_it_are_shown(open_page, team, maker):
    page = open_page(maker)

    generation = asked(team, prompt="A gate, and light")
    queued = page.next("card").data
    lifecycle.advance(generation, State.CANCELLED)
    cancelled = page.next("card").data

    assert f'id="generation-{generation.id}"' in queued
    assert 'hx-swap-oob="true"' in queued
    assert (status_of(queued), status_of(cancelled)) == ("pending", "cancelled")


def status_of(card: str) -> str:
    return re.search(r'data-status="(\w+)"', card)[1]


def test_a_viewer_may_watch(open_page, team):
    page = open_page(make_member(team=team, role=Role.VIEWER))

    generation = asked(team)

    assert str(generation.id) in page.next("card").data


def test_what_another_team_does_is_not_told(open_page, team, maker):  # A2
    other_team = make_team(granted=100)
    page = open_page(maker)

    asked(other_team, prompt="theirs")
    asked(team, prompt="ours")

    card = page.next("card").data
    assert "ours" in card
    assert "theirs" not in card


def drained(page: Page) -> list:
    return [page.events.get_nowait() for _ in range(page.events.qsize())]


def test_a_page_of_a_team_that_is_not_the_current_one_is_told_not_to_come_back(url, team, maker):
    elsewhere = make_team(granted=100)
    cookies = {name: morsel.value for name, morsel in browser_of(maker).cookies.items()}

    answer = httpx.get(f"{url}/live", params={"team": str(elsewhere.pk), "show": "all"}, cookies=cookies)

    assert answer.status_code == 204


def test_line_ends_in_a_prompt_begin_no_event(open_page, team, maker):  # B6
    page = open_page(maker)

    asked(team, prompt="a\n\nevent: end\ndata: y\r\rx")
    event = page.next()
    while event.name == "rail":
        event = page.next()

    assert event.name == "card"
    assert "event: end" in event.data


def test_what_changed_while_the_page_was_away_is_told_when_it_comes_back(open_page, team, maker):
    generation = completed(team)

    page = open_page(maker, after=milliseconds_ago(1))

    assert f'id="generation-{generation.id}"' in page.next("card").data


def test_what_the_page_has_had_for_long_is_not_told_again(open_page, team, maker):
    old = completed(team)
    GenerationEvent.objects.update(created_at=timezone.now() - timedelta(minutes=5))
    new = asked(team)

    page = open_page(maker, after=milliseconds_ago(1))

    assert f'id="generation-{new.id}"' in page.next("card").data
    assert str(old.id) not in "".join(event.data for event in drained(page))


def test_a_page_that_missed_too_much_is_told_to_load_itself_anew(open_page, team, maker):
    for _ in range(201):
        asked(team)

    page = open_page(maker, after=milliseconds_ago(60))

    assert page.next("reload", "card").name == "reload"


def test_a_busy_team_does_not_make_a_fresh_page_load_itself_anew(open_page, team, maker):
    for _ in range(201):
        asked(team)

    page = open_page(maker, after=milliseconds_ago(0))

    assert page.next("reload", "card").name == "card"


def test_what_no_longer_fits_the_filter_goes(open_page, team, maker):
    generation = asked(team)
    page = open_page(maker, show="in-progress", after=milliseconds_ago(0))
    page.next("card")

    lifecycle.advance(generation, State.CANCELLED)

    gone = page.next("gone").data
    assert gone == f'<article id="generation-{generation.id}" hx-swap-oob="delete"></article>'


def test_a_deleted_clip_goes_from_every_page(open_page, team, maker):
    generation = completed(team)
    page = open_page(maker, after=milliseconds_ago(0))

    lifecycle.hide(generation)

    assert str(generation.id) in page.next("gone").data


def test_a_page_about_one_clip_hears_of_that_one_alone(open_page, team, maker):
    generation = running(team)
    page = open_page(maker, generation=str(generation.id), after=milliseconds_ago(0))
    page.next("card")

    asked(team, prompt="another")
    lifecycle.advance(generation, State.FAILED, failure_code="TIMEOUT")

    assert str(generation.id) in page.next("card").data


def test_the_balance_and_the_number_in_progress_follow(open_page, team, maker):
    page = open_page(maker, show="")

    asked(team)

    wait_until(lambda: "4,985" in (rail := page.next("rail").data) and is_complete(rail))


def is_complete(rail: str) -> bool:
    return "15 on hold" in rail and re.search(r'id="in-progress"[^>]*>1<', rail) is not None


def test_credits_that_come_in_are_shown_though_no_clip_changed(open_page, team, maker):
    page = open_page(maker)

    credits.grant(team, 100, note="more")

    wait_until(lambda: "5,100" in page.next("rail").data)


def open_connections() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        return cursor.fetchone()[0]


def test_idle_streams_hold_no_database_connection(open_page, maker):  # F15
    open_page(maker)
    with_one = open_connections()

    for _ in range(25):
        open_page(maker)

    assert open_connections() <= with_one + 3


def test_when_the_database_cuts_the_hub_off_pages_come_back_and_miss_nothing(open_page, team, maker):  # F4
    page = open_page(maker)
    cursor = page.next().id

    with connection.cursor() as sql:
        sql.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE query LIKE 'LISTEN%' AND datname = current_database()"
        )
    assert page.ends()
    generation = asked(team)
    back = open_page(maker, after=cursor)

    assert str(generation.id) in back.next("card").data
