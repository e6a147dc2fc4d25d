from uuid import uuid4

import pytest
from django.test import Client

from accounts import credits
from accounts.models import Role
from accounts.views.credits import PAGE_SIZE
from tests.factories import make_member, make_team, make_user

URL = "/credits/"
QUERIES = 5  # session, user, membership with team and balance, entries, how many generations are in progress


@pytest.fixture
def owner(db):
    return make_user()


@pytest.fixture
def team(owner):
    return make_team(owner=owner, granted=1000)


def sequences(response):
    return [entry.sequence for entry in response.context["entries"]]


def test_the_statement_shows_the_newest_entry_first_with_its_change_and_the_balance_after(team, owner, sign_in):
    credits.hold(team.pk, 43, hold_id=uuid4())

    response = sign_in(owner).get(URL)

    assert sequences(response) == [2, 1]
    page = response.content.decode()
    assert "−43" in page
    assert "+1,000" in page
    assert page.count("957") == 3  # the rail, the figure, the balance after


def test_a_charge_says_what_was_spent(team, owner, sign_in):
    hold_id = uuid4()
    credits.hold(team.pk, 43, hold_id=hold_id)
    credits.capture(hold_id, 30)

    page = sign_in(owner).get(URL).content.decode()

    assert "Delivered: 30 spent, the rest returned" in page
    assert "+13" in page


def test_a_team_without_entries_is_told_where_credits_come_from(owner, sign_in):
    make_team(owner=owner)

    response = sign_in(owner).get(URL)

    assert "No credits yet" in response.content.decode()


def test_pages_follow_one_another_without_a_gap(team, owner, sign_in):
    for _ in range(PAGE_SIZE):
        credits.grant(team, 1, note="")
    browser = sign_in(owner)

    first = browser.get(URL)
    second = browser.get(URL, {"before": first.context["next_before"]})

    assert sequences(first) + sequences(second) == list(range(PAGE_SIZE + 1, 0, -1))
    assert second.context["next_before"] is None


def test_htmx_gets_the_rows_alone(team, owner, sign_in):
    response = sign_in(owner, htmx=True).get(URL, {"before": 2})

    assert response.content.strip().startswith(b"<tr>")
    assert response.headers["Vary"].count("HX-Request") == 1


@pytest.mark.parametrize("before", ["", "-1", "x", "1.5", "９", "1" * 30, "0x1"])
def test_a_cursor_that_is_no_sequence_is_not_found(team, owner, sign_in, before):
    response = sign_in(owner).get(URL, {"before": before})

    assert response.status_code == 404


def test_another_teams_entries_are_not_shown(team, owner, sign_in):
    stranger = make_user()
    credits.grant(make_team(owner=stranger), 7777, note="only theirs")

    page = sign_in(owner).get(URL).content.decode()

    assert "only theirs" not in page
    assert "7,777" not in page


def test_a_viewer_may_see_it(team, sign_in):
    viewer = make_member(team=team, role=Role.VIEWER)

    response = sign_in(viewer).get(URL)

    assert sequences(response) == [1]


def test_a_note_is_text_and_nothing_else(team, owner, sign_in):
    credits.grant(team, 1, note="<script>alert(1)</script>{{ 7*7 }}")

    page = sign_in(owner).get(URL).content.decode()

    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7*7 }}" in page


def test_the_page_is_kept_by_no_cache(team, owner, sign_in):
    response = sign_in(owner).get(URL)

    assert response.headers["Cache-Control"] == "private, no-store"


def test_posting_is_refused(team, owner, sign_in):
    response = sign_in(owner).post(URL)

    assert response.status_code == 405


def test_signed_out_it_leads_to_the_sign_in_page(db):
    response = Client().get(URL)

    assert (response.status_code, response.url) == (302, "/sign/login/?next=/credits/")


def test_signed_out_htmx_is_sent_to_the_sign_in_page_as_a_whole(db):
    response = Client().get(URL, headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/credits/"})

    assert response.headers["HX-Redirect"] == "/sign/login/?next=/credits/"
    assert response.content == b""


@pytest.mark.parametrize("entries", [1, 3])
def test_the_queries_do_not_grow_with_the_entries(owner, sign_in, django_assert_num_queries, entries):
    team = make_team(owner=owner)
    for _ in range(entries):
        credits.grant(team, 1, note="")
    browser = sign_in(owner)

    with django_assert_num_queries(QUERIES):
        browser.get(URL)
