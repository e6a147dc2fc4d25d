from datetime import UTC, date, datetime

import pytest
from django.template.loader import render_to_string
from django.utils.formats import date_format
from django.utils.translation import override

AT = datetime(2026, 9, 5, 15, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "day", "moment"),
    [
        ("en", "Sep 5, 2026", "Sep 5, 2026, 3:04 PM"),
        ("zh-hans", "2026年9月5日", "2026年9月5日 15:04"),
    ],
)
def test_days_are_written_as_the_browsers_script_writes_them(language, day, moment):
    with override(language):
        assert date_format(date(2026, 9, 5), "DATE_FORMAT") == day
        assert f">{moment} UTC</time>" in render_to_string("components/time.html", {"at": AT})
