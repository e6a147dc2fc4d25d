import pytest
from uuid_utils.compat import uuid7

from accounts import members
from accounts.actors import Actor
from accounts.models import AuditEntry, Membership, Role, User
from tests.factories import make_member, make_team, make_user
from tests.pages import SURE, text_of
from tests.races import race
from tests.team_pages import actions, assert_only_post, assert_refused, role_of, spend, state, url

# session, user, membership with team and balance, the member, what they have used, their second factors, how many are
# in progress
PAGE_QUERIES = 7
POSTS = {
    "member_role": {"role": "viewer"},
    "member_cap": {"monthly": "5", "lifetime": ""},
    "member_remove": SURE,
    "team_transfer": SURE,
}


@pytest.fixture
def maker(team):
    return make_member(team=team, user=make_user(name="Ann Lee"))


def test_the_page_of_a_member_shows_all_of_them(sign_in, django_assert_num_queries):
    team = make_team(granted=1000)
    owner = team.memberships.get().user
    maker = make_member(team=team, user=make_user(name="Ann Lee"))
    members.set_cap(team, maker.pk, monthly=250, lifetime=50, by=Actor(user=owner))
    spend(team, maker, 40)
    browser = sign_in(owner)

    with django_assert_num_queries(PAGE_QUERIES):
        page = text_of(browser.get(url("member", maker.pk)))

    assert "Ann Lee" in page
    assert maker.email in page
    assert "40 / 250" in page
    assert "210 credits left" in page
    assert "10 credits left" in page


@pytest.mark.parametrize("role", [Role.ADMIN, Role.OWNER])
def test_a_role_is_changed(team, maker, sign_in, role):
    admin = make_member(team=team, role=role)

    response = sign_in(admin).post(url("member_role", maker.pk), {"role": "admin"}, follow=True)

    assert response.redirect_chain == [(url("member", maker.pk), 302)]
    assert "Saved." in text_of(response)
    assert role_of(team, maker) == "admin"
    entry = AuditEntry.objects.latest("id")
    assert (entry.action, entry.user, entry.detail) == ("member.role_changed", admin, {"role": ["member", "admin"]})


def test_the_role_they_have_changes_nothing(team, maker, owner, sign_in):
    before = state(team)

    sign_in(owner).post(url("member_role", maker.pk), {"role": "member"})

    assert state(team) == before


def test_who_gives_up_being_an_admin_is_led_to_what_they_may_still_see(team, sign_in):
    admin = make_member(team=team, role=Role.ADMIN)

    response = sign_in(admin).post(url("member_role", admin.pk), {"role": "member", **SURE}, follow=True)

    assert response.redirect_chain == [("/team/", 302)]
    assert response.status_code == 200
    assert role_of(team, admin) == "member"


def test_an_admin_makes_no_owner_and_touches_none(team, owner, maker, sign_in):  # A15
    admin = make_member(team=team, role=Role.ADMIN)
    browser = sign_in(admin)
    before = state(team)

    tried = [
        browser.post(url("member_role", admin.pk), {"role": "owner"}),
        browser.post(url("member_role", maker.pk), {"role": "owner", **SURE}),
        browser.post(url("member_role", owner.pk), {"role": "viewer"}),
        browser.post(url("member_cap", owner.pk), {"monthly": "1"}),
        browser.post(url("member_remove", owner.pk), SURE),
        browser.post(url("team_transfer", admin.pk), SURE),
    ]

    assert {response.status_code for response in tried} == {403}
    assert state(team) == before


def test_an_admin_is_not_offered_what_they_may_not_do(team, owner, maker, sign_in):
    browser = sign_in(make_member(team=team, role=Role.ADMIN))

    page, owners = text_of(browser.get(url("member", maker.pk))), text_of(browser.get(url("member", owner.pk)))

    assert 'value="admin"' in page
    assert 'value="owner"' not in page
    assert url("team_transfer", maker.pk) not in page
    assert "only owners change what an owner is" in owners
    assert "<form" not in owners.partition("<main")[2].partition("</main>")[0]


@pytest.mark.parametrize("role", ["", "emperor", "OWNER"])
def test_a_role_there_is_none_is_refused(team, maker, owner, sign_in, role):
    before = state(team)

    assert sign_in(owner).post(url("member_role", maker.pk), {"role": role}).status_code == 422

    assert state(team) == before


def test_the_last_owner_stays_one(team, owner, sign_in):  # A15
    before = state(team)
    browser = sign_in(owner)

    changed = browser.post(url("member_role", owner.pk), {"role": "admin", **SURE})
    removed = browser.post(url("member_remove", owner.pk), SURE, follow=True)

    assert changed.status_code == 422
    for response in (changed, removed):
        assert "You are its only owner." in text_of(response)
    assert state(team) == before


def test_the_only_owner_is_not_asked_what_they_may_not_do(team, owner, sign_in):
    before = state(team)

    response = sign_in(owner).post(url("member_role", owner.pk), {"role": "admin"})

    assert response.status_code == 422
    assert "You are its only owner. Make another member an owner first, or close the team." in text_of(response)
    assert "Change your own role" not in text_of(response)
    assert state(team) == before


