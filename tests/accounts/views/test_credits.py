import json
import re
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from accounts import credits
from accounts.models import RedeemCode, Role, Team, User
from accounts.views.credits import PAGE_SIZE
from tests.factories import make_key, make_member, make_team, make_user

URL = "/credits/"
CSV = "/credits/statement.csv"
# session, user, membership with team and balance, the last entry, the page of entries, keys and members to choose from,
# how many generations are in progress
QUERIES = 8
HOSTILE = json.loads((Path(__file__).parents[2] / "vectors" / "hostile.json").read_text())["prompts"]


@pytest.fixture
def owner(db):
    return make_user()


@pytest.fixture
def team(owner):
    return make_team(owner=owner, granted=1000)


def sequences(response):
    return [entry.sequence for entry in response.context["entries"]]


@pytest.fixture
def spender(team):
    """A member who has spent 30 of 40 held, and a key that holds 7."""
    member = make_member(team=team, user=make_user(name="Ada"))
    key, _ = make_key(team=team, name="the renderer")
    hold_id = uuid4()
    credits.hold(team.pk, 40, hold_id=hold_id, member_id=member.pk)
    credits.capture(hold_id, 30)
    credits.hold(team.pk, 7, hold_id=uuid4(), api_key_id=key.pk)
    return member, key


def test_the_statement_shows_the_newest_entry_first_with_its_change_and_the_balance_after(team, owner, sign_in):
    credits.hold(team.pk, 43, hold_id=uuid4())

    response = sign_in(owner).get(URL)

    assert sequences(response) == [2, 1]
    page = response.content.decode()
    assert "−43" in page
    assert "+1,000" in page
    assert len(re.findall(r">\s*957\s*<", page)) == 3  # the rail, the figure, the balance after


def test_a_charge_says_what_was_spent(team, owner, sign_in):
    hold_id = uuid4()
    credits.hold(team.pk, 43, hold_id=hold_id)
    credits.capture(hold_id, 30)

    page = sign_in(owner).get(URL).content.decode()

    assert "Delivered: 30 spent, the rest returned" in page
    assert "+13" in page


def test_a_charge_of_all_that_was_held_says_so_where_others_have_their_change(team, owner, sign_in):
    hold_id = uuid4()
    credits.hold(team.pk, 43, hold_id=hold_id)
    credits.capture(hold_id, 43)

    page = sign_in(owner).get(URL).content.decode()

    assert "Delivered: all that was set aside is spent" in page
    assert "43 spent from its hold" in page


def test_a_team_without_entries_is_told_where_credits_come_from(owner, sign_in):
    make_team(owner=owner)

    response = sign_in(owner).get(URL)

    page = response.content.decode()
    assert "No credits yet" in page
    assert "Clear the filters" not in page


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


@pytest.mark.parametrize(("language", "told"), [("en", "Code …7K3M"), ("zh-hans", "兑换码 …7K3M")])
def test_where_credits_came_from_is_told_in_the_reader_s_language(team, owner, sign_in, language, told):
    code = RedeemCode.objects.create(
        team=team, digest="0" * 64, hint="7K3M", credits=5, redeemed_by=owner, redeemed_at=timezone.now()
    )
    credits.grant(team, 5, source=code)
    browser = sign_in(owner)

    pages = [browser.get(url, headers={"Accept-Language": language}).getvalue().decode() for url in (URL, CSV)]

    assert [told in page for page in pages] == [True, True]


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


def test_entries_say_whose_they_are(owner, sign_in, spender):
    page = sign_in(owner).get(URL).content.decode()

    assert page.count("<bdi>Ada</bdi>") == 2  # the hold and its capture
    assert page.count("<bdi>the renderer</bdi>") == 1


def test_a_hold_leads_to_its_generation(team, owner, sign_in):
    hold_id = uuid4()
    credits.hold(team.pk, 43, hold_id=hold_id)

    assert f'href="/holds/{hold_id}/"' in sign_in(owner).get(URL).content.decode()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, [4, 3, 2, 1]),
        ({"kind": "hold"}, [4, 2]),
        ({"kind": "grant"}, [1]),
        ({"kind": "refund"}, []),
        ({"since": "2026-01-01"}, [4, 3, 2, 1]),
        ({"until": "2026-01-01"}, []),
    ],
)
def test_filters_leave_what_they_ask_for(owner, sign_in, spender, asked, expected):
    assert sequences(sign_in(owner).get(URL, asked)) == expected


def test_a_key_or_a_member_can_be_asked_for(owner, sign_in, spender):
    member, key = spender
    browser = sign_in(owner)

    assert sequences(browser.get(URL, {"member": member.pk})) == [3, 2]
    assert sequences(browser.get(URL, {"key": key.pk})) == [4]
    assert sequences(browser.get(URL, {"key": key.pk, "kind": "capture"})) == []


def test_who_spent_and_left_can_still_be_asked_for(team, owner, sign_in, spender):
    member, _ = spender
    team.memberships.filter(user=member).delete()

    response = sign_in(owner).get(URL, {"member": member.pk})

    assert sequences(response) == [3, 2]
    assert "Ada (maker" in response.content.decode()


@pytest.mark.parametrize("url", [URL, CSV])
@pytest.mark.parametrize("name", ["key", "member"])
def test_another_teams_key_or_member_gives_nothing(team, owner, sign_in, url, name):  # A1
    stranger = make_user(name="a stranger")
    other = make_team(owner=stranger, granted=100)
    key, _ = make_key(team=other, name="a key of theirs")
    credits.hold(other.pk, 10, hold_id=uuid4(), api_key_id=key.pk)

    response = sign_in(owner).get(url, {name: {"key": key.pk, "member": stranger.pk}[name]})

    page = response.content.decode()
    assert response.status_code == 422
    assert "Select a valid choice" in page
    assert "a key of theirs" not in page
    assert "a stranger" not in page
    assert "<table" not in page


