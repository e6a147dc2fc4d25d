"""I6: a final generation has no open hold, any other has exactly one; and what it was charged is what was captured.

Its hold counts against the budgets of whoever asked for it; holds from before there were budgets name no month.
"""

from django.db import connection

_WRONG = """
SELECT g.id, g.state, g.held_credits, g.charged_credits,
       hold.held_delta AS held, settled.kind AS settled, coalesce(settled.spent_delta, 0) AS captured,
       g.api_key_id, hold.api_key_id AS counted_for_key, g.created_by_id, hold.member_id AS counted_for_member
FROM generations_generation g
LEFT JOIN accounts_creditentry hold ON hold.hold_id = g.hold_id AND hold.kind = 'hold'
LEFT JOIN accounts_creditentry settled ON settled.hold_id = g.hold_id AND settled.kind IN ('capture', 'release')
WHERE hold.id IS NULL
   OR hold.held_delta <> g.held_credits
   OR (g.ended_at IS NULL) <> (settled.id IS NULL)
   OR coalesce(settled.spent_delta, 0) <> g.charged_credits
   OR hold.period <> ''
      AND (g.api_key_id, g.created_by_id) IS DISTINCT FROM (hold.api_key_id, hold.member_id)
ORDER BY g.id
"""


def audit() -> list[dict[str, object]]:
    """The generations whose hold, end and charge do not agree, a dict each; empty when the books are right."""
    with connection.cursor() as cursor:
        cursor.execute(_WRONG)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, map(str, row), strict=True)) for row in cursor.fetchall()]
