import re
from uuid import uuid4

import pytest
from allauth.mfa.models import Authenticator
from django.urls import reverse

from accounts import keys, teams
from accounts.access import TEAM_SESSION_KEY
from accounts.actors import Actor
from accounts.keys import InvalidApiKey
from accounts.models import AuditEntry, Membership, Role, Team
from tests.factories import make_key, make_member, make_team, make_user
from tests.key_forms import seen_in
from tests.pages import browser_of, text_of
from tests.races import race
from tests.team_pages import actions, assert_refused, role_of, spend, state

SETTINGS, CLOSE, NEW = "/team/settings/", "/team/close/", "/team/new/"
# session, user, membership with team and balance, budgets, who has no second factor, of how many, how many in progress
PAGE_QUERIES = 7
DENIED = {"viewer": 403, "member": 403, "nobody": "sign-in"}


def filled(**given):
    """The form of the settings as a browser sends it."""
    figures = dict.fromkeys(("monthly_budget_credits", "lifetime_budget_credits", "low_balance_credits"), "")
    return {"name": "Lumière", "time_zone": "UTC", **figures, **given}


def new_form(name="Kino"):
    return {"name": name, "form_key": str(uuid4())}


def test_settings_are_changed_and_recorded(team, sign_in):
    admin = make_member(team=team, role=Role.ADMIN)
    given = filled(
        name="Lumière & Fils",
        time_zone="Asia/Shanghai",
        monthly_budget_credits="3000",
        lifetime_budget_credits="0",
        low_balance_credits="500",
    )

    response = sign_in(admin).post(SETTINGS, given, follow=True)

    team.refresh_from_db()
    assert response.redirect_chain == [(SETTINGS, 302)]
    assert "Saved." in text_of(response)
    assert (team.name, team.time_zone) == ("Lumière & Fils", "Asia/Shanghai")
    figures = (team.monthly_budget_credits, team.lifetime_budget_credits, team.low_balance_credits)
    assert figures == (3000, 0, 500)
    entry = AuditEntry.objects.latest("id")
    assert (entry.action, entry.user, entry.detail["low_balance_credits"]) == ("team.changed", admin, [None, 500])


def test_an_older_page_changes_what_was_changed_on_it_and_nothing_else(team, owner, sign_in):
    browser = sign_in(owner)
    older, newer = (filled(seen=seen_in(browser.get(SETTINGS))) for _ in range(2))

    browser.post(SETTINGS, newer | {"monthly_budget_credits": "5", "time_zone": "Asia/Tokyo"})
    refused = browser.post(SETTINGS, older | {"name": ""})
    response = browser.post(SETTINGS, older | {"seen": seen_in(refused), "name": "Pathé"})

    team.refresh_from_db()
    assert (refused.status_code, response.status_code) == (422, 302)
    assert (team.name, team.monthly_budget_credits, team.time_zone) == ("Pathé", 5, "Asia/Tokyo")


def test_a_budget_is_taken_away_by_whoever_saw_it(team, owner, sign_in):
    Team.objects.update(monthly_budget_credits=5)
    browser = sign_in(owner)

    browser.post(SETTINGS, filled(seen=seen_in(browser.get(SETTINGS))))

    assert Team.objects.get(pk=team.pk).monthly_budget_credits is None


def test_saving_what_is_there_changes_nothing(team, owner, sign_in):
    before = state(team)

    assert sign_in(owner).post(SETTINGS, filled()).status_code == 302

    assert state(team) == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "),
        ("name", "a" * 201),
        ("name", "a\x1fb"),
        ("time_zone", "Mars/Olympus"),
        ("monthly_budget_credits", "-1"),
        ("lifetime_budget_credits", "many"),
        ("low_balance_credits", "0"),
        ("low_balance_credits", str(2**63)),
    ],
)
def test_what_will_not_do_is_said_beside_the_field_and_nothing_is_changed(team, owner, sign_in, field, value):
    before = state(team)

    response = sign_in(owner).post(SETTINGS, filled(name="Renamed") | {field: value})

    assert response.status_code == 422
    assert set(response.context["form"].errors) == {field}
    assert "<bdi>Lumière</bdi>" in text_of(response)
    assert state(team) == before


