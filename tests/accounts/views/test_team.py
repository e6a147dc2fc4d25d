import pytest
from allauth.mfa.models import Authenticator

from accounts import budgets, members
from accounts.access import TEAM_SESSION_KEY
from accounts.actors import Actor
from accounts.models import Invitation, Membership, Role, Team, User
from tests.factories import make_member, make_team, make_user
from tests.pages import HTMX, SURE, text_of
from tests.team_pages import TEAM, actions, assert_only_post, assert_refused, role_of, spend, state, url

LEAVE = "/team/leave/"
# session, user, membership with team and balance, how many members, the members, what they have used, is there another
# owner, one's own budgets, invitations, how many are in progress
PAGE_QUERIES = 11


def row_of(page, user):
    return page.partition(f'id="member-{user.pk}"')[2].partition("</tr>")[0]


def test_a_team_of_one_is_told_what_the_page_is_for(team, owner, sign_in):
    page = text_of(sign_in(owner).get(TEAM))

    assert "You are on your own here." in page
    assert 'href="/team/invite/"' in page
    assert "1 member" in page
    assert "Nobody else is here who could own it" in page
    assert 'action="/team/leave/"' not in page


def test_an_admin_sees_who_is_in_the_team_and_what_they_have_spent(sign_in):
    team = make_team(granted=1000)
    admin = make_member(team=team, role=Role.ADMIN)
    maker = make_member(team=team, user=make_user(name="Ann Lee"))
    members.set_cap(team, maker.pk, monthly=250, lifetime=4000, by=Actor(user=admin))
    spend(team, maker, 40)

    row = row_of(text_of(sign_in(admin).get(TEAM)), maker)

    assert "<bdi>Ann Lee</bdi>" in row
    assert maker.email in row
    assert "Member" in row
    assert "40 / 250" in row
    assert "4,000" in row
    assert url("member", maker.pk) in row


@pytest.mark.parametrize("role", [Role.MEMBER, Role.VIEWER])
def test_others_see_who_is_in_the_team_and_only_their_own_figures(role, sign_in):
    team = make_team(granted=10_000)
    ann, bob = make_member(team=team), make_member(team=team)
    Membership.objects.filter(user__in=[ann, bob]).update(monthly_budget_credits=1987, lifetime_budget_credits=6543)
    spend(team, ann, 41)
    spend(team, bob, 1053)
    Membership.objects.filter(user=ann).update(role=role)

    page = text_of(sign_in(ann).get(TEAM))

    assert "41 / 1,987" in row_of(page, ann)
    assert bob.email in row_of(page, bob)
    assert not any(figure in row_of(page, bob) for figure in ("1,053", "1,987", "6,543"))
    assert "/team/members/" not in page
    assert "/team/invite/" not in page


def test_an_admin_manages_all_but_owners(team, owner, sign_in):
    admin, maker = make_member(team=team, role=Role.ADMIN), make_member(team=team)

    page = text_of(sign_in(admin).get(TEAM))

    assert "Manage" in row_of(page, maker)
    assert "Manage" not in row_of(page, owner)


@pytest.mark.parametrize("number", [1, 3])
def test_the_queries_do_not_grow_with_the_members(team, owner, sign_in, django_assert_num_queries, number):
    for _ in range(number - 1):
        make_member(team=team)
        Invitation.objects.create(
            team=team,
            email=make_user().email,
            role="member",
            digest=make_user().email,
            invited_by=owner,
            expires_at="2030-01-01T00:00Z",
        )
    browser = sign_in(owner)

    with django_assert_num_queries(PAGE_QUERIES):
        browser.get(TEAM)


@pytest.mark.parametrize(
    ("words", "found"),
    [("ANN", ["ann"]), ("lee", ["ann", "bob"]), ("lee bob", ["bob"]), ("100%", []), ("example.com", ["ann", "bob"])],
)
def test_members_are_found_by_name_and_address(words, found, sign_in):
    team = make_team(owner=make_user(email="olga@example.org"))
    people = {name: make_member(team=team, user=make_user(email=f"{name}.lee@example.com")) for name in ("ann", "bob")}
    owner = team.memberships.get(role="owner").user

    page = text_of(sign_in(owner).get(TEAM, {"q": words}))

    assert [name for name, user in people.items() if row_of(page, user)] == found
    assert ("Nobody found" in page) is not found


def test_a_search_that_cannot_be_is_said_to_be_wrong(team, owner, sign_in):
    assert sign_in(owner).get(TEAM, {"q": "a\0b"}).status_code == 422
    assert sign_in(owner).get(TEAM, {"q": "a" * 101}).status_code == 422


