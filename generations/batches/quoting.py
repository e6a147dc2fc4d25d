"""What the rows of a batch that wait come to now: they may have been priced a while ago."""

from dataclasses import dataclass

from generations.models import Batch, BatchRow

from . import progress
from .checking import NO_PRICE, Checker


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """`rows` are those that wait, each with its price of now or what is wrong with it by now; they are not saved.

    `before_credits` is what those that have a price now were quoted before.
    """

    rows: list[BatchRow]
    before_credits: int

    @property
    def good(self) -> int:
        """How many can be made."""
        return sum(row.problem is None for row in self.rows)

    @property
    def unpriced(self) -> int:
        """How many have no price now; they may have one again."""
        return sum(_is_unpriced(row) for row in self.rows)

    @property
    def refused(self) -> int:
        """How many would be refused for good."""
        return len(self.rows) - self.good - self.unpriced

    @property
    def credits(self) -> int:
        """What those that can be made come to."""
        return sum(row.quoted_credits or 0 for row in self.rows)


def quoted_now(batch: Batch) -> Quoted:
    checker, before = Checker(batch.team_id), 0
    waiting = list(batch.rows.filter(progress.WAITING))
    for row in waiting:
        quoted = row.quoted_credits or 0
        checker.look_at(row)
        before += 0 if row.problem else quoted
    return Quoted(rows=waiting, before_credits=before)


def _is_unpriced(row: BatchRow) -> bool:
    return row.problem is not None and row.problem["constraint"] == NO_PRICE
