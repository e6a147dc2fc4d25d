"""Do the books close? Recomputed from the entries alone, by set-based queries that change nothing.

Each rule compares within one statement, and so within one snapshot: postings made meanwhile cannot look like errors.
"""

from dataclasses import dataclass
from uuid import UUID

from django.db import connection

_BALANCE_IS_THE_SUM = """
SELECT team_id, 'balance', sums.figures, balance.figures
FROM (
    SELECT team_id, concat_ws(' ', sequence, available, held, spent, granted) AS figures
    FROM accounts_creditbalance
) AS balance
FULL JOIN (
    SELECT team_id, concat_ws(
        ' ', count(*), sum(available_delta), sum(held_delta), sum(spent_delta), sum(granted_delta)
    ) AS figures
    FROM accounts_creditentry GROUP BY team_id
) AS sums USING (team_id)
WHERE coalesce(sums.figures, '0 0 0 0 0') IS DISTINCT FROM balance.figures
"""

_CHAIN_IS_UNBROKEN = """
SELECT team_id, 'entry ' || sequence, expected, found
FROM (
    SELECT
        team_id,
        sequence,
        concat_ws(' ', row_number() OVER chain, sum(available_delta) OVER chain, sum(held_delta) OVER chain,
                       sum(spent_delta) OVER chain, sum(granted_delta) OVER chain) AS expected,
        concat_ws(' ', sequence, available_after, held_after, spent_after, granted_after) AS found
    FROM accounts_creditentry
    WINDOW chain AS (PARTITION BY team_id ORDER BY sequence)
) AS entry
WHERE expected <> found
"""

_HELD_IS_THE_OPEN_HOLDS = """
SELECT team_id, 'held', coalesce(sum(hold.held_delta), 0)::text, balance.held::text
FROM accounts_creditbalance AS balance
LEFT JOIN (
    SELECT team_id, held_delta FROM accounts_creditentry AS opened
    WHERE kind = 'hold' AND NOT EXISTS (
        SELECT FROM accounts_creditentry AS settled
        WHERE settled.hold_id = opened.hold_id AND settled.kind IN ('capture', 'release')
    )
) AS hold USING (team_id)
GROUP BY team_id, balance.held
HAVING coalesce(sum(hold.held_delta), 0) <> balance.held
"""

_HOLDS_SETTLE_ONCE_AND_WHOLE = """
SELECT min(team_id::text)::uuid, 'hold ' || hold_id, '1 held, settled whole by at most 1 entry',
       string_agg(concat_ws(' ', kind, available_delta, held_delta, spent_delta), ', ' ORDER BY sequence)
FROM accounts_creditentry
WHERE hold_id IS NOT NULL AND kind IN ('hold', 'capture', 'release')
GROUP BY hold_id
HAVING count(*) FILTER (WHERE kind = 'hold') <> 1
    OR count(*) > 2
    OR count(*) = 2 AND sum(held_delta) <> 0
    OR count(DISTINCT team_id) <> 1
    OR sum(spent_delta) > sum(held_delta) FILTER (WHERE kind = 'hold')
"""

_REFUNDS_ARE_OF_WHAT_WAS_CAPTURED = """
SELECT min(refund.team_id::text)::uuid, 'refunds of ' || refund.hold_id,
       'at most ' || coalesce(capture.spent_delta, 0), (-sum(refund.spent_delta))::text
FROM accounts_creditentry AS refund
LEFT JOIN accounts_creditentry AS capture
    ON capture.hold_id = refund.hold_id AND capture.kind = 'capture' AND capture.team_id = refund.team_id
WHERE refund.kind = 'refund'
GROUP BY refund.hold_id, capture.spent_delta
HAVING -sum(refund.spent_delta) > coalesce(capture.spent_delta, 0)
"""

