from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts import audit_log
from accounts.actors import INSTALLATION, Actor
from accounts.models import AuditAction, AuditEntry, Team
from tests.factories import make_key, make_member, make_team, make_user
from tests.races import race


@pytest.fixture
def team(db):
    return make_team()


def entries():
    return AuditEntry.objects.exclude(action__in=("team.created", "key.created")).order_by("id")


def test_an_entry_says_who_did_what_to_what_from_where(team):
    user = make_user()

    audit_log.record(
        Actor(user=user, ip="2001:db8::1"),
        AuditAction.TEAM_CHANGED,
        team=team,
        subject="it",
        subject_id=team.pk,
        a=[1, 2],
    )

    entry = entries().get()
    assert (entry.team, entry.user, entry.api_key, entry.action) == (team, user, None, "team.changed")
    assert (entry.subject, entry.subject_id, entry.detail, entry.ip) == ("it", team.pk, {"a": [1, 2]}, "2001:db8::1")
    assert abs((entry.created_at - timezone.now()).total_seconds()) < 10


def test_a_program_is_named_by_its_key_and_the_installation_by_nothing(team):
    key, _secret = make_key(team=team)

    audit_log.record(Actor(api_key=key), AuditAction.KEY_CHANGED, team=team)
    audit_log.record(INSTALLATION, AuditAction.CREDITS_GRANTED, team=team)

    assert [(entry.api_key, entry.user) for entry in entries()] == [(key, None), (None, None)]


def test_what_is_rolled_back_leaves_no_entry(team):
    with transaction.atomic():
        audit_log.record(INSTALLATION, AuditAction.TEAM_CHANGED, team=team)
        written = entries().exists()
        transaction.set_rollback(True)

    assert written
    assert not entries().exists()


def test_a_name_may_be_as_long_as_it_likes(team):
    audit_log.record(INSTALLATION, AuditAction.TEAM_CHANGED, team=team, subject="é" * 1000)

    assert entries().get().subject == "é" * 254


def test_what_concerns_a_person_is_told_in_each_of_their_open_teams_and_no_other(team):  # A3
    user = make_member(team=team)
    second, closing, _other = make_team(owner=user), make_team(owner=user), make_team()
    Team.objects.filter(pk=closing.pk).update(closing_at=timezone.now())

    audit_log.record_of_account(Actor(user=user), AuditAction.SIGNED_IN, user=user, device="Firefox")

    assert {(entry.team, entry.subject, entry.detail["device"]) for entry in entries()} == {
        (team, user.email, "Firefox"),
        (second, user.email, "Firefox"),
    }


def test_what_concerns_a_person_in_no_team_is_kept_all_the_same(db):
    user = make_user()

    audit_log.record_of_account(INSTALLATION, AuditAction.SIGN_IN_FAILED, user=user)

    assert entries().get().team is None


STRANGER = Actor(ip="203.0.113.9")


def failures():
    return AuditEntry.objects.filter(action=AuditAction.SIGN_IN_FAILED).order_by("id")


def test_failed_sign_ins_are_written_down_once_an_hour_for_a_person_and_a_method(team):  # A11
    user, other = make_member(team=team), make_member(team=team)
    second = make_team(owner=user)

    for _ in range(3):
        audit_log.record_failed_sign_in(STRANGER, user=user, method="password")
    audit_log.record_failed_sign_in(STRANGER, user=other, method="password")

    assert [(entry.team, entry.subject) for entry in failures().filter(subject=other.email)] == [(team, other.email)]
    assert {entry.team for entry in failures().filter(subject=user.email)} == {team, second}
    assert failures().count() == 3
    assert {(entry.ip, entry.user, entry.detail["method"]) for entry in failures()} == {(STRANGER.ip, None, "password")}


def test_wrong_passwords_do_not_hide_that_someone_got_as_far_as_the_code(team):
    user = make_member(team=team)

    for method in ("password", "code", "password", "code"):
        audit_log.record_failed_sign_in(STRANGER, user=user, method=method)

    assert [entry.detail for entry in failures()] == [{"method": "password"}, {"method": "code"}]


def test_the_next_hour_has_a_failure_of_its_own(team):
    user = make_member(team=team)
    earlier = uuid7(nanoseconds=int((timezone.now() - timedelta(minutes=61)).timestamp() * 10**9))
    AuditEntry.objects.create(
        id=earlier,
        team=team,
        action=AuditAction.SIGN_IN_FAILED,
        subject=user.email,
        subject_id=user.pk,
        detail={"method": "password"},
    )

    for _ in range(2):
        audit_log.record_failed_sign_in(STRANGER, user=user, method="password")

    assert failures().count() == 2


def test_failures_of_someone_in_no_team_are_bounded_too(db):
    user = make_user()

    for _ in range(3):
        audit_log.record_failed_sign_in(STRANGER, user=user, method="password")

    assert [entry.team for entry in failures()] == [None]


@pytest.mark.django_db(transaction=True)
def test_failures_at_once_are_one_entry():
    user = make_member(team=make_team())

    race(
        lambda _: audit_log.record_failed_sign_in(STRANGER, user=user, method="password"),
        range(8),
        threads=8,
    )

    assert failures().count() == 1
