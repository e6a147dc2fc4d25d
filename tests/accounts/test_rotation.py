from datetime import timedelta
from uuid import uuid4

import pytest

from accounts import keys
from accounts.actors import INSTALLATION
from accounts.models import ApiSecret
from accounts.rotation import rotate_once
from tests.factories import make_key
from tests.races import race

HOUR = timedelta(hours=1)


def current_of(key):
    return key.secrets.get(valid_until=None)


def test_it_rotates(db):
    key, old = make_key()

    new = rotate_once(key, current=current_of(key).pk, grace=HOUR, by=INSTALLATION)

    assert keys.authenticate(new) == keys.authenticate(old) == key


def test_the_same_again_does_nothing(db):
    key, _old = make_key()
    current = current_of(key).pk
    new = rotate_once(key, current=current, grace=HOUR, by=INSTALLATION)

    again = rotate_once(key, current=current, grace=timedelta(0), by=INSTALLATION)

    assert (again, ApiSecret.objects.count()) == (None, 2)
    assert keys.authenticate(new) == key


def test_the_secret_of_another_key_rotates_nothing(db):
    key, _secret = make_key()
    other, _secret = make_key()

    answers = [rotate_once(key, current=each, grace=HOUR, by=INSTALLATION) for each in (current_of(other).pk, uuid4())]

    assert (answers, ApiSecret.objects.count()) == ([None, None], 2)


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_rotates():
    key, _secret = make_key()
    current = current_of(key).pk

    def rotate(_number):
        return rotate_once(key, current=current, grace=HOUR, by=INSTALLATION)

    answers = race(rotate, range(8), threads=8)

    assert [answer is None for answer in answers].count(False) == 1
    assert ApiSecret.objects.count() == 2