@pytest.mark.parametrize("url", [URL, CSV])
@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"since": "yesterday"}, "From: Enter a date such as 2026-11-30."),
        ({"until": "2026-02-30"}, "To: Enter a date such as 2026-11-30."),
        ({"until": "9999-12-31"}, "To: Ensure this value is less than or equal to 2999-12-31."),
        ({"since": "0001-01-01"}, "From: Ensure this value is greater than or equal to 2000-01-01."),
        ({"since": "2026-11-02", "until": "2026-11-01"}, "To: The last day comes before the first."),
        ({"kind": "gift"}, "Kind: Select a valid choice."),
        ({"key": "x"}, "API key: Select a valid choice."),
        ({"member": "\x00"}, "Member: Select a valid choice."),
    ],
)
def test_a_filter_that_is_wrong_is_told(team, owner, sign_in, url, asked, told):
    response = sign_in(owner).get(url, asked)

    assert response.status_code == 422
    assert told in response.content.decode()
    assert response.headers["Content-Type"].startswith("text/html")


def test_nothing_that_fits_says_so_and_offers_to_clear(team, owner, sign_in):
    page = sign_in(owner).get(URL, {"kind": "refund"}).content.decode()

    assert "Nothing on the statement fits these filters." in page
    assert '<a class="button primary" href="/credits/">Clear the filters</a>' in page


def test_htmx_gets_the_statement_alone_for_a_filter(team, owner, sign_in):
    page = sign_in(owner, htmx=True).get(URL, {"kind": "grant"}).content.decode()

    assert page.strip().startswith('<div class="stack" id="statement">')
    assert "<form" not in page


def test_the_next_page_keeps_the_filters(team, owner, sign_in):
    for _ in range(PAGE_SIZE + 1):
        credits.grant(team, 1, note="")
    credits.withdraw(team, 1, note="")
    browser = sign_in(owner)

    first = browser.get(URL, {"kind": "grant"})

    assert f"?kind=grant&amp;before={first.context['next_before']}" in first.content.decode()
    assert len(sequences(browser.get(URL, {"kind": "grant", "before": first.context["next_before"]}))) == 2


def test_a_stretch_of_days_has_its_opening_and_closing_balance(team, owner, sign_in):
    today = str(timezone.now().date())

    page = sign_in(owner).get(URL, {"since": today, "until": today}).content.decode()

    assert "Opening balance" in page
    assert "Closing balance" in page
    assert "Days begin and end in the time zone UTC." in page


def test_the_months_one_click_away_are_the_teams(team, owner, sign_in, monkeypatch):
    Team.objects.filter(pk=team.pk).update(time_zone="Asia/Shanghai")
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 2, 28, 17, tzinfo=UTC))

    months = sign_in(owner).get(URL, {"since": "2026-02-01", "until": "2026-02-28"}).context["months"]

    assert [(month["since"], month["until"], month["is_current"]) for month in months] == [
        (None, None, False),
        ("2026-03-01", "2026-03-31", False),
        ("2026-02-01", "2026-02-28", True),
    ]


@pytest.mark.parametrize("note", HOSTILE)
def test_hostile_notes_and_names_are_text(owner, sign_in, note):  # B1
    team = make_team(owner=owner)
    credits.grant(team, 1, note=note[:200])
    key, _ = make_key(team=team, name=note[:100])
    credits.hold(team.pk, 1, hold_id=uuid4(), api_key_id=key.pk)

    page = sign_in(owner).get(URL).content.decode()

    for payload in (
        "<script>alert",
        "<svg/onload",
        "<div hx-get",
        "<b hx-on",
        "<form action=//",
        "<meta http",
        "<video src=x",
    ):
        assert payload not in page


def test_a_budget_of_the_team_shows_what_is_left(team, owner, sign_in, spender):
    Team.objects.filter(pk=team.pk).update(monthly_budget_credits=100, lifetime_budget_credits=5000)

    page = sign_in(owner).get(URL).content.decode()

    assert "37 / 100" in page
    assert "63 credits left" in page
    assert "37 / 5,000" in page


def test_without_a_budget_there_is_none_on_the_page(team, owner, sign_in):
    assert "Team budget" not in sign_in(owner).get(URL).content.decode()


@pytest.mark.parametrize("role", [Role.MEMBER, Role.VIEWER])
def test_who_may_not_buy_is_told_whom_to_ask(team, owner, sign_in, role):
    page = sign_in(make_member(team=team, role=role)).get(URL).content.decode()

    assert "Who can add credits:" in page
    assert owner.email in page


def test_who_cannot_sign_in_any_more_is_no_one_to_ask_and_admins_are(team, owner, sign_in):
    admin = make_member(team=team, role=Role.ADMIN)
    User.objects.filter(pk=owner.pk).update(is_active=False)

    response = sign_in(make_member(team=team)).get(URL)

    assert response.context["whom_to_ask"] == [admin]


def test_who_may_buy_is_not(team, owner, sign_in):
    page = sign_in(owner).get(URL).content.decode()

    assert "Who can add credits:" not in page
    assert 'href="/credits/buy/"' in page


@pytest.mark.parametrize(("query", "is_open"), [("", False), ("?kind=hold", True), ("?since=never", True)])
def test_the_filters_are_folded_away_while_none_is_set(team, owner, sign_in, query, is_open):
    page = sign_in(owner).get(f"{URL}{query}").content.decode()

    assert ('<details class="folded" open>' in page) is is_open
