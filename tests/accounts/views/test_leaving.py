"""Who lacks the second factor that a team asks for may still leave it: they lose by it, and gain nothing."""

import pytest
from allauth.mfa.models import Authenticator
from django.urls import reverse

from accounts.models import AuditEntry, Membership, Role, Team
from tests.factories import make_member, make_team, make_user
from tests.pages import SURE, text_of
from tests.team_pages import role_of, state, url

LEAVE = "/team/leave/"
SET_UP = "mfa_index"


@pytest.fixture
def strict(db):
    team = make_team(name="Vault", granted=4711)
    Team.objects.filter(pk=team.pk).update(requires_two_factor=True)
    return team


@pytest.mark.parametrize("elsewhere", [0, 1])
@pytest.mark.parametrize("role", [Role.VIEWER, Role.OWNER])
def test_where_a_second_factor_is_to_be_set_up_one_can_leave_instead(strict, sign_in, role, elsewhere):
    user = make_member(team=strict, role=role)
    for _ in range(elsewhere):
        make_team(name="Easy", owner=user)
    browser = sign_in(user)
    browser.post(url("team_switch", strict.pk))

    page = text_of(browser.get("/gallery/", follow=True)).partition("<main")[2]
    gone = browser.post(LEAVE, {**SURE, "page_team": str(strict.pk)}, follow=True)

    assert f'action="{LEAVE}"' in page
    assert f'name="page_team" value="{strict.pk}"' in page
    assert "Leave Vault instead" in page
    assert "You have left Vault." in text_of(gone)
    assert gone.redirect_chain[-1] == ("/gallery/", 302)
    assert role_of(strict, user) is None
    assert AuditEntry.objects.filter(team=strict).latest("id").action == "member.left"


def test_they_are_asked_before_and_see_nothing_of_the_team_but_its_name(strict, sign_in):
    user = make_member(team=strict)
    before = state(strict)

    page = text_of(sign_in(user).post(LEAVE, {"page_team": str(strict.pk)}))

    assert "Leave Vault?" in page
    assert 'name="confirmed" value="1"' in page
    assert "4,711" not in page
    assert state(strict) == before


def test_the_only_owner_is_offered_no_way_out_and_has_none(strict, sign_in):  # A15
    browser = sign_in(strict.memberships.get().user)
    make_member(team=strict)
    before = state(strict)

    page = text_of(browser.get("/gallery/", follow=True))
    told = text_of(browser.post(LEAVE, SURE, follow=True))

    assert f'action="{LEAVE}"' not in page
    assert "Make another member an owner first, or close the team." in told
    assert state(strict) == before


def test_who_has_a_second_factor_or_is_elsewhere_is_offered_nothing_there(strict, sign_in):
    able, other = make_member(team=strict), make_member(team=strict)
    Authenticator.objects.create(user=able, type="webauthn", data={"name": "Passkey"})
    make_team(name="Easy", owner=other)

    pages = [text_of(sign_in(user).get(reverse(SET_UP))) for user in (able, other, make_user())]

    assert not any(f'action="{LEAVE}"' in page for page in pages)
    assert Membership.objects.filter(team=strict).count() == 3


def test_nothing_else_of_the_team_is_open_to_them(strict, sign_in):
    browser = sign_in(make_member(team=strict, role=Role.OWNER))
    before = state(strict)

    for path, data in (
        (url("team_close"), {"name": "Vault", **SURE}),
        (url("team_invite"), {"email": "a@example.com"}),
    ):
        assert browser.post(path, data).headers["Location"] == reverse(SET_UP)
    assert browser.get("/team/").headers["Location"] == reverse(SET_UP)

    assert state(strict) == before
