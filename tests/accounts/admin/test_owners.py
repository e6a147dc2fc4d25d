import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from accounts import teams
from accounts.actors import INSTALLATION
from accounts.models import AuditEntry, Membership, Role, User
from tests.factories import make_member, make_team, make_user
from tests.pages import browser_of, text_of
from tests.team_pages import role_of, state


@pytest.fixture
def team(db):
    """Its owner cannot sign in any more."""
    team = make_team()
    User.objects.filter(memberships__team=team).update(is_active=False)
    return team


def url_of(team, what="owner"):
    return reverse(f"admin:accounts_team_{what}", args=[team.pk])


def choosing(team, user, **more):
    return {"member": Membership.objects.get(team=team, user=user).pk, **more}


def test_a_member_is_made_an_owner_after_a_second_look_and_the_audit_log_says_by_an_operator(
    admin_client, admin_user, team
):
    heir = make_member(team=team)

    assert url_of(team) in text_of(admin_client.get(url_of(team, "change")))
    assert heir.email in text_of(admin_client.get(url_of(team)))
    shown = text_of(admin_client.post(url_of(team), choosing(team, heir)))
    assert role_of(team, heir) == "member"
    assert heir.email in shown
    assert 'name="confirmed"' in shown
    response = admin_client.post(url_of(team), choosing(team, heir, confirmed="1"), follow=True)

    assert response.redirect_chain == [(url_of(team, "change"), 302)]
    assert f"Made an owner, as the team&#x27;s audit log says: {heir.email}." in text_of(response)
    assert role_of(team, heir) == "owner"
    entry = AuditEntry.objects.filter(team=team).latest("id")
    assert (entry.action, entry.user, entry.subject_id) == ("member.role_changed", admin_user, heir.pk)
    page = text_of(browser_of(heir).get(reverse("accounts:audit_log")))
    assert "Operator" in page
    assert admin_user.email not in page


def test_it_is_offered_to_those_who_can_sign_in_and_are_no_owners(admin_client, team):
    able, owner, gone = make_member(team=team), make_member(team=team, role=Role.OWNER), make_member(team=team)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    elsewhere = make_team()
    foreign = elsewhere.memberships.get().user
    before = state(team), state(elsewhere)

    page = text_of(admin_client.get(url_of(team)))

    assert [user.email in page for user in (able, owner, gone, foreign)] == [True, False, False, False]
    for wrong in (choosing(team, owner), choosing(team, gone), choosing(elsewhere, foreign), {"member": "x"}, {}):
        answer = admin_client.post(url_of(team), wrong | {"confirmed": "1"})
        assert answer.status_code == 200
        assert 'name="confirmed"' not in text_of(answer)
    assert (state(team), state(elsewhere)) == before


def test_an_operator_who_may_only_look_makes_no_owner(client, team):  # A15
    heir, operator = make_member(team=team), make_user()
    operator.is_staff = True
    operator.save()
    operator.user_permissions.add(Permission.objects.get(codename="view_team"))
    client.force_login(operator)
    before = state(team)

    assert url_of(team) not in text_of(client.get(url_of(team, "change")))
    assert client.get(url_of(team)).status_code == 403
    assert client.post(url_of(team), choosing(team, heir, confirmed="1")).status_code == 403

    assert state(team) == before


def test_a_member_is_led_to_the_operators_sign_in(team):  # A15
    heir = make_member(team=team, role=Role.ADMIN)
    before = state(team)

    answer = browser_of(heir).post(url_of(team), choosing(team, heir, confirmed="1"))

    assert (answer.status_code, state(team)) == (302, before)


def test_a_team_that_is_being_closed_gets_no_owner(admin_client, team):
    heir = make_member(team=team)
    teams.close(team, by=INSTALLATION)
    before = state(team)

    answer = admin_client.post(url_of(team), choosing(team, heir, confirmed="1"))

    assert (answer.status_code, state(team)) == (403, before)
