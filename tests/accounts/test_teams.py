from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from accounts import credits, invitations, keys, teams
from accounts.actors import Actor
from accounts.models import (
    ApiKey,
    AuditEntry,
    CreditBalance,
    CreditEntry,
    Invitation,
    Membership,
    Role,
    Team,
)
from accounts.refusals import InsufficientCredits, TeamClosing
from tests.factories import make_key, make_member, make_team, make_user
from tests.races import race


def actions(team):
    return list(AuditEntry.objects.filter(team=team).order_by("id").values_list("action", flat=True))


def test_a_team_begins_with_its_owner_and_an_empty_balance(db):
    owner = make_user()

    team = teams.create_team(name="Lumière", owner=owner)

    assert Membership.objects.get(team=team).role == Role.OWNER
    assert Membership.objects.get(team=team).user == owner
    assert CreditBalance.objects.get(team=team).sequence == 0


def test_who_made_a_team_is_recorded(db):
    owner, operator = make_user(), make_user()

    own = teams.create_team(name="Lumière", owner=owner)
    given = teams.create_team(name="Pathé", owner=owner, by=Actor(user=operator, ip="203.0.113.9"))

    rows = AuditEntry.objects.order_by("id").values_list("team", "user", "action", "subject", "ip")
    assert list(rows) == [
        (own.pk, owner.pk, "team.created", "Lumière", None),
        (given.pk, operator.pk, "team.created", "Pathé", "203.0.113.9"),
    ]


def test_a_user_without_a_team_gets_one_named_after_them(db):
    named, unnamed = make_user(name="Alice"), make_user(email="louis@example.com")

    assert teams.ensure_team(named).name == "Alice's team"
    assert teams.ensure_team(unnamed).name == "louis's team"


def test_a_user_with_a_team_stays_in_the_one_they_joined_first(db):
    user = make_user()
    first = make_team()
    make_member(team=first, user=user)
    make_member(team=make_team(), user=user)

    assert teams.ensure_team(user) == first
    assert Team.objects.count() == 2


def test_a_team_that_is_being_closed_does_not_count(db):
    user = make_user()
    closing = make_team(owner=user)
    Team.objects.update(closing_at=timezone.now())

    assert teams.ensure_team(user) != closing


def test_asking_many_times_at_once_makes_one_team(transactional_db):
    user = make_user()

    made = race(lambda _: teams.ensure_team(user), range(16), threads=16)

    assert len(set(made)) == 1
    assert Team.objects.count() == 1


def test_nobody_owns_more_than_twenty_teams_however_many_they_ask_for_at_once(transactional_db):
    user = make_user()
    for _ in range(16):
        make_member(team=make_team(), user=user, role=Role.OWNER)

    def make(number):
        try:
            return teams.create_own_team(name=f"Team {number}", by=Actor(user=user))
        except teams.TooManyTeams:
            return None

    made = race(make, range(8), threads=8)
    teams.close(next(filter(None, made)), by=Actor(user=user))
    again = make(24)

    assert made.count(None) == 4
    assert again is not None
    assert AuditEntry.objects.filter(action="team.created", user=user).count() == 5


def test_nobody_makes_more_than_ten_teams_within_a_day_closed_ones_included(transactional_db):
    user = make_user()

    def make(number):
        try:
            team = teams.create_own_team(name=f"Team {number}", by=Actor(user=user))
        except teams.TooManyTeamsToday:
            return None
        teams.close(team, by=Actor(user=user))
        return team

    made = race(make, range(14), threads=7)

    assert made.count(None) == 4
    assert AuditEntry.objects.filter(action="team.created", user=user).count() == 10


def test_settings_change_and_what_they_were_is_recorded(db):
    owner = make_user()
    team = make_team(name="Lumière", owner=owner)

    changed = teams.change(
        team, name="Pathé", time_zone="Asia/Shanghai", monthly_budget_credits=500, by=Actor(user=owner)
    )

    assert (changed.name, changed.time_zone, changed.monthly_budget_credits) == ("Pathé", "Asia/Shanghai", 500)
    assert Team.objects.get().name == "Pathé"
    assert AuditEntry.objects.get(action="team.changed").detail == {
        "name": ["Lumière", "Pathé"],
        "time_zone": ["UTC", "Asia/Shanghai"],
        "monthly_budget_credits": [None, 500],
    }


def test_settings_that_stay_as_they_are_leave_no_entry(db):
    owner = make_user()
    team = make_team(name="Lumière", owner=owner)

    teams.change(team, name="Lumière", requires_two_factor=False, by=Actor(user=owner))

    assert actions(team) == ["team.created"]


def test_what_is_no_setting_is_not_written(db):
    team = make_team()

    with pytest.raises(TypeError, match="closed_at"):
        teams.change(team, closed_at=timezone.now(), by=Actor())

    assert Team.objects.get().closed_at is None


def test_another_low_balance_limit_is_told_of_anew(db):
    team = make_team()
    Team.objects.update(low_balance_credits=10, low_balance_told_at=timezone.now())

    teams.change(team, name="Pathé", by=Actor())
    told_after_a_new_name = Team.objects.get().low_balance_told_at
    teams.change(team, low_balance_credits=50, by=Actor())

    assert told_after_a_new_name is not None
    assert Team.objects.get().low_balance_told_at is None


