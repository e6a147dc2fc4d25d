from datetime import UTC, datetime, timedelta

import pytest

from accounts.webhooks.schedule import next_wait

NOW = datetime(2025, 11, 21, 5, 0, 0, tzinfo=UTC)
DAY = 24 * 3600


def wait_after(attempts, *, status=500, retry_after=""):
    return next_wait(attempts, status=status, retry_after=retry_after, now=NOW)


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(1, 5), (2, 300), (3, 1800), (4, 7200), (5, 18000), (6, 36000), (7, 36000)]
)
def test_each_wait_is_the_scheduled_one_give_or_take_a_fifth(attempts, seconds):  # C1
    waits = {wait_after(attempts) for _try in range(200)}

    assert timedelta(seconds=0.8 * seconds) <= min(waits) < max(waits) <= timedelta(seconds=1.2 * seconds)


@pytest.mark.parametrize("status", [500, 429, 301, None])
def test_the_eighth_attempt_is_the_last(status):  # C1
    assert wait_after(8, status=status, retry_after="60") is None


def test_gone_ends_it_at_once():  # C4
    assert wait_after(1, status=410) is None


@pytest.mark.parametrize("status", [429, 502, 503, 504])
@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        ("100", 100),
        ("Fri, 21 Nov 2025 05:01:40 GMT", 100),
        ("Friday, 21-Nov-25 05:01:40 GMT", 100),
        ("999999999", DAY),
        ("1" + "0" * 17, DAY),
        ("Fri, 21 Nov 2125 05:00:30 GMT", DAY),
    ],
)
def test_retry_after_lengthens_the_wait_to_a_day_at_most(status, retry_after, seconds):  # C4
    assert wait_after(1, status=status, retry_after=retry_after) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "retry_after",
    [
        "1",
        "-5",
        "abc",
        "",
        "9" * 5000,
        "٣٠٠",
        "Fri, 99 Foo",
        "Fri, 21 Nov 2025 05:00:30 +" + "9" * 20,
        "Fri, 21 Nov 2024 05:00:30 GMT",
        ",",
        "\ufffd",
    ],
)
def test_a_retry_after_that_is_short_past_or_senseless_changes_nothing(retry_after):  # C4
    assert timedelta(seconds=4) <= wait_after(1, status=503, retry_after=retry_after) <= timedelta(seconds=6)


def test_retry_after_counts_only_where_it_belongs():  # C4
    assert wait_after(1, status=500, retry_after="3600") <= timedelta(seconds=6)
