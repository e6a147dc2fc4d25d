from dataclasses import replace
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts import credits, keys
from accounts.actors import INSTALLATION
from accounts.key_settings import KeySettings
from accounts.keys import KeyRevoked
from accounts.models import ApiKey, ApiSecret, AuditAction, Team
from accounts.refusals import InsufficientCredits, InvalidSetting
from tests.factories import make_key, make_team, make_user
from tests.keys_at_work import HOUR, entries, is_good, let_pass


def test_a_key_of_a_closing_team_is_refused(db):
    key, secret = make_key()
    Team.objects.filter(pk=key.team_id).update(closing_at=timezone.now())

    assert not is_good(secret)


def test_a_key_ends_when_it_expires(db):  # A7
    _, secret = make_key(expires_at=timezone.now() + HOUR)
    assert is_good(secret)

    let_pass(HOUR)

    assert not is_good(secret)


def test_a_revoked_key_ends_at_once(db):  # A6
    for _ in range(100):
        key, secret = make_key()
        assert is_good(secret)

        keys.revoke(key, by=INSTALLATION)

        assert not is_good(secret)


def test_revoking_ends_old_secrets_too(db):
    key, old = make_key()
    new = keys.rotate(key, grace=HOUR, by=INSTALLATION)

    keys.revoke(key, by=INSTALLATION)

    assert not is_good(old)
    assert not is_good(new)


def test_revoking_again_keeps_the_first_time_and_is_told_once(db):
    key, _ = make_key()
    keys.revoke(key, by=INSTALLATION)
    first = ApiKey.objects.get(pk=key.pk).revoked_at

    keys.revoke(key, by=INSTALLATION)

    assert ApiKey.objects.get(pk=key.pk).revoked_at == first
    assert len(entries(AuditAction.KEY_REVOKED)) == 1


def test_a_team_has_at_most_two_hundred_live_keys(db):
    team = make_team()
    first, _ = make_key(team=team)
    expired, _ = make_key(team=team, expires_at=timezone.now() + HOUR)
    ApiKey.objects.bulk_create(ApiKey(team=team, name="one of many") for _ in range(198))

    with pytest.raises(keys.TooManyKeys) as refusal:
        make_key(team=team)
    let_pass(2 * HOUR)
    make_key(team=team)
    with pytest.raises(keys.TooManyKeys):
        keys.change_some(expired, {"expires_at": None}, by=INSTALLATION)
    keys.change_some(expired, {"name": "tired"}, by=INSTALLATION)
    keys.revoke(first, by=INSTALLATION)
    keys.change_some(expired, {"expires_at": None}, by=INSTALLATION)

    assert refusal.value.limit == 200
    assert team.api_keys.filter(revoked_at=None).count() == 200
    make_key()  # of another team


def test_a_key_that_was_made_under_its_id_is_not_made_again(db):
    team, key_id = make_team(), uuid4()
    keys.issue(team, KeySettings(name="once"), by=INSTALLATION, key_id=key_id)

    for each in (team, make_team()):
        with pytest.raises(keys.AlreadyIssued):
            keys.issue(each, KeySettings(name="twice"), by=INSTALLATION, key_id=key_id)

    assert ApiKey.objects.get().name == "once"


def test_figures_go_with_the_plan_that_they_belong_to(db):
    key, _ = make_key(rate_plan="own", rate_limit=5, rate_seconds=60)

    with pytest.raises(InvalidSetting):
        keys.change_some(key, {"rate_plan": "pro", "rate_limit": 5}, by=INSTALLATION)
    changed = keys.change_some(key, {"rate_plan": "pro"}, by=INSTALLATION)

    assert (changed.rate_plan, changed.rate_limit, changed.rate_seconds) == ("pro", None, None)


def test_a_revoked_key_cannot_be_changed_or_rotated(db):
    key, _ = make_key(name="gone")
    keys.revoke(key, by=INSTALLATION)

    for act in (
        lambda: keys.rotate(key, grace=HOUR, by=INSTALLATION),
        lambda: keys.change(key, KeySettings(name="back"), by=INSTALLATION),
        lambda: keys.change_some(key, {"name": "back"}, by=INSTALLATION),
        lambda: keys.end_old_secrets(key, by=INSTALLATION),
    ):
        with pytest.raises(KeyRevoked):
            act()

    assert ApiKey.objects.get(pk=key.pk).name == "gone"
    assert ApiSecret.objects.count() == 1


def test_a_refused_change_changes_nothing(db):
    key, _ = make_key(name="robot", monthly_budget_credits=100)
    before = ApiKey.objects.values().get()

    with pytest.raises(InvalidSetting):
        keys.change(key, KeySettings(name="other", monthly_budget_credits=-1), by=INSTALLATION)

    assert ApiKey.objects.values().get() == before
    assert entries(AuditAction.KEY_CHANGED) == []


def test_only_what_is_named_changes(db):
    key, _ = make_key(name="robot", monthly_budget_credits=100, scopes=("read",))

    changed = keys.change_some(key, {"max_in_progress": 3}, by=INSTALLATION)

    assert KeySettings.of(changed) == replace(KeySettings.of(key), max_in_progress=3)
    assert ApiKey.objects.get(pk=key.pk).max_in_progress == 3


def test_a_new_end_will_be_warned_of_again(db):
    key, _ = make_key(expires_at=timezone.now() + HOUR)
    ApiKey.objects.update(expiry_told_at=timezone.now())

    renamed = keys.change_some(key, {"name": "other"}, by=INSTALLATION)
    assert renamed.expiry_told_at is not None
    prolonged = keys.change_some(key, {"expires_at": timezone.now() + 2 * HOUR}, by=INSTALLATION)

    assert prolonged.expiry_told_at is None


def test_an_expired_key_can_be_renamed_and_brought_back(db):
    key, secret = make_key(expires_at=timezone.now() + HOUR)
    let_pass(2 * HOUR)

    keys.change_some(key, {"name": "tired"}, by=INSTALLATION)
    assert not is_good(secret)
    keys.change_some(key, {"expires_at": None}, by=INSTALLATION)

    assert is_good(secret)


def test_a_key_outlives_the_user_who_made_it(db):
    maker = make_user()
    key, secret = keys.issue(make_team(), KeySettings(name="CI"), by=INSTALLATION)
    ApiKey.objects.update(created_by=maker)

    maker.delete()

    assert keys.authenticate(secret) == key


def test_a_new_budget_counts_what_was_used_before(db):
    team = make_team(granted=100)
    key, _ = make_key(team=team)
    credits.hold(team.pk, 40, hold_id=key.pk, api_key_id=key.pk)

    keys.change_some(key, {"lifetime_budget_credits": 50}, by=INSTALLATION)

    with pytest.raises(InsufficientCredits) as refusal:
        credits.hold(team.pk, 11, hold_id=team.pk, api_key_id=key.pk)
    assert (refusal.value.limit_source, refusal.value.available) == ("key_budget", 10)
