import hashlib
import re
import secrets
import string
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import keys
from accounts.models import ApiKey
from tests.factories import make_key, make_team, make_user

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
            with pytest.raises(keys.InvalidApiKey):
                keys.authenticate(secret)

    assert len(malformed) == 1_000


def test_only_the_digest_and_the_last_four_characters_are_kept(db):  # A5
    key, secret = make_key()

    kept = ApiKey.objects.values().get(pk=key.pk)

    assert kept["digest"] == hashlib.sha256(secret.encode()).hexdigest()
    assert kept["hint"] == secret[-4:]
    assert secret[9:39] not in str(kept)


def test_a_key_is_recognised_with_its_team_in_one_query(db, django_assert_num_queries):
    team = make_team()
    key, secret = make_key(team=team)

    with django_assert_num_queries(1):
        found = keys.authenticate(secret)
        assert found.team == team

    assert found == key


def test_an_unknown_key_is_refused(db):
    key, secret = make_key()
    key.delete()

    with pytest.raises(keys.InvalidApiKey):
        keys.authenticate(secret)


def test_a_key_of_a_closed_team_is_refused(db):
    key, secret = make_key()
    key.team.closed_at = timezone.now()
    key.team.save()

    with pytest.raises(keys.InvalidApiKey):
        keys.authenticate(secret)


def test_a_revoked_key_ends_at_once(db):  # A6
    for _ in range(100):
        key, secret = make_key()
        keys.authenticate(secret)

        keys.revoke(key)

        with pytest.raises(keys.InvalidApiKey):
            keys.authenticate(secret)


def test_revoking_again_keeps_the_first_time(db):
    key, _ = make_key()
    keys.revoke(key)
    first = ApiKey.objects.get(pk=key.pk).revoked_at

    keys.revoke(key)

    assert ApiKey.objects.get(pk=key.pk).revoked_at == first


def test_use_is_noted_at_most_once_a_minute(db, django_assert_num_queries):
    key, secret = make_key()
    keys.touch(key)
    used = keys.authenticate(secret)
    first = used.last_used_at

    with django_assert_num_queries(0):
        keys.touch(used)
    ApiKey.objects.update(last_used_at=first - timedelta(seconds=61))
    earlier = keys.authenticate(secret)
    keys.touch(earlier)

    assert first is not None
    assert ApiKey.objects.get(pk=key.pk).last_used_at >= first


def test_a_use_already_noted_by_another_process_is_not_written_again(db):
    key, secret = make_key()
    stale = keys.authenticate(secret)
    keys.touch(key)
    noted = ApiKey.objects.get(pk=key.pk).last_used_at

    keys.touch(stale)

    assert ApiKey.objects.get(pk=key.pk).last_used_at == noted


def test_a_key_outlives_the_user_who_made_it(db):
    maker = make_user()
    key, secret = keys.issue(make_team(), name="CI", created_by=maker)

    maker.delete()

    assert keys.authenticate(secret) == key
