"""Who acts is asked again with the team locked: tests/accounts/test_access.py has the table itself."""

from datetime import timedelta
from threading import Event, Thread

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts import keys, members, roles, teams
from accounts.actors import INSTALLATION, Actor
from accounts.key_settings import KeySettings
from accounts.models import ApiKey, AuditEntry, Membership, Role
from accounts.roles import MAY, Action, NotAllowed
from tests.factories import make_key, make_member, make_team, make_user
from tests.races import race


def is_allowed(team, by, action):
    try:
        roles.authorise(team, by, action)
    except NotAllowed:
        return False
    return True


@pytest.mark.parametrize("role", Role.values)
def test_a_user_may_do_what_their_role_says(db, role):  # A15
    team = make_team()
    by = Actor(user=make_member(team=team, role=role))

    assert {action for action in Action if is_allowed(team, by, action)} == MAY[role]


def test_strangers_may_nothing(db):
    team = make_team()
    former, inactive = make_user(), make_member(team=team, role=Role.OWNER)
    inactive.is_active = False
    inactive.save()
    strangers = [
        Actor(user=former),
        Actor(user=make_member(team=make_team(), role=Role.OWNER)),
        Actor(user=inactive),
        Actor(ip="203.0.113.9"),
    ]

    assert not any(is_allowed(team, by, action) for by in strangers for action in Action)


def test_the_installation_and_its_operators_may_everything(db):
    team, operator = make_team(), make_user()
    operator.is_staff = operator.is_superuser = True
    operator.save()

    assert all(is_allowed(team, by, action) for by in (INSTALLATION, Actor(user=operator)) for action in Action)


def test_a_key_may_manage_keys_and_webhooks_as_long_as_it_can_itself(db):
    key, secret = make_key(scopes=("manage",))
    by = Actor(api_key=keys.authenticate(secret))
    assert [action for action in Action if is_allowed(key.team, by, action)] == [
        Action.MANAGE_KEYS,
        Action.MANAGE_WEBHOOKS,
    ]
    assert not is_allowed(make_team(), by, Action.MANAGE_KEYS)
    assert not is_allowed(key.team, Actor(api_key=make_key(team=key.team)[0]), Action.MANAGE_KEYS)

    keys.rotate(key, grace=timedelta(0), by=INSTALLATION)
    assert not is_allowed(key.team, by, Action.MANAGE_KEYS)


@pytest.mark.parametrize(
    "change", [{"revoked_at": timezone.now()}, {"expires_at": timezone.now()}, {"scopes": ["read"]}]
)
def test_a_key_that_has_ended_since_it_was_admitted_changes_nothing(db, change):
    robot, secret = make_key(scopes=("manage",))
    other, _ = make_key(team=robot.team)
    by = Actor(api_key=keys.authenticate(secret))
    ApiKey.objects.filter(pk=robot.pk).update(**change)

    _nothing_can_be_done(other, by)


def test_an_admin_who_is_gone_since_the_page_was_asked_for_changes_nothing(db):
    team = make_team()
    admin = make_member(team=team, role=Role.ADMIN)
    key, _ = make_key(team=team)
    Membership.objects.filter(user=admin).delete()

    _nothing_can_be_done(key, Actor(user=admin))
    for act in (lambda by: teams.change(team, name="Ours", by=by), lambda by: teams.close(team, by=by)):
        with pytest.raises(NotAllowed):
            act(Actor(user=admin))


def _nothing_can_be_done(key, by):
    rows, count = list(ApiKey.objects.order_by("pk").values()), AuditEntry.objects.count()
    acts = [
        lambda: keys.issue(key.team, KeySettings(name="kept"), by=by),
        lambda: keys.change(key, KeySettings(name="other"), by=by),
        lambda: keys.change_some(key, {"name": "other"}, by=by),
        lambda: keys.rotate(key, grace=timedelta(0), by=by),
        lambda: keys.end_old_secrets(key, by=by),
        lambda: keys.revoke(key, by=by),
    ]
    for act in acts:
        with pytest.raises(NotAllowed):
            act()
    assert list(ApiKey.objects.order_by("pk").values()) == rows
    assert AuditEntry.objects.count() == count


def test_an_admin_who_is_removed_while_they_make_keys_makes_none_after_that(transactional_db):  # A15
    team = make_team()
    owner, admin = team.members.get(), make_member(team=team, role=Role.ADMIN)

    def act(number):
        try:
            if number == 6:
                members.remove(team, admin.pk, by=Actor(user=owner))
            else:
                keys.issue(team, KeySettings(name=f"key {number}"), by=Actor(user=admin))
        except NotAllowed:
            return False
        return True

    race(act, range(16), threads=8)

    entries = list(AuditEntry.objects.filter(team=team).order_by("pk").values_list("action", flat=True))
    removed = AuditEntry.objects.get(action="member.removed")
    after = AuditEntry.objects.filter(action="key.created", created_at__gt=removed.created_at)
    assert entries.count("key.created") == ApiKey.objects.count()
    assert not after.exists()


def test_who_makes_a_key_waits_for_a_removal_under_way_and_is_then_refused(transactional_db):  # A15
    team = make_team()
    owner, admin = team.members.get(), make_member(team=team, role=Role.ADMIN)
    is_asked, outcome = Event(), []

    def issue():
        is_asked.set()
        try:
            outcome.append(keys.issue(team, KeySettings(name="late"), by=Actor(user=admin)))
        except NotAllowed as refusal:
            outcome.append(refusal)
        finally:
            connection.close()

    thread = Thread(target=issue)
    with transaction.atomic():
        members.remove(team, admin.pk, by=Actor(user=owner))
        thread.start()
        is_asked.wait(5)
        thread.join(0.5)
        assert outcome == []
    thread.join(10)

    assert [type(each) for each in outcome] == [NotAllowed]
    assert not ApiKey.objects.exists()
