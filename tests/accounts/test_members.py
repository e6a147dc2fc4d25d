from contextlib import suppress

import pytest

from accounts import members, teams
from accounts.access import TEAM_SESSION_KEY, current_membership
from accounts.actors import INSTALLATION, Actor
from accounts.models import AuditEntry, Membership, Role
from accounts.refusals import TeamClosing
from accounts.roles import NotAllowed, may_manage
from tests.factories import make_key, make_member, make_team, make_user
from tests.races import race


@pytest.fixture
def team(db):
    return make_team()


def member_of(team, role=Role.MEMBER):
    return make_member(team=team, role=role)


def role_of(team, user):
    membership = Membership.objects.filter(team=team, user=user).first()
    return membership and membership.role


def last_entry():
    entry = AuditEntry.objects.order_by("-id").first()
    return (entry.action, entry.user, entry.subject, entry.subject_id, entry.detail)


def test_an_admin_changes_a_role_and_it_is_recorded(team):
    admin, maker = member_of(team, Role.ADMIN), member_of(team)

    members.change_role(team, maker.pk, Role.VIEWER, by=Actor(user=admin))

    assert role_of(team, maker) == "viewer"
    assert last_entry() == ("member.role_changed", admin, maker.email, maker.pk, {"role": ["member", "viewer"]})


@pytest.mark.parametrize("new_role", Role.values)
@pytest.mark.parametrize("role", Role.values)
@pytest.mark.parametrize("acting", Role.values)
def test_every_role_may_change_the_roles_it_manages_and_no_other(team, acting, role, new_role):  # A15
    actor, target = member_of(team, acting), member_of(team, role)
    count = AuditEntry.objects.count()
    is_allowed = may_manage(acting, role, new_role)

    try:
        members.change_role(team, target.pk, new_role, by=Actor(user=actor))
        was_allowed = True
    except NotAllowed:
        was_allowed = False

    assert was_allowed is is_allowed
    assert role_of(team, target) == (new_role if is_allowed else role)
    assert AuditEntry.objects.count() - count == int(is_allowed and role != new_role)


@pytest.mark.parametrize("new_role", Role.values)
@pytest.mark.parametrize("acting", Role.values)
def test_nobody_raises_themselves(team, acting, new_role):  # A15
    actor = member_of(team, acting)
    rank = [Role.VIEWER, Role.MEMBER, Role.ADMIN, Role.OWNER].index

    with suppress(NotAllowed):
        members.change_role(team, actor.pk, new_role, by=Actor(user=actor))

    assert rank(role_of(team, actor)) <= rank(acting)


@pytest.mark.parametrize("role", Role.values)
@pytest.mark.parametrize("acting", Role.values)
@pytest.mark.parametrize("act", ["remove", "set_cap"])
def test_every_role_may_remove_and_cap_those_it_manages_and_no_other(team, act, acting, role):  # A15
    actor, target = member_of(team, acting), member_of(team, role)
    count = AuditEntry.objects.count()

    try:
        if act == "remove":
            members.remove(team, target.pk, by=Actor(user=actor))
        else:
            members.set_cap(team, target.pk, monthly=5, lifetime=None, by=Actor(user=actor))
        was_allowed = True
    except NotAllowed:
        was_allowed = False

    assert was_allowed is may_manage(acting, role)
    assert AuditEntry.objects.count() - count == was_allowed
    assert Membership.objects.filter(team=team, user=target, monthly_budget_credits=None).exists() is not was_allowed


@pytest.mark.parametrize("who", ["a stranger", "a member of another team", "a key", "the installation"])
def test_who_is_not_in_the_team_may_nothing(team, who):
    key, _secret = make_key(team=team)
    by = {
        "a stranger": Actor(user=make_user()),
        "a member of another team": Actor(user=member_of(make_team(), Role.OWNER)),
        "a key": Actor(api_key=key),
        "the installation": INSTALLATION,
    }[who]
    maker = member_of(team)
    count = AuditEntry.objects.count()

    for act in (
        lambda: members.change_role(team, maker.pk, Role.VIEWER, by=by),
        lambda: members.remove(team, maker.pk, by=by),
        lambda: members.set_cap(team, maker.pk, monthly=1, lifetime=1, by=by),
        lambda: members.transfer(team, maker.pk, by=by),
    ):
        with pytest.raises(NotAllowed):
            act()
    with pytest.raises(members.NoSuchMember):
        members.leave(team, by=by)

    assert role_of(team, maker) == "member"
    assert AuditEntry.objects.count() == count


