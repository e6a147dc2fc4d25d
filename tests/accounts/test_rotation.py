from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts import keys
from accounts.actors import INSTALLATION
from accounts.key_settings import KeySettings
from accounts.models import ApiSecret, AuditAction
from accounts.refusals import InvalidSetting
from tests.factories import make_key
from tests.keys_at_work import HOUR, entries, is_good, let_pass
from tests.races import race


def current_of(key):
    return key.secrets.get(valid_until=None)


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


@pytest.mark.parametrize("name", ["current_hint", "current_id"])
def test_a_rotation_that_names_another_secret_than_the_current_one_does_nothing(db, name):
    key, old = make_key()
    replaced = {"current_hint": old[-4:], "current_id": current_of(key).pk}[name]
    new = keys.rotate(key, grace=HOUR, by=INSTALLATION, **{name: replaced})

    with pytest.raises(keys.NotCurrent) as refusal:
        keys.rotate(key, grace=timedelta(0), by=INSTALLATION, **{name: replaced})

    assert refusal.value.hint == new[-4:]
    assert [is_good(old), is_good(new), ApiSecret.objects.count()] == [True, True, 2]
    assert len(entries(AuditAction.KEY_ROTATED)) == 1


def test_old_secrets_can_be_ended_before_their_time(db):
    key, old = make_key()
    new = keys.rotate(key, grace=HOUR, by=INSTALLATION)

    assert keys.end_old_secrets(key, by=INSTALLATION) == 1
    assert keys.end_old_secrets(key, by=INSTALLATION) == 0

    assert not is_good(old)
    assert is_good(new)
    assert [entry.detail for entry in entries(AuditAction.KEY_CHANGED)] == [{"ended_secrets": 1}]


def test_the_secret_of_another_key_rotates_nothing(db):
    key, _secret = make_key()
    other, _secret = make_key()

    for each in (current_of(other).pk, uuid4()):
        with pytest.raises(keys.NotCurrent):
            keys.rotate(key, grace=HOUR, by=INSTALLATION, current_id=each)

    assert ApiSecret.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_many_who_name_the_same_secret_at_once_one_rotates():
    key, _secret = make_key()
    current = current_of(key).pk

    def rotate(_number):
        try:
            return keys.rotate(key, grace=HOUR, by=INSTALLATION, current_id=current)
        except keys.NotCurrent:
            return None

    answers = race(rotate, range(8), threads=8)

    assert [answer is None for answer in answers].count(False) == 1
    assert ApiSecret.objects.count() == 2
