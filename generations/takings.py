"""What delivered generations brought, and what their providers say they cost: for the operator, added up in SQL.

A provider's cost is in units of its own, so there is no sum of money: the margin is credits for its points, for a
thousand of them, as one clip may cost tens of thousands.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from .price_changes import Row

# Of a generation's submissions the one that brought it. A quote has one line.
_BY_PRICE = """
SELECT quote->0->'conditions', quote->0->>'unit', (quote->0->>'unit_credits')::bigint,
       count(*), sum(charged_credits),
       coalesce(sum((brought.provider_cost->>'cost_points')::numeric), 0),
       coalesce(sum(charged_credits) FILTER (WHERE brought.provider_cost ? 'cost_points'), 0)
FROM generations_generation AS generation
LEFT JOIN generations_submission AS brought
    ON brought.generation_id = generation.id AND brought.outcome = 'succeeded' AND NOT brought.arrived_late
WHERE generation.model = %(model)s AND generation.state = 'completed' AND generation.ended_at >= %(since)s
GROUP BY 1, 2, 3
"""

# Every attempt counts with its cost and its loss, but only the one that brought a generation with its charge.
_BY_ACCOUNT = """
WITH attempt AS (
    SELECT account.label, generation.model, submission.provider_cost AS cost, submission.loss_credits,
           generation.state = 'completed' AND submission.outcome = 'succeeded' AND NOT submission.arrived_late
               AS brought,
           generation.charged_credits
    FROM generations_submission AS submission
    JOIN generations_provideraccount AS account ON account.id = submission.account_id
    JOIN generations_generation AS generation ON generation.id = submission.generation_id
    WHERE submission.ended_at >= %(since)s OR %(since)s IS NULL
)
SELECT label, model,
       count(*) FILTER (WHERE brought),
       coalesce(sum(charged_credits) FILTER (WHERE brought), 0),
       sum((cost->>'cost_points')::numeric),
       sum((cost->>'total_tokens')::numeric),
       coalesce(sum(charged_credits) FILTER (WHERE brought AND cost ? 'cost_points'), 0),
       sum(loss_credits)
FROM attempt GROUP BY label, model ORDER BY label, model
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Takings:
    """Of one account and model. `points` and `tokens` are what the provider tells, None where it tells nothing."""

    account: str
    model: str
    delivered: int
    charged: int
    points: int | None
    tokens: int | None
    charged_where_known: int
    loss: int

    @property
    def margin(self) -> float | None:
        """What was charged where a cost is known, for a thousand points, those of failures too."""
        return margin(self.charged_where_known, self.points)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What delivered generations were charged, and what they would have been at other prices.

    `unpriced` of them are of choices that the other prices do not have; they are in none of the figures. `points` is
    what providers that tell say they cost, and `known_…` what was and would be charged for just those.
    """

    delivered: int
    unpriced: int
    charged: int
    would_be: int
    points: int
    known_charged: int
    known_would_be: int

    @property
    def margin(self) -> float | None:
        return margin(self.known_charged, self.points)

    @property
    def margin_then(self) -> float | None:
        return margin(self.known_would_be, self.points)

    @property
    def percent(self) -> float | None:
        return (self.would_be - self.charged) * 100 / self.charged if self.charged else None


def margin(credits: int, points: int | None) -> float | None:
    """Credits for a thousand of a provider's points; None where it tells of none."""
    return credits * 1000 / points if points else None


def at_prices(model: str, rows: Sequence[Row], *, since: datetime) -> Effect:
    """The model's generations delivered since then, at the prices of `rows`; all of these are priced."""
    delivered = unpriced = charged = would_be = points = known_charged = known_would_be = 0
    for conditions, unit, unit_credits, count, total, cost, known in _rows(_BY_PRICE, model=model, since=since):
        credits = _price(rows, json.loads(conditions), unit)
        if credits is None:
            unpriced += count
            continue
        delivered += count
        charged += total
        # What was charged is whole units, so it is so many of them at the other price.
        would_be += total // unit_credits * credits
        points += cost
        known_charged += known
        known_would_be += known // unit_credits * credits
    return Effect(
        delivered=delivered,
        unpriced=unpriced,
        charged=int(charged),
        would_be=int(would_be),
        points=int(points),
        known_charged=int(known_charged),
        known_would_be=int(known_would_be),
    )


def by_account(*, since: datetime | None) -> list[Takings]:
    """Of attempts that ended since then, or of all there ever were."""
    return [
        Takings(
            account=label,
            model=model,
            delivered=delivered,
            charged=int(charged),
            points=None if points is None else int(points),
            tokens=None if tokens is None else int(tokens),
            charged_where_known=int(known),
            loss=int(loss),
        )
        for label, model, delivered, charged, points, tokens, known, loss in _rows(_BY_ACCOUNT, since=since)
    ]


def _price(rows: Sequence[Row], conditions: dict[str, Any], unit: str) -> int | None:
    found = (each.credits for each in rows if (each.conditions, each.unit) == (conditions, unit))
    return next(found, None)


def _rows(query: str, **given: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, given)
        return cursor.fetchall()
