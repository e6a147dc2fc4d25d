from dataclasses import replace
from datetime import UTC, datetime

from accounts import keys
from accounts.actors import INSTALLATION, Actor
from accounts.key_settings import KeySettings
from accounts.models import AuditAction, AuditEntry
from tests.factories import make_key, make_team, make_user
from tests.keys_at_work import HOUR, entries


def test_who_made_a_key_and_with_what_is_in_the_audit_log(db):
    maker = make_user()
    by = Actor(user=maker, ip="203.0.113.9")
    settings = KeySettings(name="robot", scopes=("read",), allowed_networks=("10.0.0.0/8", "::1"), rate_plan="free")

    key, _ = keys.issue(make_team(owner=maker), settings, by=by)

    (entry,) = entries(AuditAction.KEY_CREATED)
    assert (entry.action, entry.user, entry.ip) == ("key.created", maker, "203.0.113.9")
    assert (entry.team, entry.subject, entry.subject_id) == (key.team, "robot", key.pk)
    assert entry.detail == {
        "name": "robot",
        "scopes": "read",
        "allowed_networks": "10.0.0.0/8, ::1",
        "rate_plan": "free",
    }
    assert key.created_by == maker


def test_a_change_is_told_from_what_to_what(db):
    key, _ = make_key(name="robot", monthly_budget_credits=100)
    end = datetime(2030, 1, 2, 3, 4, tzinfo=UTC)
    settings = replace(KeySettings.of(key), monthly_budget_credits=None, scopes=("read",), expires_at=end)

    keys.change(key, settings, by=INSTALLATION)

    (entry,) = entries(AuditAction.KEY_CHANGED)
    assert entry.detail == {
        "monthly_budget_credits": [100, None],
        "scopes": ["generate, read", "read"],
        "expires_at": [None, "2030-01-02T03:04:00Z"],
    }


def test_a_change_that_changes_nothing_is_not_told(db):
    key, _ = make_key(scopes=("generate", "read"))

    keys.change(key, replace(KeySettings.of(key), scopes=("read", "generate", "read")), by=INSTALLATION)

    assert entries(AuditAction.KEY_CHANGED) == []


def test_no_secret_is_ever_in_the_audit_log(db):  # A8
    key, first = make_key()
    second = keys.rotate(key, grace=HOUR, by=INSTALLATION)
    keys.revoke(key, by=INSTALLATION)

    told = str(list(AuditEntry.objects.values()))

    assert len(entries()) == 3
    assert first[9:] not in told
    assert second[9:] not in told
