import hashlib
import re
import secrets
import string
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db.models import F
from django.utils import timezone

from accounts import credits, keys
from accounts.actors import INSTALLATION, Actor
from accounts.key_settings import InvalidSetting, KeySettings
from accounts.keys import InvalidApiKey, KeyRevoked
from accounts.models import ApiKey, ApiSecret, AuditAction, AuditEntry, Team
from accounts.refusals import InsufficientCredits
from tests.factories import make_key, make_team, make_user

HOUR = timedelta(hours=1)
KEY_LETTERS = string.digits + string.ascii_letters


def malformed_keys(*, number):
    """As many strings that are almost keys, or nothing like them."""
    _, secret = keys.PREFIX, "sk-video-0123456789ABCDEFGHIJKLMNOPQRST096KMA"
    oddities = [
        "",
        "\0",
        " ",
        "sk-video-",
        "Bearer",
        "键",
        "\ud800",
        "é" * 45,
        "0" * 100_000,
        secret + "\n",
        f" {secret}",
    ]
    oddities += [secret[:cut] for cut in range(len(secret))]
    oddities += [secret + extra for extra in ("0", "\0", "\u0660", "'--")]
    oddities += [secret.upper(), secret.replace("sk-", "pk-"), secret.replace("0", "\u0660"), secret[::-1]]
    while len(oddities) < number:
        position = secrets.randbelow(36) + len("sk-video-")
        letter = secrets.choice(KEY_LETTERS.replace(secret[position], "") + "-_+/=% é\0")
        oddities.append(secret[:position] + letter + secret[position + 1 :])
    return oddities


def test_a_key_has_the_published_shape_and_checksum(db):  # A18
    found = [re.search(r"sk-video-[0-9A-Za-z]{36}", f'token="{make_key()[1]}",') for _ in range(100)]

    assert all(match and keys.well_formed(match[0]) for match in found)


def test_random_text_is_not_taken_for_a_key():  # A18
    text = secrets.token_urlsafe(10_000_000)

    assert [match for match in re.findall(r"sk-video-[0-9A-Za-z]{36}", text) if keys.well_formed(match)] == []


def test_the_checksum_is_the_published_one():
    assert keys.well_formed("sk-video-0123456789ABCDEFGHIJKLMNOPQRST096KMA")


def test_malformed_keys_are_refused_without_asking_the_database(django_assert_num_queries, db):  # A4
    malformed = malformed_keys(number=1_000)

    with django_assert_num_queries(0):
        for secret in malformed:
            with pytest.raises(InvalidApiKey):
                keys.authenticate(secret)

    assert len(malformed) == 1_000


def is_good(secret: str) -> bool:
    try:
        keys.authenticate(secret)
    except InvalidApiKey:
        return False
    return True


def entries(action: str = "") -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action__startswith=action or "key.").order_by("id"))


def let_pass(time: timedelta) -> None:
    """All secrets and keys as they are so much later."""
    ApiSecret.objects.update(valid_until=F("valid_until") - time)
    ApiKey.objects.update(expires_at=F("expires_at") - time)


def test_of_a_secret_only_its_digest_and_last_four_characters_are_kept(transactional_db, tmp_path):  # A5
    key, first = make_key()
    second = keys.rotate(key, grace=HOUR, by=INSTALLATION)
    keys.change(key, KeySettings(name="other"), by=INSTALLATION)

    call_command("dumpdata", "accounts", output=str(tmp_path / "dump.json"))

    dump = (tmp_path / "dump.json").read_text()
    for secret in (first, second):
        assert hashlib.sha256(secret.encode()).hexdigest() in dump
        assert secret[:-4] not in dump
        assert secret[9:39] not in dump


def test_a_key_is_recognised_with_its_team_and_secret_in_one_query(db, django_assert_num_queries):
    team = make_team()
    key, secret = make_key(team=team)

    with django_assert_num_queries(1):
        found = keys.authenticate(secret)
        assert found.team == team
        assert found.secret.hint == secret[-4:]

    assert found == key