def test_who_is_not_in_the_team_can_not_be_managed(team):
    owner, stranger = member_of(team, Role.OWNER), member_of(make_team())

    for act in (
        lambda: members.change_role(team, stranger.pk, Role.VIEWER, by=Actor(user=owner)),
        lambda: members.remove(team, stranger.pk, by=Actor(user=owner)),
        lambda: members.set_cap(team, stranger.pk, monthly=1, lifetime=1, by=Actor(user=owner)),
        lambda: members.transfer(team, stranger.pk, by=Actor(user=owner)),
    ):
        with pytest.raises(members.NoSuchMember):
            act()

    assert role_of(team, owner) == "owner"


def test_a_role_that_there_is_not_is_refused(team):
    owner, maker = member_of(team, Role.OWNER), member_of(team)

    with pytest.raises(ValueError, match="king"):
        members.change_role(team, maker.pk, "king", by=Actor(user=owner))


def test_the_role_that_counts_is_the_one_the_actor_has_by_now(team):
    admin, maker = member_of(team, Role.ADMIN), member_of(team)
    by = Actor(user=admin)
    Membership.objects.filter(user=admin).update(role=Role.MEMBER)

    with pytest.raises(NotAllowed):
        members.remove(team, maker.pk, by=by)

    assert role_of(team, maker) == "member"


def test_members_leave_and_are_removed_with_an_entry_each(team):
    owner, one, two = member_of(team, Role.OWNER), member_of(team), member_of(team, Role.VIEWER)

    members.leave(team, by=Actor(user=one))
    left = last_entry()
    members.remove(team, two.pk, by=Actor(user=owner))

    assert left == ("member.left", one, one.email, one.pk, {"role": "member"})
    assert last_entry() == ("member.removed", owner, two.email, two.pk, {"role": "viewer"})
    assert (role_of(team, one), role_of(team, two)) == (None, None)


@pytest.mark.parametrize("act", ["leave", "remove"])
def test_whoever_goes_loses_the_team_in_every_session_at_once(team, rf, act):
    user = make_user()
    own = make_team(owner=user)
    make_member(team=team, user=user)

    def entered():
        request = rf.get("/")
        request.user, request.session = user, {TEAM_SESSION_KEY: str(team.pk)}
        return current_membership(request).team

    before = entered()
    if act == "leave":
        members.leave(team, by=Actor(user=user))
    else:
        members.remove(team, user.pk, by=Actor(user=sole_owner(team)))

    assert (before, entered()) == (team, own)


def sole_owner(team):
    return team.memberships.get(role=Role.OWNER).user


@pytest.mark.parametrize("act", ["leave", "remove", "demote"])
def test_the_last_owner_stays(team, act):  # A15
    owner = sole_owner(team)
    inactive = member_of(team, Role.OWNER)
    inactive.is_active = False
    inactive.save()
    member_of(team, Role.ADMIN)
    count = AuditEntry.objects.count()

    go = {
        "leave": lambda: members.leave(team, by=Actor(user=owner)),
        "remove": lambda: members.remove(team, owner.pk, by=Actor(user=owner)),
        "demote": lambda: members.change_role(team, owner.pk, Role.ADMIN, by=Actor(user=owner)),
    }[act]

    with pytest.raises(members.LastOwner):
        go()

    assert role_of(team, owner) == "owner"
    assert AuditEntry.objects.count() == count


def test_an_owner_who_was_locked_out_can_be_removed(team):
    owner, inactive = sole_owner(team), member_of(team, Role.OWNER)
    inactive.is_active = False
    inactive.save()

    members.remove(team, inactive.pk, by=Actor(user=owner))

    assert role_of(team, inactive) is None