# An entry counts for its team and, where it names one, for its key or member, in its month and for ever.
_BUDGETS_ARE_THE_SUM = """
SELECT team_id, 'budget of ' || owner || ', ' || period, coalesce(sums.figures, '0 0'), kept.figures
FROM (
    SELECT team_id, coalesce('key ' || api_key_id, 'member ' || member_id, 'team') AS owner, period,
           concat_ws(' ', used_credits, open_holds) AS figures
    FROM accounts_budgetuse
) AS kept
FULL JOIN (
    SELECT entry.team_id, owner.name AS owner, span.period,
           concat_ws(' ', sum(held_delta + spent_delta),
                          count(*) FILTER (WHERE kind = 'hold') - count(*) FILTER (WHERE kind IN ('capture', 'release'))
           ) AS figures
    FROM accounts_creditentry AS entry,
         LATERAL (VALUES ('team'), ('key ' || api_key_id), ('member ' || member_id)) AS owner (name),
         LATERAL (VALUES (entry.period), ('lifetime')) AS span (period)
    WHERE entry.period <> '' AND owner.name IS NOT NULL
    GROUP BY entry.team_id, owner.name, span.period
) AS sums USING (team_id, owner, period)
WHERE coalesce(sums.figures, '0 0') IS DISTINCT FROM kept.figures
"""

_WHAT_FOLLOWS_NAMES_WHAT_ITS_HOLD_DOES = """
SELECT entry.team_id, entry.kind || ' of ' || entry.hold_id,
       concat_ws(' ', 'key', hold.api_key_id, 'member', hold.member_id, 'period', hold.period),
       concat_ws(' ', 'key', entry.api_key_id, 'member', entry.member_id, 'period', entry.period)
FROM accounts_creditentry AS entry
JOIN accounts_creditentry AS hold ON hold.hold_id = entry.hold_id AND hold.kind = 'hold'
WHERE entry.kind IN ('capture', 'release', 'refund')
AND (entry.api_key_id, entry.member_id, entry.period) IS DISTINCT FROM (hold.api_key_id, hold.member_id, hold.period)
"""

# A source brings its credits to its team once, whole; a refunded purchase took back what its row says.
_SOURCES_BRING_WHAT_THEY_SAY = """
SELECT team_id, source, coalesce(expected, 0)::text, coalesce(posted, 0)::text
FROM (
    SELECT team_id, 'purchase ' || id AS source, granted_credits - returned_credits AS expected FROM accounts_purchase
    UNION ALL SELECT team_id, 'code ' || id, credits FROM accounts_redeemcode WHERE redeemed_at IS NOT NULL
    UNION ALL SELECT team_id, 'allowance ' || id, credits FROM accounts_allowance
) AS kept
FULL JOIN (
    SELECT team_id, coalesce('purchase ' || purchase_id, 'code ' || redeem_code_id, 'allowance ' || allowance_id)
               AS source, sum(granted_delta) AS posted
    FROM accounts_creditentry
    WHERE num_nonnulls(purchase_id, redeem_code_id, allowance_id) > 0
    GROUP BY team_id, source
) AS entries USING (team_id, source)
WHERE coalesce(expected, 0) <> coalesce(posted, 0)
"""

RULES = {
    "balance_is_the_sum": _BALANCE_IS_THE_SUM,
    "chain_is_unbroken": _CHAIN_IS_UNBROKEN,
    "held_is_the_open_holds": _HELD_IS_THE_OPEN_HOLDS,
    "holds_settle_once_and_whole": _HOLDS_SETTLE_ONCE_AND_WHOLE,
    "refunds_are_of_what_was_captured": _REFUNDS_ARE_OF_WHAT_WAS_CAPTURED,
    "what_follows_names_what_its_hold_does": _WHAT_FOLLOWS_NAMES_WHAT_ITS_HOLD_DOES,
    "budgets_are_the_sum": _BUDGETS_ARE_THE_SUM,
    "sources_bring_what_they_say": _SOURCES_BRING_WHAT_THEY_SAY,
}


@dataclass(frozen=True)
class Discrepancy:
    """A row that breaks a rule. Figures come in the order sequence, available, held, spent, granted; of a budget in
    the order used, open holds."""

    rule: str
    team_id: UUID
    subject: str
    expected: str | None
    found: str | None


def audit() -> list[Discrepancy]:
    """Every row of the books that differs from what the entries say. Empty is right."""
    found = []
    with connection.cursor() as cursor:
        for rule, query in RULES.items():
            cursor.execute(query)
            found += [Discrepancy(rule, *row) for row in cursor.fetchall()]
    return found
