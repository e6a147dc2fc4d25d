import re
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages import get_messages
from django.contrib.messages.storage.cookie import CookieStorage
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django_htmx.middleware import HtmxDetails

from accounts.access import TEAM_SESSION_KEY, Action, current_membership, team_required
from accounts.context import shell
from accounts.models import Membership, Role, Team
from accounts.roles import MAY, can, may_manage
from tests.factories import make_member, make_team, make_user


@team_required(Action.CREATE)
def create_page(request):
    return HttpResponse(request.team.name)


@pytest.fixture
def ask(rf):
    """A request as the middleware leaves it."""

    def ask(user, *, team=None, method="GET", **headers):
        request = rf.generic(method, "/create?model=seedance-2.0", headers=headers)
        request.user = user
        request.session = {TEAM_SESSION_KEY: str(team.pk)} if team else {}
        request.htmx = HtmxDetails(request)
        request._messages = CookieStorage(request)
        return request

    return ask


def test_each_role_may_do_what_the_document_says():
    page = (settings.LOCALE_PATHS[0].parent / "docs" / "roles.md").read_text()
    lines = re.findall(r"^\| [^|]+ \| `(\w+)` \|(.+)\|$", page, re.MULTILINE)
    cells = {action: [cell.strip() for cell in row.split("|")] for action, row in lines}
    roles = (Role.VIEWER, Role.MEMBER, Role.ADMIN, Role.OWNER)

    assert cells == {action.name: ["yes" if action in MAY[role] else "–" for role in roles] for action in Action}
    assert "| viewer | member | admin | owner |" in page


def test_a_role_nobody_knows_may_do_nothing():
    assert not any(can("guest", action) for action in Action)
    assert not may_manage("guest", Role.VIEWER)


@pytest.mark.parametrize("new_role", [None, *Role.values])
@pytest.mark.parametrize("role", Role.values)
@pytest.mark.parametrize("acting", Role.values)
def test_owners_manage_everyone_and_admins_everyone_but_owners(acting, role, new_role):  # A15
    allowed = acting == "owner" or (acting == "admin" and "owner" not in (role, new_role))

    assert may_manage(acting, role, new_role) is allowed


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


def test_a_team_that_is_being_closed_is_not_entered(db, ask):
    user = make_user(name="Alice")
    closing = make_team(owner=user)
    Team.objects.update(closing_at=timezone.now())

    response = create_page(ask(user, team=closing))

    assert response.content.decode() == "Alice's team"


def test_someone_without_a_team_gets_their_own(db, ask):
    user = make_user(name="Alice")

    assert create_page(ask(user)).content.decode() == "Alice's team"


def test_the_team_comes_with_its_balance_in_one_query(db, ask, django_assert_num_queries):
    team = make_team(granted=7)
    request = ask(make_member(team=team))

    with django_assert_num_queries(1):
        assert current_membership(request).team.balance.available == 7
        assert current_membership(request).user == request.user


def test_signed_out_leads_to_the_sign_in_page_and_back(db, ask):
    response = create_page(ask(AnonymousUser()))

    assert response.status_code == 302
    assert response.url.endswith("?next=/create%3Fmodel%3Dseedance-2.0")


def test_signed_out_tells_htmx_to_load_the_sign_in_page(db, ask):
    request = ask(AnonymousUser(), hx_request="true", hx_current_url="http://testserver/gallery?status=failed")

    response = create_page(request)

    assert response.status_code == 200
    assert response.headers["HX-Redirect"].endswith("?next=/gallery%3Fstatus%3Dfailed")
    assert response.content == b""


@pytest.fixture
def guarded_team(db):
    team = make_team(name="Vault")
    Team.objects.update(requires_two_factor=True)
    return team


def test_a_team_that_asks_for_two_factors_leads_those_without_to_where_they_set_it_up(guarded_team, ask):
    request = ask(make_member(team=guarded_team))

    response = create_page(request)

    assert (response.status_code, response.url) == (302, reverse("mfa_index"))
    assert [str(each) for each in get_messages(request)] == [
        "Vault asks its members for two-factor sign-in. Set it up here, and the team opens again."
    ]


def test_htmx_is_told_to_go_where_two_factors_are_set_up(guarded_team, ask):
    response = create_page(ask(make_member(team=guarded_team), hx_request="true"))

    assert response.headers["HX-Redirect"] == reverse("mfa_index")
    assert response.content == b""