def test_few_members_need_no_search_and_many_are_paged_by_fifty(team, owner, sign_in):
    assert 'type="search"' not in text_of(sign_in(owner).get(TEAM))
    users = User.objects.bulk_create(User(email=f"m{number:02}@example.com") for number in range(60))
    Membership.objects.bulk_create(Membership(team=team, user=user, role=Role.MEMBER) for user in users)

    first = text_of(sign_in(owner).get(TEAM))
    second = text_of(sign_in(owner, htmx=True).get(TEAM, {"page": 2}))

    assert 'type="search"' in first
    assert "61 members" in first
    assert first.count('id="member-') == 50
    assert second.count('id="member-') == 11
    assert second.lstrip().startswith("<tr")


def test_htmx_gets_the_found_members_alone(team, owner, sign_in):
    page = text_of(sign_in(owner).get(TEAM, {"q": owner.email}, headers=HTMX))

    assert "<html" not in page
    assert row_of(page, owner)


def test_where_two_factor_is_asked_for_admins_see_who_has_none(team, owner, sign_in):
    maker = make_member(team=team)
    Team.objects.update(requires_two_factor=True)
    Authenticator.objects.create(user=owner, type=Authenticator.Type.TOTP, data={})

    page = text_of(sign_in(owner).get(TEAM))

    assert "no two-factor" in row_of(page, maker)
    assert "no two-factor" not in row_of(page, owner)


def test_names_stay_text(team, owner, sign_in):
    User.objects.filter(pk=owner.pk).update(name="<b>Ann</b>")
    Team.objects.update(name='"><script>alert(1)</script>')

    page = text_of(sign_in(owner).get(TEAM))

    assert "&lt;b&gt;Ann&lt;/b&gt;" in page
    assert "<b>Ann" not in page
    assert "<script>alert" not in page


def test_a_page_is_kept_by_nobody(team, owner, sign_in):
    assert "no-store" in sign_in(owner).get(TEAM).headers["Cache-Control"]


@pytest.mark.parametrize("role", [Role.ADMIN, Role.MEMBER, Role.VIEWER])
def test_anyone_leaves(team, sign_in, role):
    user = make_member(team=team, role=role)
    browser = sign_in(user)

    response = browser.post(LEAVE, SURE, follow=True)

    assert response.status_code == 200
    assert f"You have left {team.name}." in text_of(response)
    assert role_of(team, user) is None
    assert actions(team)[-1] == "member.left"


def test_leaving_twice_leaves_only_that_team(team, sign_in):
    user = make_member(team=team)
    other = make_team(name="Pathé", owner=user)
    make_member(team=other, role=Role.OWNER)
    browser = sign_in(user)

    statuses = [browser.post(LEAVE, {**SURE, "page_team": str(team.pk)}).status_code for _ in range(2)]

    assert statuses == [302, 409]
    assert (role_of(team, user), role_of(other, user)) == (None, "owner")


def test_the_last_owner_is_told_what_to_do_instead(team, owner, sign_in):  # A15
    make_member(team=team, role=Role.ADMIN)
    before = state(team)

    page = text_of(sign_in(owner).get(TEAM))
    told = text_of(sign_in(owner).post(LEAVE, SURE, follow=True))

    assert "You are its only owner, so you cannot simply leave." in page
    assert "Make another member an owner first, or close the team." in told
    assert state(team) == before


def test_one_of_two_owners_leaves(team, owner, sign_in):
    make_member(team=team, role=Role.OWNER)

    assert sign_in(owner).post(LEAVE, SURE).status_code == 302

    assert role_of(team, owner) is None


def test_leaving_is_for_those_who_are_in(team, owner):
    assert_refused(team, LEAVE, SURE, {"nobody": "sign-in"})
    assert_only_post(owner, LEAVE, TEAM)


def test_a_form_of_another_teams_page_does_nothing(team, owner, sign_in):
    other = make_team(name="Pathé", owner=owner)
    make_member(team=other, role=Role.OWNER)
    make_member(team=team, role=Role.OWNER)
    browser = sign_in(owner)
    session = browser.session
    session[TEAM_SESSION_KEY] = str(other.pk)
    session.save()

    response = browser.post(LEAVE, {**SURE, "page_team": str(team.pk)})

    assert response.status_code == 409
    assert "That page was of another team" in text_of(response)
    assert role_of(other, owner) == role_of(team, owner) == "owner"


def test_own_figures_are_the_months_of_the_team(team, owner, sign_in):
    members.set_cap(team, owner.pk, monthly=100, lifetime=None, by=Actor(user=owner))

    page = text_of(sign_in(owner).get(TEAM))

    assert "0 / 100" in page
    assert f"{budgets.resets_at(team):%Y-%m-%d %H:%M}"[:7] in page