@pytest.mark.parametrize("act", ["leave", "remove each other", "demote each other"])
def test_of_two_owners_who_go_at_once_one_stays(transactional_db, act):  # A15
    for _ in range(10):
        team = make_team()
        owners = [sole_owner(team), make_member(team=team, role=Role.OWNER)]

        def go(number, team=team, owners=owners):
            by, other = Actor(user=owners[number]), owners[1 - number].pk
            try:
                if act == "leave":
                    members.leave(team, by=by)
                elif act == "remove each other":
                    members.remove(team, other, by=by)
                else:
                    members.change_role(team, other, Role.VIEWER, by=by)
            except (members.LastOwner, NotAllowed):
                return False
            return True

        assert sorted(race(go, range(2), threads=2)) == [False, True]
        assert team.memberships.filter(role=Role.OWNER).count() == 1


def test_ownership_is_transferred_in_one_step(team):
    owner, heir = sole_owner(team), member_of(team)
    count = AuditEntry.objects.count()

    members.transfer(team, heir.pk, by=Actor(user=owner))

    assert (role_of(team, owner), role_of(team, heir)) == ("admin", "owner")
    entries = AuditEntry.objects.order_by("id")[count:]
    assert [(entry.action, entry.subject, entry.detail) for entry in entries] == [
        ("member.ownership_transferred", heir.email, {"role": ["member", "owner"]}),
        ("member.role_changed", owner.email, {"role": ["owner", "admin"]}),
    ]


@pytest.mark.parametrize("role", [Role.ADMIN, Role.MEMBER, Role.VIEWER])
def test_only_owners_transfer(team, role):
    actor, heir = member_of(team, role), member_of(team)

    with pytest.raises(NotAllowed):
        members.transfer(team, heir.pk, by=Actor(user=actor))

    assert role_of(team, heir) == "member"


def test_nobody_transfers_to_themselves(team):
    owner = sole_owner(team)

    with pytest.raises(NotAllowed):
        members.transfer(team, owner.pk, by=Actor(user=owner))

    assert role_of(team, owner) == "owner"


def test_transferred_twice_at_once_it_goes_to_one(transactional_db):
    team = make_team()
    owner = sole_owner(team)
    heirs = [make_member(team=team) for _ in range(2)]

    def give(number):
        try:
            members.transfer(team, heirs[number].pk, by=Actor(user=owner))
        except NotAllowed:
            return False
        return True

    assert sorted(race(give, range(2), threads=2)) == [False, True]
    assert team.memberships.filter(role=Role.OWNER).count() == 1


def test_a_cap_is_set_lifted_and_recorded(team):
    owner, maker = sole_owner(team), member_of(team)

    members.set_cap(team, maker.pk, monthly=100, lifetime=None, by=Actor(user=owner))
    set_to = last_entry()
    members.set_cap(team, maker.pk, monthly=100, lifetime=None, by=Actor(user=owner))
    count = AuditEntry.objects.count()
    members.set_cap(team, maker.pk, monthly=None, lifetime=900, by=Actor(user=owner))

    assert set_to == (
        "member.cap_changed", owner, maker.email, maker.pk, {"monthly_budget_credits": [None, 100]}
    )  # fmt: skip
    assert last_entry()[4] == {"monthly_budget_credits": [100, None], "lifetime_budget_credits": [None, 900]}
    assert AuditEntry.objects.count() == count + 1


def test_a_closing_team_keeps_its_members_as_they_are(team):
    owner, maker = sole_owner(team), member_of(team)
    teams.close(team, by=Actor(user=owner))

    for act in (
        lambda: members.change_role(team, maker.pk, Role.ADMIN, by=Actor(user=owner)),
        lambda: members.remove(team, maker.pk, by=Actor(user=owner)),
        lambda: members.leave(team, by=Actor(user=maker)),
        lambda: members.transfer(team, maker.pk, by=Actor(user=owner)),
        lambda: members.set_cap(team, maker.pk, monthly=1, lifetime=1, by=Actor(user=owner)),
    ):
        with pytest.raises(TeamClosing):
            act()

    assert role_of(team, maker) == "member"
