import re
from datetime import date, timedelta

import pytest

from accounts.templatetags.key_pages import BARS_HEIGHT, LINE_HEIGHT, LINE_WIDTH, bars, sparkline
from accounts.usage import DAYS, DailyUsage


def usage_of(*credits):
    """These credits on the last days, nothing before."""
    days = [date(2026, 11, 21) - timedelta(days=back) for back in reversed(range(DAYS))]
    return DailyUsage(days=days, credits=[0] * (DAYS - len(credits)) + list(credits))


def points_of(usage):
    return [tuple(map(float, point.split(","))) for point in sparkline(usage)["points"].split()]


def test_the_line_goes_from_edge_to_edge_and_to_the_top_on_the_busiest_day():
    points = points_of(usage_of(20, 40, 10))

    assert (len(points), points[0], points[-1][0]) == (DAYS, (0, LINE_HEIGHT - 1), LINE_WIDTH)
    assert [y for _x, y in points[-3:]] == [14, 1, 20.5]


@pytest.mark.parametrize("credits", [(), (0,), (-50,), (-50, 0)])
def test_without_spending_the_line_is_flat(credits):
    assert {y for _x, y in points_of(usage_of(*credits))} == {LINE_HEIGHT - 1}


def test_more_given_back_than_spent_does_not_leave_the_picture():
    assert [y for _x, y in points_of(usage_of(40, -400))][-2:] == [1, LINE_HEIGHT - 1]


def test_points_are_written_as_svg_has_them():
    assert re.fullmatch(r"(\d+\.\d,\d+\.\d ?)+", sparkline(usage_of(1, 3, 7))["points"])


def test_bars_are_as_high_as_the_day_was_busy_and_little_is_still_seen():
    drawn = bars(usage_of(0, 1, 500, 1_000, -5))["bars"]

    assert [bar.height for bar in drawn[-5:]] == [0, 3, BARS_HEIGHT / 2, BARS_HEIGHT, 0]
    assert all(bar.y + bar.height == BARS_HEIGHT for bar in drawn)


@pytest.mark.parametrize(
    ("credits", "words"),
    [
        ((), "Nothing spent in the last 30 days"),
        ((1,), "1 credit in the last 30 days, 1 on the busiest"),
        ((1_200, 34_000), "35,200 credits in the last 30 days, 34,000 on the busiest"),
        ((-90,), "-90 credits in the last 30 days, 0 on the busiest"),
    ],
)
def test_both_are_told_in_words(credits, words):
    assert sparkline(usage_of(*credits))["told"] == bars(usage_of(*credits))["told"] == words
