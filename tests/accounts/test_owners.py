"""Every way to become an owner: nobody becomes one who cannot sign in."""

import pytest

from accounts import invitations, members, people
from accounts.actors import INSTALLATION, Actor
from accounts.models import AuditEntry, Membership, Role, User
from accounts.refusals import TeamClosing
from accounts.roles import NotAllowed
from accounts.teams import close
from tests.factories import make_key, make_member, make_team, make_user
from tests.races import race
from tests.team_pages import role_of, state


@pytest.fixture
def team(db):
    return make_team()


def owner_of(team):
    return team.memberships.get(role=Role.OWNER).user


def locked_out(user):
    User.objects.filter(pk=user.pk).update(is_active=False)
    return user


def make_operator():
    return User.objects.create_superuser(make_user().email.replace("maker", "root"))


@pytest.mark.parametrize("role", [Role.MEMBER, Role.OWNER])
def test_ownership_goes_to_nobody_who_cannot_sign_in(team, role):  # A15
    owner, heir = owner_of(team), locked_out(make_member(team=team, role=role))
    before = state(team)

    with pytest.raises(members.Deactivated):
        members.transfer(team, heir.pk, by=Actor(user=owner))

    assert state(team) == before


def test_nobody_who_cannot_sign_in_is_made_an_owner(team):  # A15
    owner, heir = owner_of(team), locked_out(make_member(team=team))
    before = state(team)

    for act in (
        lambda: members.change_role(team, heir.pk, Role.OWNER, by=Actor(user=owner)),
        lambda: members.make_owner(team, heir.pk, by=INSTALLATION),
    ):
        with pytest.raises(members.Deactivated):
            act()

    assert state(team) == before
    assert members.change_role(team, heir.pk, Role.ADMIN, by=Actor(user=owner)).role == "admin"


def test_who_was_deactivated_meanwhile_joins_no_more(team, monkeypatch):  # A15
    tokens = []
    monkeypatch.setattr(invitations, "_mail", lambda invitation, token: tokens.append(token))
    invited = make_user()
    invited.emailaddress_set.create(email=invited.email, verified=True)
    monkeypatch.setattr(invitations.transaction, "on_commit", lambda act: act())
    invitations.invite(team, invited.email, Role.OWNER, by=Actor(user=owner_of(team)))
    locked_out(invited)

    with pytest.raises(NotAllowed):
        invitations.accept(tokens[0], by=Actor(user=invited))

    assert role_of(team, invited) is None


def test_transferred_to_one_who_is_deactivated_in_the_same_instant_the_team_keeps_an_owner(transactional_db):  # A15
    operator = make_operator()
    for _ in range(10):
        team = make_team()
        owner, heir = owner_of(team), make_member(team=team)

        def act(number, team=team, owner=owner, heir=heir):
            try:
                if number:
                    members.transfer(team, heir.pk, by=Actor(user=owner))
                else:
                    heir.is_active = False
                    people.save(heir, by=Actor(user=operator))
            except (members.Deactivated, people.OnlyOwner):
                return False
            return True

        assert sorted(race(act, range(2), threads=2)) == [False, True]
        assert team.memberships.filter(role=Role.OWNER, user__is_active=True).count() == 1


def test_an_operator_makes_an_owner_of_a_team_that_has_none_left(team):
    locked_out(owner_of(team))
    heir, operator = make_member(team=team), make_operator()

    members.make_owner(team, heir.pk, by=Actor(user=operator))

    assert role_of(team, heir) == "owner"
    entry = AuditEntry.objects.filter(team=team).latest("id")
    assert (entry.action, entry.user, entry.subject_id) == ("member.role_changed", operator, heir.pk)
    assert entry.detail == {"role": ["member", "owner"]}


def test_an_owner_made_one_again_stays_as_they_are(team):
    count = AuditEntry.objects.count()

    members.make_owner(team, owner_of(team).pk, by=Actor(user=make_operator()))

    assert AuditEntry.objects.count() == count


@pytest.mark.parametrize("who", ["admin", "stranger", "key", "operator of another kind", "operator no more"])
def test_nobody_but_operators_and_owners_makes_an_owner(team, who):  # A15
    heir, operator, staff = make_member(team=team), make_operator(), make_user()
    User.objects.filter(pk=staff.pk).update(is_staff=True)
    User.objects.filter(pk=operator.pk).update(is_staff=False)
    by = {
        "admin": Actor(user=make_member(team=team, role=Role.ADMIN)),
        "stranger": Actor(user=make_team().memberships.get().user),
        "key": Actor(api_key=make_key(team=team, scopes=["manage"])[0]),
        "operator of another kind": Actor(user=staff),
        "operator no more": Actor(user=operator),
    }[who]
    before = state(team)

    with pytest.raises(NotAllowed):
        members.make_owner(team, heir.pk, by=by)

    assert state(team) == before


def test_only_a_member_of_an_open_team_is_made_its_owner(team):
    stranger, heir = make_user(), make_member(team=team)

    with pytest.raises(members.NoSuchMember):
        members.make_owner(team, stranger.pk, by=INSTALLATION)
    close(team, by=INSTALLATION)
    with pytest.raises(TeamClosing):
        members.make_owner(team, heir.pk, by=INSTALLATION)

    assert Membership.objects.filter(team=team, role=Role.OWNER).count() == 1