def test_the_bounds_of_a_cap_are_told_with_separators(team, maker, owner, sign_in):
    browser = sign_in(owner)

    page = text_of(browser.post(url("member_cap", maker.pk), {"monthly": "1000000000001", "lifetime": "-1"}))

    assert "less than or equal to 1,000,000,000,000." in page
    assert "greater than or equal to 0." in page


def test_caps_are_set_and_taken_away(team, maker, owner, sign_in):
    browser = sign_in(owner)

    browser.post(url("member_cap", maker.pk), {"monthly": "250", "lifetime": "0"})
    capped = team.memberships.values_list("monthly_budget_credits", "lifetime_budget_credits").get(user=maker)
    browser.post(url("member_cap", maker.pk), {"monthly": "", "lifetime": ""})
    free = team.memberships.values_list("monthly_budget_credits", "lifetime_budget_credits").get(user=maker)

    assert (capped, free) == ((250, 0), (None, None))
    assert actions(team)[-2:] == ["member.cap_changed"] * 2


@pytest.mark.parametrize("monthly", ["-1", "1.5", "many", str(2**63)])
def test_a_cap_that_is_none_changes_nothing(team, maker, owner, sign_in, monthly):
    before = state(team)

    response = sign_in(owner).post(url("member_cap", maker.pk), {"monthly": monthly, "lifetime": "7"})

    assert response.status_code == 422
    assert 'class="errorlist"' in text_of(response)
    assert state(team) == before


def test_a_member_is_removed_and_loses_the_team_at_once(team, maker, owner, sign_in):
    theirs = sign_in(maker)
    theirs.get("/team/")

    response = sign_in(owner).post(url("member_remove", maker.pk), SURE, follow=True)

    assert "Ann Lee is not in the team any more." in text_of(response)
    assert role_of(team, maker) is None
    assert team.name not in text_of(theirs.get("/team/")).replace("Ann Lee", "")


def test_removing_twice_removes_once(team, maker, owner, sign_in):
    browser = sign_in(owner)

    statuses = [browser.post(url("member_remove", maker.pk), SURE).status_code for _ in range(2)]

    assert statuses == [302, 404]
    assert actions(team).count("member.removed") == 1


def test_of_two_removals_in_the_same_instant_one_removes(transactional_db, sign_in):
    team = make_team()
    owner, maker = team.memberships.get().user, make_member(team=team)
    browsers = [sign_in(owner) for _ in range(2)]

    statuses = race(lambda each: each.post(url("member_remove", maker.pk), SURE).status_code, browsers, threads=2)

    assert sorted(statuses) == [302, 404]
    assert actions(team).count("member.removed") == 1


def test_ownership_is_transferred(team, maker, owner, sign_in):
    response = sign_in(owner).post(url("team_transfer", maker.pk), SURE, follow=True)

    assert "Ann Lee is an owner now, and you are an admin." in text_of(response)
    assert (role_of(team, maker), role_of(team, owner)) == ("owner", "admin")
    assert "member.ownership_transferred" in actions(team)


def test_transferring_twice_and_to_oneself_is_refused(team, maker, owner, sign_in):
    browser = sign_in(owner)
    assert browser.post(url("team_transfer", owner.pk), SURE).status_code == 403

    statuses = [browser.post(url("team_transfer", maker.pk), SURE).status_code for _ in range(2)]

    assert statuses == [302, 403]
    assert (role_of(team, maker), role_of(team, owner)) == ("owner", "admin")


@pytest.mark.parametrize("name", POSTS)
def test_nobody_else_may(team, maker, name):
    denied = {"viewer": 403, "member": 403, "stranger": 404, "nobody": "sign-in"}

    assert_refused(team, url(name, maker.pk), POSTS[name], denied)


@pytest.mark.parametrize("name", POSTS)
def test_what_changes_is_posted(team, maker, owner, name):
    assert_only_post(owner, url(name, maker.pk), url("member", maker.pk))


@pytest.mark.parametrize("name", ["member", *POSTS])
def test_who_is_in_no_team_of_theirs_is_not_found(team, owner, sign_in, name):
    outsider = make_user()
    browser = sign_in(owner)

    for user_id in (outsider.pk, uuid7()):
        answer = browser.get(url(name, user_id)) if name == "member" else browser.post(url(name, user_id), POSTS[name])
        assert answer.status_code == 404


def test_the_page_of_a_member_is_for_admins(team, maker, owner, sign_in):
    statuses = {
        role: sign_in(make_member(team=team, role=role)).get(url("member", maker.pk)).status_code
        for role in Role.values
    }

    assert statuses == {"owner": 200, "admin": 200, "member": 403, "viewer": 403}


def test_a_form_of_another_teams_page_does_nothing(team, maker, owner, sign_in):
    other = make_team(name="Pathé")
    Membership.objects.create(team=other, user=maker, role=Role.MEMBER)
    before = state(team)

    response = sign_in(owner).post(url("member_remove", maker.pk), {**SURE, "page_team": str(other.pk)})

    assert response.status_code == 409
    assert state(team) == before


def test_names_stay_text(team, maker, owner, sign_in):
    User.objects.filter(pk=maker.pk).update(name='"><script>alert(1)</script>')

    page = text_of(sign_in(owner).get(url("member", maker.pk)))

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