def test_two_factor_warns_of_those_who_have_none(team, owner, sign_in):
    make_member(team=team)
    make_member(team=team, user=make_user())
    Authenticator.objects.create(user=owner, type=Authenticator.Type.TOTP, data={})
    browser = sign_in(owner)

    page = text_of(browser.get(SETTINGS))
    browser.post(SETTINGS, filled(requires_two_factor="on"))

    assert "2 of 3 members have none yet. They will be asked to set it up at their next page" in page
    assert Team.objects.get(pk=team.pk).requires_two_factor


def test_who_has_no_second_factor_does_not_ask_it_of_all(team, owner, sign_in):
    response = sign_in(owner).post(SETTINGS, filled(requires_two_factor="on"))

    assert response.status_code == 422
    assert f'You have none yourself. <a class="link" href="{reverse("mfa_index")}">Set it up</a>' in text_of(response)
    assert not Team.objects.get(pk=team.pk).requires_two_factor


def test_two_factor_that_everybody_has_warns_of_nothing(team, owner, sign_in):
    Authenticator.objects.create(user=owner, type=Authenticator.Type.TOTP, data={})

    page = text_of(sign_in(owner).get(SETTINGS))

    assert "Every member has it already." in page


def test_what_is_used_of_the_budgets_is_shown(sign_in, django_assert_num_queries):
    team = make_team(granted=1000)
    owner = team.memberships.get().user
    teams.change(team, by=Actor(user=owner), monthly_budget_credits=250)
    spend(team, owner, 40)
    browser = sign_in(owner)

    with django_assert_num_queries(PAGE_QUERIES):
        page = text_of(browser.get(SETTINGS))

    assert "40 / 250" in page
    assert "210 credits left" in page


def test_zones_are_grouped_so_that_a_place_is_found_by_its_letters(team, owner, sign_in):
    Team.objects.update(time_zone="Europe/Berlin")

    page = text_of(sign_in(owner).get(SETTINGS))

    assert re.search(r'<optgroup label="Europe">.*<option value="Europe/Berlin" selected>Berlin</option>', page, re.S)
    assert '<option value="UTC">UTC</option>' in page


def test_a_zone_that_is_offered_no_more_can_stay(team, owner, sign_in):
    Team.objects.update(time_zone="Etc/GMT+3")

    assert sign_in(owner).post(SETTINGS, filled(time_zone="Etc/GMT+3")).status_code == 302


def test_settings_are_for_admins(team):
    assert_refused(team, SETTINGS, filled(name="Renamed"), DENIED)


def test_a_stranger_changes_their_own_team(team, owner):
    stranger = make_team(name="Pathé").memberships.get().user

    browser_of(stranger).post(SETTINGS, filled(name="Renamed"))

    assert sorted(Team.objects.values_list("name", flat=True)) == ["Lumière", "Renamed"]


@pytest.mark.parametrize("path", [SETTINGS, CLOSE, NEW])
def test_other_methods_are_refused(team, owner, sign_in, path):
    assert sign_in(owner).delete(path).status_code == 405


def test_only_owners_are_offered_to_close(team, owner, sign_in):
    admin = make_member(team=team, role=Role.ADMIN)

    assert CLOSE in text_of(sign_in(owner).get(SETTINGS))
    assert CLOSE not in text_of(sign_in(admin).get(SETTINGS))


def test_closing_says_what_happens_and_asks_for_the_name(sign_in):
    team = make_team(name="Lumière", granted=4820)
    owner = team.memberships.get().user

    page = text_of(sign_in(owner).get(CLOSE))

    for told in ("All API keys stop.", "is not charged", "are deleted", "4,820 credits", "statement", "Lumière"):
        assert told in page


