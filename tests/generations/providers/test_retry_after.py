"""The formats and figures of several providers' headers; now is 1763701200."""

from datetime import UTC, datetime

import pytest

from generations.providers.retry_after import retry_after_seconds

NOW = datetime.fromtimestamp(1763701200, UTC)


@pytest.mark.parametrize(
    ("name", "value", "seconds"),
    [
        ("retry-after", "7", 7),
        ("retry-after", "Fri, 21 Nov 2025 05:00:30 GMT", 30),
        ("retry-after", "999999999", 300),
        ("retry-after", "-5", 1),
        ("retry-after", "abc", 30),
        ("retry-after", "", 30),
        ("x-ratelimit-reset", "1763701260", 60),
        ("x-ratelimit-reset", "1763701260000", 60),
        ("x-ratelimit-retryafter", "3600", 300),
        ("x-ratelimit-reset-requests", "6s", 6),
        ("x-ratelimit-reset-requests", "12ms", 1),
        ("x-ratelimit-reset-requests", "1m30s", 90),
        ("x-ratelimit-reset-requests", "1h2m3s", 300),
        ("anthropic-ratelimit-requests-reset", "2025-11-21T05:00:45Z", 45),
        ("ratelimit", '"create";r=0;t=31', 31),
        ("ratelimit", "nan", 30),
        ("x-ratelimit-reset", "nan", 30),
        ("unrelated", "7", 30),
    ],
)
def test_later_is_read_from_whichever_header_says_it(name, value, seconds):  # P5
    assert retry_after_seconds({name: value}, NOW) == seconds
