import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django_htmx.middleware import HtmxDetails

from accounts.access import MAY, TEAM_SESSION_KEY, Action, can, current_membership, team_required
from accounts.models import Role
from tests.factories import make_member, make_team, make_user


@team_required(Action.CREATE)
def create_page(request):
    return HttpResponse(request.team.name)


@pytest.fixture
def ask(rf):
    """A request as the middleware leaves it."""

    def ask(user, *, team=None, **headers):
        request = rf.get("/create?model=seedance-2.0", headers=headers)
        request.user = user
        request.session = {TEAM_SESSION_KEY: str(team.pk)} if team else {}
        request.htmx = HtmxDetails(request)
        return request

    return ask


def test_each_role_may_do_what_the_table_says():
    assert {role: {action.name for action in actions} for role, actions in MAY.items()} == {
        "viewer": {"VIEW", "SEE_CREDITS"},
        "member": {"VIEW", "SEE_CREDITS", "CREATE", "SEE_KEYS"},
        "admin": {"VIEW", "SEE_CREDITS", "CREATE", "SEE_KEYS", "MANAGE_KEYS"},
        "owner": {"VIEW", "SEE_CREDITS", "CREATE", "SEE_KEYS", "MANAGE_KEYS"},
    }


def test_a_role_nobody_knows_may_do_nothing():
    assert not any(can("guest", action) for action in Action)


def test_a_member_is_let_in_with_their_team(db, ask):
    team = make_team(name="Méliès")
    user = make_member(team=team)

    response = create_page(ask(user))

    assert response.content.decode() == "Méliès"


def test_a_viewer_may_not_create(db, ask):
    viewer = make_member(team=make_team(), role=Role.VIEWER)

    with pytest.raises(PermissionDenied):
        create_page(ask(viewer))


def test_the_role_that_counts_is_the_one_in_the_chosen_team(db, ask):
    user = make_user()
    make_team(owner=user)
    watched = make_team()
    make_member(team=watched, user=user, role=Role.VIEWER)

    with pytest.raises(PermissionDenied):
        create_page(ask(user, team=watched))


def test_a_team_of_others_cannot_be_chosen(db, ask):
    user = make_user()
    own = make_team(owner=user)

    membership = current_membership(ask(user, team=make_team()))

    assert membership.team == own


def test_someone_without_a_team_gets_their_own(db, ask):
    user = make_user(name="Alice")

    assert create_page(ask(user)).content.decode() == "Alice's team"


def test_the_team_comes_with_its_balance_in_one_query(db, ask, django_assert_num_queries):
    team = make_team(granted=7)
    request = ask(make_member(team=team))

    with django_assert_num_queries(1):
        assert current_membership(request).team.balance.available == 7


def test_signed_out_leads_to_the_sign_in_page_and_back(db, ask, settings):
    response = create_page(ask(AnonymousUser()))

    assert response.status_code == 302
    assert response.url.endswith("?next=/create%3Fmodel%3Dseedance-2.0")


def test_signed_out_tells_htmx_to_load_the_sign_in_page(db, ask):
    request = ask(AnonymousUser(), hx_request="true", hx_current_url="http://testserver/gallery?status=failed")

    response = create_page(request)

    assert response.status_code == 200
    assert response.headers["HX-Redirect"].endswith("?next=/gallery%3Fstatus%3Dfailed")
    assert response.content == b""
