from django.utils import timezone

from accounts.models import CreditBalance, Membership, Role, Team
from accounts.teams import create_team, ensure_team
from tests.factories import make_member, make_team, make_user
from tests.races import race


def test_a_team_begins_with_its_owner_and_an_empty_balance(db):
    owner = make_user()

    team = create_team(name="Lumière", owner=owner)

    assert Membership.objects.get(team=team).role == Role.OWNER
    assert Membership.objects.get(team=team).user == owner
    assert CreditBalance.objects.get(team=team).sequence == 0


def test_a_user_without_a_team_gets_one_named_after_them(db):
    named, unnamed = make_user(name="Alice"), make_user(email="louis@example.com")

    assert ensure_team(named).name == "Alice's team"
    assert ensure_team(unnamed).name == "louis's team"


def test_a_user_with_a_team_stays_in_the_one_they_joined_first(db):
    user = make_user()
    first = make_team()
    make_member(team=first, user=user)
    make_member(team=make_team(), user=user)

    assert ensure_team(user) == first
    assert Team.objects.count() == 2


def test_a_closed_team_does_not_count(db):
    user = make_user()
    closed = make_team(owner=user)
    closed.closed_at = timezone.now()
    closed.save()

    assert ensure_team(user) != closed


def test_asking_many_times_at_once_makes_one_team(transactional_db):
    user = make_user()

    teams = race(lambda _: ensure_team(user), range(16), threads=16)

    assert len(set(teams)) == 1
    assert Team.objects.count() == 1
