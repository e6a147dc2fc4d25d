import pytest

from tests.api import client_of
from tests.factories import make_team

STATUSES = ["pending", "processing", "completed", "failed", "cancelled"]


@pytest.mark.parametrize(
    ("query", "field", "constraint", "limit", "message"),
    [
        ("limit=0", "limit", "ge", 1, "limit must be at least 1."),
        ("limit=101", "limit", "le", 100, "limit must be at most 100."),
        ("limit=many", "limit", "type", "a whole number", "limit must be a whole number."),
        (f"q={'a' * 201}", "q", "max_length", 200, "q must have at most 200 characters."),
        ("status=gone", "status", "one_of", STATUSES, f"status must be one of: {', '.join(STATUSES)}."),
    ],
)
def test_a_wrong_query_is_told_with_its_rule_and_limit(db, query, field, constraint, limit, message):
    response = client_of(make_team()).get(f"/api/v1/tasks?{query}")

    error = response.json()["error"]
    assert (response.status_code, error["code"], error["message"]) == (400, "INVALID_PARAMETER", message)
    assert error["details"] == {"field": field, "constraint": constraint, "limit": limit, "value": None}
