from datetime import timedelta

from django.utils import timezone

from accounts import limits
from accounts.models import RateWindow
from tests.factories import make_key
from tests.races import race


def test_of_many_requests_at_once_exactly_the_limit_is_allowed(transactional_db):  # D8
    key, _ = make_key()

    states = race(lambda _: limits.count(key.pk, "create"), range(1_500), threads=32)

    allowed = [state.remaining for state in states if state.allowed]
    assert sorted(allowed) == list(range(1_000))
    assert {state.remaining for state in states if not state.allowed} == {0}
    assert len({state.reset_at for state in states}) == 1


def test_the_state_says_when_the_window_ends(db):
    key, _ = make_key()
    before = timezone.now()

    state = limits.count(key.pk, "read", limit=5)

    assert (state.limit, state.remaining, state.allowed) == (5, 4, True)
    assert before + timedelta(seconds=59) < state.reset_at < before + timedelta(seconds=61)
    assert state.retry_after_seconds in (59, 60)


def test_above_the_limit_it_says_how_long_to_wait(db):
    key, _ = make_key()
    limits.count(key.pk, "create", limit=1)
    RateWindow.objects.update(started_at=timezone.now() - timedelta(seconds=50.5))

    state = limits.count(key.pk, "create", limit=1)

    assert (state.remaining, state.allowed) == (0, False)
    assert state.retry_after_seconds in (9, 10)


def test_the_first_request_after_the_window_opens_the_next(db):
    key, _ = make_key()
    first = limits.count(key.pk, "create", limit=1)
    assert not limits.count(key.pk, "create", limit=1).allowed
    RateWindow.objects.update(started_at=timezone.now() - timedelta(seconds=60))

    state = limits.count(key.pk, "create", limit=1)

    assert state.allowed
    assert state.reset_at > first.reset_at


def test_kinds_and_keys_are_counted_apart(db):
    one, _ = make_key()
    other, _ = make_key()

    states = [limits.count(key.pk, kind, limit=1) for key in (one, other) for kind in ("create", "read")]

    assert [state.allowed for state in states] == [True] * 4
    assert RateWindow.objects.count() == 4


def test_counting_takes_one_query(db, django_assert_num_queries):
    key, _ = make_key()

    with django_assert_num_queries(1):
        limits.count(key.pk, "create")