def test_a_team_is_closed_by_its_name(team, owner, sign_in):
    _key, secret = make_key(team=team)
    browser = sign_in(owner)

    response = browser.post(CLOSE, {"name": " Lumière "}, follow=True)

    team.refresh_from_db()
    assert "Lumière is being closed." in text_of(response)
    assert team.closing_at
    assert "team.closing" in actions(team)
    assert response.context["team"] != team
    with pytest.raises(InvalidApiKey):
        keys.authenticate(secret)


@pytest.mark.parametrize("name", ["", "lumière", "Lumiere", "Lumière!", "Pathé"])
def test_a_wrong_name_closes_nothing(team, owner, sign_in, name):
    before = state(team)

    assert sign_in(owner).post(CLOSE, {"name": name}).status_code == 422

    assert state(team) == before


def test_closing_twice_closes_no_other_team(team, owner, sign_in):
    other = make_team(name="Lumière", owner=owner)
    browser = sign_in(owner)

    form = {"name": "Lumière", "page_team": str(team.pk)}
    statuses = [browser.post(CLOSE, form).status_code for _ in range(2)]

    other.refresh_from_db()
    assert statuses == [302, 409]
    assert other.closing_at is None


def test_closing_is_for_owners(team):
    assert_refused(team, CLOSE, {"name": "Lumière"}, {**DENIED, "admin": 403, "stranger": 422})


def test_a_new_team_is_its_makers_and_the_current_one(team, owner, sign_in):
    browser = sign_in(owner)

    response = browser.post(NEW, new_form(), follow=True)

    made = Team.objects.get(name="Kino")
    assert response.redirect_chain == [("/team/", 302)]
    assert "Kino is there." in text_of(response)
    assert (role_of(made, owner), browser.session[TEAM_SESSION_KEY]) == ("owner", str(made.pk))
    assert actions(made) == ["team.created"]


def test_the_same_form_makes_one_team(team, owner, sign_in):
    browser, form = sign_in(owner), new_form()

    statuses = [browser.post(NEW, form).status_code for _ in range(2)]

    assert statuses == [302, 302]
    assert Team.objects.filter(name="Kino").count() == 1


@pytest.mark.parametrize("form", [{"name": ""}, {"name": "a\nb"}, {"name": "a" * 201}, {"form_key": "x"}])
def test_a_team_needs_a_name(team, owner, sign_in, form):
    assert sign_in(owner).post(NEW, new_form() | form).status_code == 422

    assert Team.objects.count() == 1


def test_a_viewer_may_have_a_team_of_their_own(team, sign_in):
    viewer = make_member(team=team, role=Role.VIEWER)

    assert sign_in(viewer).post(NEW, new_form()).status_code == 302


def test_nobody_signed_out_makes_a_team(team):
    assert_refused(team, NEW, new_form(), {"nobody": "sign-in"})
    assert Team.objects.exclude(name="Pathé").count() == 1


def test_twenty_open_teams_are_enough(team, owner, sign_in, monkeypatch):
    monkeypatch.setattr(teams, "MAX_MADE_A_DAY", 100)  # they were made over the years
    closed = make_team(owner=owner)
    teams.close(closed, by=Actor(user=owner))
    make_member(team=make_team(), user=owner, role=Role.ADMIN)
    for _ in range(18):
        make_team(owner=owner)
    browser, form = sign_in(owner), new_form("the 21st")

    statuses = [browser.post(NEW, given).status_code for given in (new_form("the 20th"), form)]
    page = text_of(browser.post(NEW, form))

    assert statuses == [302, 422]
    assert "You own 20 teams already, as many as one may." in page
    assert not Team.objects.filter(name="the 21st").exists()


def test_of_many_at_once_no_more_are_made_than_one_may_own(transactional_db, sign_in, monkeypatch):
    monkeypatch.setattr(teams, "MAX_MADE_A_DAY", 100)  # they were made over the years
    owner = make_user()
    for _ in range(18):
        make_team(owner=owner)
    browsers = [sign_in(owner) for _ in range(4)]

    statuses = race(lambda browser: browser.post(NEW, new_form()).status_code, browsers, threads=4)

    assert sorted(statuses) == [302, 302, 422, 422]
    assert Membership.objects.filter(user=owner, role=Role.OWNER).count() == 20
