import re

import pytest
from django.urls import reverse
from uuid_utils.compat import uuid7

from accounts import teams
from accounts.access import TEAM_SESSION_KEY
from accounts.actors import Actor
from accounts.models import Role, Team
from tests.factories import make_member, make_team, make_user
from tests.pages import browser_of, text_of
from tests.team_pages import assert_only_post, assert_refused, url

PAGE_QUERIES = 3  # session, user, memberships with their teams and balances


@pytest.fixture
def other(owner):
    """A second team of the same person."""
    return make_team(name="Pathé", owner=owner)


def current(browser):
    return browser.session.get(TEAM_SESSION_KEY)


def test_the_rail_lists_ones_teams_with_their_roles(team, owner, other, sign_in):
    viewed = make_team(name="Kino")
    make_member(team=viewed, user=owner, role=Role.VIEWER)

    page = text_of(sign_in(owner).get("/gallery/"))

    menu = page.partition('id="team-menu"')[2].partition("</div>")[0]
    assert re.findall(r'<bdi class="clip">(.+?)</bdi>\s*<small class="faint">(.+?)</small>', menu) == [
        ("Lumière", "Owner"),
        ("Pathé", "Owner"),
        ("Kino", "Viewer"),
    ]
    assert re.findall(r'action="/teams/(.+?)/switch/"', menu) == [str(other.pk), str(viewed.pk)]
    assert url("team_new") in menu


@pytest.mark.parametrize("number", [1, 3])
def test_the_queries_do_not_grow_with_the_teams(team, owner, sign_in, django_assert_num_queries, number):
    for _ in range(number - 1):
        make_team(owner=owner)
    browser = sign_in(owner)
    browser.get("/team/new/")

    with django_assert_num_queries(PAGE_QUERIES):
        browser.get("/team/new/")


def test_who_switches_is_in_the_other_team(team, owner, other, sign_in):
    browser = sign_in(owner)

    response = browser.post(url("team_switch", other.pk), {"next": "/team/"}, follow=True)

    assert response.redirect_chain == [("/team/", 302)]
    assert "<bdi>Pathé</bdi>" in text_of(response)
    assert f'"X-Team": "{other.pk}"' in text_of(response)


def test_switching_there_again_changes_nothing(team, owner, other, sign_in):
    browser = sign_in(owner)

    statuses = [browser.post(url("team_switch", other.pk)).status_code for _ in range(2)]

    assert (statuses, current(browser)) == ([302, 302], str(other.pk))


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/team/", "/team/"),
        ("/team/settings/", "/team/settings/"),
        ("/credits/", "/credits/"),
        ("/keys/", "/keys/"),
        ("/create/", "/create/"),
        ("/keys/01a1fdf4-3db9-719a-b2d3-7caaefbdda10/", "/"),
        ("/team/members/01a1fdf4-3db9-719a-b2d3-7caaefbdda10/", "/"),
        ("/team/invite/", "/"),
        ("/credits/?before=3", "/"),
        ("https://evil.example.org/team/", "/"),
        ("//evil.example.org/", "/"),
        ("nowhere", "/"),
        ("", "/"),
    ],
)
def test_the_page_stays_unless_it_is_about_one_object(team, owner, other, sign_in, path, place):
    response = sign_in(owner).post(url("team_switch", other.pk), {"next": path})

    assert response.headers["Location"] == place


def test_who_may_less_there_is_led_to_what_they_may_see(team, owner, sign_in):
    viewed = make_team(name="Kino")
    make_member(team=viewed, user=owner, role=Role.VIEWER)

    response = sign_in(owner).post(url("team_switch", viewed.pk), {"next": "/keys/"})

    assert response.headers["Location"] == "/"


def test_a_team_that_is_not_theirs_is_not_found(team, owner, sign_in):  # A1
    foreign, closing = make_team(name="Pathé"), make_team(name="Kino", owner=owner)
    teams.close(closing, by=Actor(user=owner))
    browser = sign_in(owner)

    for team_id in (foreign.pk, closing.pk, uuid7()):
        assert browser.post(url("team_switch", team_id)).status_code == 404
    assert current(browser) is None


def test_only_who_is_signed_in_switches(team, owner):
    assert_refused(team, url("team_switch", team.pk), {}, {"stranger": 404, "nobody": "sign-in"})
    assert_only_post(owner, url("team_switch", team.pk), "/gallery/")


def test_who_lacks_a_second_factor_can_still_leave_for_another_team(team, owner, other, sign_in):
    Team.objects.filter(pk=team.pk).update(requires_two_factor=True)
    browser = sign_in(owner)
    browser.post(url("team_switch", team.pk))

    refused = browser.get("/gallery/")
    browser.post(url("team_switch", other.pk))

    assert refused.headers["Location"] == reverse("mfa_index")
    assert browser.get("/gallery/").status_code == 200


def test_a_tab_of_the_team_before_changes_nothing_any_more(team, owner, other, sign_in):
    browser = browser_of(owner)
    page = text_of(browser.get("/team/settings/"))
    page_team = re.search(r'name="page_team" value="(.+?)"', page)[1]
    browser.post(url("team_switch", other.pk))

    plain = browser.post("/team/settings/", {"name": "Renamed", "time_zone": "UTC", "page_team": page_team})
    htmx = browser.post("/team/settings/", {"name": "R"}, headers={"HX-Request": "true", "X-Team": page_team})

    assert (plain.status_code, htmx.status_code) == (409, 409)
    assert htmx.headers["HX-Refresh"] == "true"
    assert "That page was of another team" in text_of(plain)
    assert sorted(Team.objects.values_list("name", flat=True)) == ["Lumière", "Pathé"]


@pytest.mark.parametrize(
    "path",
    ["/create/", "/keys/new/", "/credits/buy/", "/keys/", "/team/", "/team/invite/", "/team/settings/", "/team/close/"],
)
def test_every_form_says_which_team_it_is_for(team, owner, other, sign_in, path):
    main = text_of(sign_in(owner).get(path)).partition("<main")[2].partition("</main>")[0]

    for form in re.findall(r"<form.*?</form>", main, re.DOTALL):
        if re.search(r'method="post"', form) and "/quote/" not in form[:200]:
            assert f'name="page_team" value="{team.pk}"' in form


def test_who_waits_for_a_second_factor_can_go_to_another_team(sign_in):
    user = make_user()
    guarded, easy = make_team(name="Vault", owner=user), make_team(name="Easy", owner=user)
    Team.objects.filter(pk=guarded.pk).update(requires_two_factor=True)
    browser = sign_in(user)
    browser.post(url("team_switch", guarded.pk))

    page = text_of(browser.get("/gallery/", follow=True))

    assert "Vault asks its members for two-factor sign-in." in page
    offered = page.partition("<main")[2]
    assert f'action="{url("team_switch", easy.pk)}"' in offered
    assert f'action="{url("team_switch", guarded.pk)}"' not in offered
