import pytest
from django.db.models import ProtectedError

from accounts import members, people
from accounts.actors import Actor
from accounts.models import AuditEntry, Role, User
from accounts.teams import close
from tests.factories import make_member, make_team, make_user
from tests.races import race


@pytest.fixture
def by(db):
    return Actor(user=User.objects.create_superuser("root@example.com"))


def deactivate(user, by):
    user.is_active = False
    people.save(user, by=by)


def is_active(user):
    return User.objects.get(pk=user.pk).is_active


def test_the_only_owner_who_can_sign_in_is_not_deactivated(by):  # A15
    owner = make_user()
    teams = [make_team(name=name, owner=owner) for name in ("Pathé", "Lumière", "Kino", "Gaumont")]
    for team in teams[:3]:
        make_member(team=team)
    User.objects.filter(pk=make_member(team=teams[0], role=Role.OWNER).pk).update(is_active=False)
    make_member(team=teams[2], role=Role.OWNER)  # who stays; and nobody else is in the last
    count = AuditEntry.objects.count()

    with pytest.raises(people.OnlyOwner) as caught:
        deactivate(owner, by)

    assert [team.name for team in caught.value.teams] == ["Lumière", "Pathé"]
    assert is_active(owner)
    assert AuditEntry.objects.count() == count


def test_what_is_nobody_elses_keeps_nobody_from_being_deactivated(by):
    owner = make_user()
    alone, closing = make_team(owner=owner), make_team(owner=owner)
    User.objects.filter(pk=make_member(team=alone).pk).update(is_active=False)
    make_member(team=closing)
    close(closing, by=Actor(user=owner))

    deactivate(owner, by)

    assert not is_active(owner)


def test_with_another_owner_they_are_deactivated(by):
    team = make_team()
    owner = team.memberships.get().user
    heir = make_member(team=team)
    members.make_owner(team, heir.pk, by=by)

    deactivate(owner, by)

    assert not is_active(owner)


def test_of_an_only_owner_everything_else_can_be_changed(by):
    team = make_team()
    make_member(team=team)
    owner = team.memberships.get(role=Role.OWNER).user
    owner.name = "Ada"

    people.save(owner, by=by)

    assert User.objects.get(pk=owner.pk).name == "Ada"


@pytest.mark.parametrize("other", ["leaves", "is deactivated too"])
def test_of_two_owners_who_go_at_once_one_can_still_sign_in(transactional_db, by, other):  # A15
    for _ in range(10):
        team = make_team()
        owners = [team.memberships.get().user, make_member(team=team, role=Role.OWNER)]
        make_member(team=team)

        def go(number, team=team, owners=owners):
            try:
                if number and other == "leaves":
                    members.leave(team, by=Actor(user=owners[1]))
                else:
                    deactivate(owners[number], by)
            except (members.LastOwner, people.OnlyOwner):
                return False
            return True

        assert sorted(race(go, range(2), threads=2)) == [False, True]
        assert team.memberships.filter(role=Role.OWNER, user__is_active=True).count() == 1


def test_who_is_in_a_team_is_not_deleted(db):  # A15
    owner = make_team().memberships.get().user

    with pytest.raises(ProtectedError):
        owner.delete()

    assert is_active(owner)
