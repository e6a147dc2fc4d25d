import pytest

from accounts.models import Role, User
from tests.factories import make_member, make_user
from tests.pages import SURE, text_of
from tests.team_pages import role_of, state, url

WORDS = "Ann Lee is deactivated and cannot sign in, and so cannot be an owner."


@pytest.fixture
def heir(team):
    heir = make_member(team=team, user=make_user(name="Ann Lee"))
    User.objects.filter(pk=heir.pk).update(is_active=False)
    return heir


@pytest.mark.parametrize("role", [Role.MEMBER, Role.OWNER])
def test_the_team_is_not_transferred_to_who_cannot_sign_in(team, heir, owner, sign_in, role):  # A15
    team.memberships.filter(user=heir).update(role=role)
    before = state(team)

    response = sign_in(owner).post(url("team_transfer", heir.pk), SURE, follow=True)

    assert WORDS in text_of(response)
    assert state(team) == before


def test_who_cannot_sign_in_is_not_made_an_owner(team, heir, owner, sign_in):  # A15
    before = state(team)

    response = sign_in(owner).post(url("member_role", heir.pk), {"role": "owner", **SURE})

    assert response.status_code == 422
    assert WORDS in text_of(response)
    assert state(team) == before


def test_any_other_role_they_may_be_given(team, heir, owner, sign_in):
    sign_in(owner).post(url("member_role", heir.pk), {"role": "viewer"})

    assert role_of(team, heir) == "viewer"
