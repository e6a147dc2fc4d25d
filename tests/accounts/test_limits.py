from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import limits
from accounts.limits import Rate, rate_of
from accounts.models import RateWindow
from tests.factories import make_key
from tests.races import race

MINUTE, HOUR = 60, 3600


def make_window_older(seconds: float) -> None:
    RateWindow.objects.update(started_at=timezone.now() - timedelta(seconds=seconds))


def asked(key, *, times: int, rate: Rate) -> int:
    """How many of so many requests are let through."""
    return sum(limits.count(key.pk, "create", rate).allowed for _ in range(times))


def test_of_many_requests_at_once_exactly_the_limit_is_allowed(transactional_db):  # D8
    key, _ = make_key()

    states = race(lambda _: limits.count(key.pk, "create", Rate(1000, MINUTE)), range(1_500), threads=32)

    allowed = [state.remaining for state in states if state.allowed]
    assert sorted(allowed) == list(range(1_000))
    assert {state.remaining for state in states if not state.allowed} == {0}
    assert len({state.reset_at for state in states}) == 1


@pytest.mark.parametrize("seconds", [1, MINUTE, HOUR, 31 * 24 * HOUR])
def test_the_state_says_when_the_window_ends(db, seconds):
    key, _ = make_key()
    before = timezone.now()

    state = limits.count(key.pk, "read", Rate(5, seconds))

    assert (state.limit, state.seconds, state.remaining, state.allowed) == (5, seconds, 4, True)
    assert abs(state.reset_at - before - timedelta(seconds=seconds)) < timedelta(seconds=1)
    assert seconds - 1 <= state.retry_after_seconds <= seconds


def test_above_the_limit_it_says_how_long_to_wait(db):
    key, _ = make_key()
    limits.count(key.pk, "create", Rate(1, MINUTE))
    make_window_older(50.5)

    state = limits.count(key.pk, "create", Rate(1, MINUTE))

    assert (state.remaining, state.allowed) == (0, False)
    assert state.retry_after_seconds in (9, 10)


def test_the_first_request_after_the_window_opens_the_next(db):
    key, _ = make_key()
    first = limits.count(key.pk, "create", Rate(1, MINUTE))
    assert not limits.count(key.pk, "create", Rate(1, MINUTE)).allowed
    make_window_older(60)

    state = limits.count(key.pk, "create", Rate(1, MINUTE))

    assert state.allowed
    assert state.reset_at > first.reset_at


def test_kinds_and_keys_are_counted_apart(db):
    one, _ = make_key()
    other, _ = make_key()

    states = [limits.count(key.pk, kind, Rate(1, MINUTE)) for key in (one, other) for kind in ("create", "read")]

    assert [state.allowed for state in states] == [True] * 4
    assert RateWindow.objects.count() == 4


def test_counting_takes_one_query_and_a_refusal_two(db, django_assert_num_queries):
    key, _ = make_key()

    with django_assert_num_queries(1):
        limits.count(key.pk, "create", Rate(1, MINUTE))
    with django_assert_num_queries(2):
        limits.count(key.pk, "create", Rate(1, MINUTE))


def test_without_a_limit_nothing_is_counted(db, django_assert_num_queries):
    key, _ = make_key()

    with django_assert_num_queries(0):
        assert limits.count(key.pk, "create", Rate(None, MINUTE)) is None


@pytest.mark.parametrize(
    ("settings", "creates", "reads"),
    [
        ({"rate_plan": "standard"}, Rate(1000, MINUTE), Rate(1000, MINUTE)),
        ({"rate_plan": "free"}, Rate(10, HOUR), Rate(1000, MINUTE)),
        ({"rate_plan": "pro"}, Rate(1000, HOUR), Rate(1000, MINUTE)),
        ({"rate_plan": "enterprise"}, Rate(None, MINUTE), Rate(None, MINUTE)),
        ({"rate_plan": "own", "rate_limit": 3, "rate_seconds": 7}, Rate(3, 7), Rate(1000, MINUTE)),
    ],
)
def test_each_plan_has_its_figures(db, settings, creates, reads):
    key, _ = make_key(**settings)

    assert (rate_of(key, "create"), rate_of(key, "read")) == (creates, reads)


def test_a_larger_plan_leaves_room_for_all_but_what_was_let_through(db):
    key, _ = make_key()
    free, pro = Rate(10, HOUR), Rate(1000, HOUR)
    assert asked(key, times=50, rate=free) == 10

    assert asked(key, times=1000, rate=pro) == 990


def test_a_smaller_plan_forgives_nothing(db):
    key, _ = make_key()
    assert asked(key, times=30, rate=Rate(1000, HOUR)) == 30

    state = limits.count(key.pk, "create", Rate(10, HOUR))

    assert (state.allowed, state.limit, state.remaining) == (False, 10, 0)
    assert state.retry_after_seconds > HOUR - 60
    assert asked(key, times=1, rate=Rate(1000, HOUR)) == 1


def test_a_longer_window_is_the_one_that_is_running(db):
    key, _ = make_key()
    first = limits.count(key.pk, "create", Rate(1000, MINUTE))
    make_window_older(100)

    state = limits.count(key.pk, "create", Rate(10, HOUR))

    assert state.remaining == 8
    assert timedelta(seconds=HOUR - 160) < state.reset_at - first.reset_at < timedelta(seconds=HOUR - 60)
