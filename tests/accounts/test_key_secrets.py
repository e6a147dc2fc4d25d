import hashlib
import re
import secrets
import string
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts import keys
from accounts.actors import INSTALLATION
from accounts.key_settings import KeySettings
from accounts.keys import InvalidApiKey
from accounts.models import ApiSecret
from tests.factories import make_key, make_team
from tests.keys_at_work import HOUR

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