def test_no_hold_overruns_a_team_budget_that_is_lowered_meanwhile(transactional_db):
    team = make_team(granted=1000)
    generations = [make_user().pk for _ in range(40)]  # any ids

    def act(number):
        if number == 20:
            return teams.change(team, lifetime_budget_credits=50, by=Actor())
        try:
            return credits.hold(team.pk, 10, hold_id=generations[number])
        except InsufficientCredits:
            return None

    race(act, range(40), threads=8)
    limited_at = AuditEntry.objects.get(action="team.changed").created_at
    after = CreditEntry.objects.filter(kind="hold", created_at__gt=limited_at)

    assert all(entry.held_after <= 50 for entry in after)


def test_a_closing_team_is_not_changed(db):
    team = make_team(name="Lumière")
    teams.close(team, by=Actor())

    with pytest.raises(TeamClosing):
        teams.change(team, name="Pathé", by=Actor())

    assert Team.objects.get().name == "Lumière"


def test_time_zones_are_places_and_utc():
    names = [name for name, _label in teams.time_zones()]

    assert names[0] == "UTC"
    assert {"Asia/Shanghai", "Europe/Berlin", "America/New_York"} < set(names)
    assert not any(name.startswith(("Etc/", "posix")) for name in names)


@pytest.fixture
def closable(db):
    """A team with two keys and two invitations that wait, and one of each that does not."""
    owner = make_user()
    team = make_team(owner=owner, granted=100)
    for name in ("one", "two"):
        make_key(team=team, name=name)
    gone, _secret = make_key(team=team, name="gone")
    keys.revoke(gone, by=Actor(user=owner))
    for name in ("a", "b", "c"):
        invitations.invite(team, f"{name}@example.com", Role.MEMBER, by=Actor(user=owner))
    invitations.revoke(Invitation.objects.get(email="c@example.com"), by=Actor(user=owner))
    return team, owner


def test_closing_ends_keys_and_invitations_at_once_and_says_so(closable):
    team, owner = closable
    before = AuditEntry.objects.count()

    teams.close(team, by=Actor(user=owner, ip="203.0.113.9"))

    team.refresh_from_db()
    assert team.closing_at is not None
    assert team.closed_at is None
    assert not ApiKey.objects.filter(revoked_at=None).exists()
    assert not Invitation.objects.waiting().exists()
    entries = AuditEntry.objects.order_by("id")[before:]
    assert [(entry.action, entry.subject, entry.user) for entry in entries] == [
        ("team.closing", "Lumière", owner),
        ("key.revoked", "one", owner),
        ("key.revoked", "two", owner),
        ("member.invitation_revoked", "a@example.com", owner),
        ("member.invitation_revoked", "b@example.com", owner),
    ]


def test_a_key_of_a_closing_team_is_refused_at_once(db):
    team = make_team()
    _key, secret = make_key(team=team)

    teams.close(team, by=Actor())

    with pytest.raises(keys.InvalidApiKey):
        keys.authenticate(secret)


def test_closing_again_changes_nothing(closable):
    team, owner = closable
    teams.close(team, by=Actor(user=owner))
    closing_at, count = Team.objects.get().closing_at, AuditEntry.objects.count()

    teams.close(team, by=Actor(user=owner))

    assert (Team.objects.get().closing_at, AuditEntry.objects.count()) == (closing_at, count)


def test_closed_by_many_at_once_it_is_closed_once(transactional_db):
    team = make_team()
    make_key(team=team)

    race(lambda _: teams.close(team, by=Actor()), range(8), threads=8)

    assert sorted(actions(team)) == ["key.created", "key.revoked", "team.closing", "team.created"]


def test_nothing_is_held_for_a_closing_team(db):
    team = make_team(granted=100)
    teams.close(team, by=Actor())

    with pytest.raises(TeamClosing), transaction.atomic():
        credits.hold(team.pk, 10, hold_id=team.pk)

    assert CreditBalance.objects.get().held == 0


def test_no_hold_comes_after_the_closing_whatever_came_at_once(transactional_db):  # K10
    team = make_team(granted=1000)
    ids = [make_user().pk for _ in range(40)]

    def act(number):
        if number == 20:
            return teams.close(team, by=Actor())
        try:
            return credits.hold(team.pk, 1, hold_id=ids[number])
        except TeamClosing:
            return None

    race(act, range(40), threads=8)

    closing = AuditEntry.objects.get(action="team.closing")
    assert not CreditEntry.objects.filter(kind="hold", created_at__gt=closing.created_at).exists()


def test_it_is_closed_when_nothing_is_held_and_only_once(db):
    team = make_team(granted=100)
    credits.hold(team.pk, 10, hold_id=team.pk)
    was_open = teams.finish_closing(team)
    teams.close(team, by=Actor())

    while_held = teams.finish_closing(team)
    credits.release(team.pk)
    finished, again = teams.finish_closing(team), teams.finish_closing(team)

    assert (was_open, while_held, finished, again) == (False, False, True, False)
    team.refresh_from_db()
    assert team.closed_at - team.closing_at < timedelta(minutes=1)
    assert actions(team).count("team.closed") == 1
    assert AuditEntry.objects.get(action="team.closed").user is None