@pytest.mark.parametrize(("kind", "enters"), [("totp", True), ("webauthn", True), ("recovery_codes", False)])
def test_an_app_or_a_passkey_opens_the_team_and_recovery_codes_alone_do_not(guarded_team, ask, kind, enters):
    user = make_member(team=guarded_team)
    Authenticator.objects.create(user=user, type=kind, data={})

    response = create_page(ask(user))

    assert response.status_code == (200 if enters else 302)


def test_a_team_that_can_be_entered_is_the_first_choice(guarded_team, ask):
    user = make_member(team=guarded_team)
    easy = make_team(name="Easy")
    make_member(team=easy, user=user)

    assert current_membership(ask(user)).team == easy
    assert current_membership(ask(user, team=guarded_team)).team == guarded_team

    Authenticator.objects.create(user=user, type="totp", data={})
    assert current_membership(ask(user)).team == guarded_team


def test_two_factors_are_looked_up_only_where_they_are_asked_for(db, ask, django_assert_num_queries):
    asking, easy = make_team(), make_team()
    user = make_member(team=easy)
    make_member(team=asking, user=user)
    Team.objects.filter(pk=asking.pk).update(requires_two_factor=True)
    Authenticator.objects.create(user=user, type="totp", data={})

    with django_assert_num_queries(1):
        create_page(ask(user, team=easy))
    with django_assert_num_queries(2):
        create_page(ask(user, team=asking))


@pytest.mark.parametrize(("minutes", "is_noted"), [(4, False), (6, True)])
def test_who_is_active_is_noted_every_five_minutes(db, ask, minutes, is_noted):
    user = make_member(team=make_team())
    before = timezone.now() - timedelta(minutes=minutes)
    Membership.objects.filter(user=user).update(last_active_at=before)

    create_page(ask(user))

    assert (Membership.objects.get(user=user).last_active_at > before) is is_noted


def test_who_was_refused_was_not_active(db, ask):
    viewer = make_member(team=make_team(), role=Role.VIEWER)
    Membership.objects.filter(user=viewer).update(last_active_at=None)

    with pytest.raises(PermissionDenied):
        create_page(ask(viewer))

    assert Membership.objects.get(user=viewer).last_active_at is None


def test_a_change_from_the_page_of_another_team_is_refused_and_the_page_loaded_anew(db, ask):
    here, elsewhere = make_team(), make_team()
    user = make_member(team=here)

    request = ask(user, method="POST", hx_request="true", x_team=str(elsewhere.pk))

    response = create_page(request)

    assert response.status_code == 409
    assert response.headers["HX-Refresh"] == "true"
    assert response.content == b""
    (told,) = get_messages(request)
    assert told.level_tag == "warning"
    assert "you have switched to another team, perhaps in another tab. Nothing was done." in str(told)


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {"hx_request": "true", "x_team": "another"}),
        ("POST", {"x_team": "another"}),
        ("POST", {"hx_request": "true"}),
        ("POST", {"hx_request": "true", "x_team": "here"}),
    ],
    ids=["reading", "a plain form", "a page that does not say", "the team it is"],
)
def test_only_a_change_that_htmx_sends_for_another_team_is_refused(db, ask, method, headers):
    team = make_team()
    headers = headers | ({"x_team": str(team.pk)} if headers.get("x_team") == "here" else {})

    assert create_page(ask(make_member(team=team), method=method, **headers)).status_code == 200


@pytest.fixture
def shown(rf):
    """What the frame of a page shows of the team."""

    def shown(user):
        request = rf.get("/sign/two-factor/")
        request.user, request.session = user, {}
        context = shell(request)
        names = ("membership", "team", "role", "balance")
        return {name: str(context[name]) for name in names if context[name]}, list(context["memberships"])

    return shown


def test_the_frame_shows_the_team_and_the_others_there_are_to_switch_to(db, shown):
    user = make_user()
    first, second = make_team(name="Lumière", owner=user), make_team(name="Pathé", owner=user)

    of_team, memberships = shown(user)

    assert (of_team["team"], of_team["role"]) == ("Lumière", "owner")
    assert [each.team for each in memberships] == [first, second]


def test_the_frame_shows_nothing_of_a_team_that_waits_for_a_second_factor_but_its_name(guarded_team, shown):
    of_team, memberships = shown(make_member(team=guarded_team))

    assert of_team == {}
    assert [each.team.name for each in memberships] == ["Vault"]


def test_to_look_at_a_page_makes_nobody_a_team(db, shown):
    assert shown(make_user()) == ({}, [])
    assert not Team.objects.exists()
