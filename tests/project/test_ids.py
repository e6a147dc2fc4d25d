from datetime import UTC, datetime, timedelta

import pytest
from uuid_utils.compat import uuid7

from project.ids import first_id

MOMENT = datetime(2026, 11, 21, 13, 0, 0, 500_000, tzinfo=UTC)


def made_at(moment):
    return uuid7(nanoseconds=int(moment.timestamp() * 1000) * 10**6)


def test_ids_of_a_moment_come_after_its_first_and_earlier_ones_before():
    assert made_at(MOMENT - timedelta(milliseconds=1)) < first_id(MOMENT) < made_at(MOMENT)


@pytest.mark.parametrize("skew_ms", [-60_000, 1000])
def test_the_skew_moves_it(skew_ms):
    assert first_id(MOMENT, skew_ms=skew_ms) == first_id(MOMENT + timedelta(milliseconds=skew_ms))


@pytest.mark.parametrize(
    ("moment", "skew_ms", "first"),
    [(datetime(1, 1, 1, tzinfo=UTC), 0, "0"), (datetime(1970, 1, 1, tzinfo=UTC), 2**50, "f")],
)
def test_what_no_id_can_hold_is_the_nearest_that_one_can(moment, skew_ms, first):
    assert first_id(moment, skew_ms=skew_ms).hex == first * 12 + "0" * 20