def test_a_key_that_was_never_one_of_ours_is_told_from_one_that_has_ended(db):
    key, revoked = make_key()
    keys.revoke(key, by=INSTALLATION)
    guess = "sk-video-0123456789ABCDEFGHIJKLMNOPQRST096KMA"

    with pytest.raises(keys.UnknownApiKey):
        keys.authenticate(guess)
    with pytest.raises(InvalidApiKey) as refusal:
        keys.authenticate(revoked)

    assert type(refusal.value) is InvalidApiKey


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


def test_a_rotated_key_keeps_its_id_and_settings_and_both_secrets_work(db):
    key, old = make_key(name="robot", monthly_budget_credits=7)

    new = keys.rotate(key, grace=HOUR, by=INSTALLATION)

    assert new != old
    assert [keys.authenticate(secret).pk for secret in (old, new)] == [key.pk, key.pk]
    assert KeySettings.of(keys.authenticate(new)) == KeySettings.of(key)
    assert keys.authenticate(new).secret.is_current
    assert not keys.authenticate(old).secret.is_current


def test_the_old_secret_ends_with_its_grace_and_the_new_one_does_not(db):
    key, old = make_key()
    new = keys.rotate(key, grace=HOUR, by=INSTALLATION)

    let_pass(HOUR - timedelta(seconds=30))
    assert is_good(old)
    let_pass(timedelta(seconds=30))

    assert not is_good(old)
    assert is_good(new)


def test_the_old_secret_works_up_to_the_very_end_of_its_grace(db):
    key, old = make_key()
    keys.rotate(key, grace=timedelta(seconds=1), by=INSTALLATION)
    end = ApiSecret.objects.get(hint=old[-4:]).valid_until

    seen = []
    while not seen or seen[-1][0] < end + timedelta(seconds=0.1):
        seen.append((timezone.now(), is_good(old), timezone.now()))

    assert all(good for _, good, after in seen if after < end)
    assert not any(good for before, good, _ in seen if before > end)


def test_without_a_grace_the_old_secret_ends_at_once(db):
    key, old = make_key()

    new = keys.rotate(key, grace=timedelta(0), by=INSTALLATION)

    assert not is_good(old)
    assert is_good(new)


def test_rotating_again_leaves_an_earlier_grace_as_it_was(db):
    key, first = make_key()
    second = keys.rotate(key, grace=HOUR, by=INSTALLATION)
    ends = ApiSecret.objects.get(hint=first[-4:]).valid_until

    third = keys.rotate(key, grace=2 * HOUR, by=INSTALLATION)

    assert [is_good(secret) for secret in (first, second, third)] == [True, True, True]
    assert ApiSecret.objects.get(hint=first[-4:]).valid_until == ends
    assert ApiSecret.objects.filter(valid_until=None).count() == 1


@pytest.mark.parametrize("grace", [timedelta(seconds=-1), timedelta(days=30, seconds=1)])
def test_a_grace_out_of_range_is_refused_and_changes_nothing(db, grace):
    key, secret = make_key()

    with pytest.raises(InvalidSetting) as refusal:
        keys.rotate(key, grace=grace, by=INSTALLATION)

    assert refusal.value.field == "grace_seconds"
    assert ApiSecret.objects.count() == 1
    assert is_good(secret)


def test_a_rotation_ends_every_older_secret_with_its_own_grace_at_the_latest(db):
    key, first = make_key()
    second = keys.rotate(key, grace=2 * HOUR, by=INSTALLATION)

    third = keys.rotate(key, grace=HOUR, by=INSTALLATION)
    let_pass(HOUR)

    assert [is_good(secret) for secret in (first, second, third)] == [False, False, True]


def test_a_rotation_without_a_grace_leaves_no_older_secret(db):
    key, first = make_key()
    second = keys.rotate(key, grace=HOUR, by=INSTALLATION)

    third = keys.rotate(key, grace=timedelta(0), by=INSTALLATION)

    assert [is_good(secret) for secret in (first, second, third)] == [False, False, True]


def test_an_old_secret_that_has_ended_is_not_brought_back_by_a_rotation(db):
    key, first = make_key()
    keys.rotate(key, grace=timedelta(0), by=INSTALLATION)
    ended = ApiSecret.objects.get(hint=first[-4:]).valid_until

    keys.rotate(key, grace=HOUR, by=INSTALLATION)

    assert ApiSecret.objects.get(hint=first[-4:]).valid_until == ended


def test_of_more_than_ten_old_secrets_the_oldest_end_first(db):
    key, first = make_key()
    made = [first, *(keys.rotate(key, grace=HOUR, by=INSTALLATION) for _ in range(12))]

    assert [is_good(secret) for secret in made] == [False] * 2 + [True] * 11


def test_a_rotation_that_names_another_secret_than_the_current_one_does_nothing(db):
    key, old = make_key()
    new = keys.rotate(key, grace=HOUR, by=INSTALLATION, current_hint=old[-4:])

    with pytest.raises(keys.NotCurrent):
        keys.rotate(key, grace=timedelta(0), by=INSTALLATION, current_hint=old[-4:])

    assert [is_good(old), is_good(new), ApiSecret.objects.count()] == [True, True, 2]
    assert len(entries(AuditAction.KEY_ROTATED)) == 1


def test_what_ended_thirty_days_ago_is_forgotten_but_when_the_key_was_last_used(db):
    key, first = make_key()
    second = keys.rotate(key, grace=timedelta(0), by=INSTALLATION)
    keys.rotate(key, grace=timedelta(0), by=INSTALLATION)
    now = timezone.now()
    ApiSecret.objects.filter(hint=first[-4:]).update(last_used_at=now - 2 * HOUR)
    ApiSecret.objects.filter(hint=second[-4:]).update(last_used_at=now - HOUR)

    keys.forget_ended(now + timedelta(days=29))
    assert ApiSecret.objects.count() == 3
    keys.forget_ended(now + timedelta(days=31))
    keys.forget_ended(now + timedelta(days=31))

    assert not ApiSecret.objects.filter(hint=first[-4:]).exists()
    assert ApiSecret.objects.filter(hint=second[-4:]).exists()
    keys.touch(ApiSecret.objects.get(valid_until=None), None)
    keys.forget_ended(now + timedelta(days=31))
    assert [secret.is_current for secret in ApiSecret.objects.all()] == [True]


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


def test_old_secrets_can_be_ended_before_their_time(db):
    key, old = make_key()
    new = keys.rotate(key, grace=HOUR, by=INSTALLATION)

    assert keys.end_old_secrets(key, by=INSTALLATION) == 1
    assert keys.end_old_secrets(key, by=INSTALLATION) == 0

    assert not is_good(old)
    assert is_good(new)
    assert [entry.detail for entry in entries(AuditAction.KEY_CHANGED)] == [{"ended_secrets": 1}]


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


def test_no_secret_is_ever_in_the_audit_log(db):  # A8
    key, first = make_key()
    second = keys.rotate(key, grace=HOUR, by=INSTALLATION)
    keys.revoke(key, by=INSTALLATION)

    told = str(list(AuditEntry.objects.values()))

    assert len(entries()) == 3
    assert first[9:] not in told
    assert second[9:] not in told


def test_use_is_noted_with_its_address_at_most_once_a_minute(db, django_assert_num_queries):
    _, secret = make_key()
    keys.touch(keys.authenticate(secret).secret, "203.0.113.9")
    used = keys.authenticate(secret).secret
    first = used.last_used_at

    with django_assert_num_queries(0):
        keys.touch(used, "203.0.113.10")
    ApiSecret.objects.update(last_used_at=first - timedelta(seconds=61))
    keys.touch(keys.authenticate(secret).secret, "::ffff:203.0.113.11")

    row = ApiSecret.objects.get()
    assert first is not None
    assert used.last_used_ip == "203.0.113.9"
    assert row.last_used_at >= first
    assert row.last_used_ip == "203.0.113.11"


def test_each_secret_knows_when_it_was_last_used(db):
    key, old = make_key()
    new = keys.rotate(key, grace=HOUR, by=INSTALLATION)

    keys.touch(keys.authenticate(old).secret, None)

    assert keys.authenticate(old).secret.last_used_at is not None
    assert keys.authenticate(new).secret.last_used_at is None


def test_a_use_already_noted_by_another_process_is_not_written_again(db):
    _, secret = make_key()
    stale = keys.authenticate(secret).secret
    keys.touch(keys.authenticate(secret).secret, None)
    noted = ApiSecret.objects.get().last_used_at

    keys.touch(stale, None)

    assert ApiSecret.objects.get().last_used_at == noted


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
