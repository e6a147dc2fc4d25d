"""A team's statement: the entries of a stretch of days, and the balance before and after it.

Entries are numbered without a gap and never changed, and an entry is seen when all before it are. So a stretch is told
by the numbers at its two ends: what is read between them, in however many queries, is one consistent picture. A moment
stands after the last entry that was begun before it, by which stretches follow one another without a gap or an overlap,
although entries posted at the same time may be numbered in another order than they were begun.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import QuerySet, Sum

from accounts.models import ApiKey, CreditEntry, EntryKind, Team, User

BATCH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """`since` and `until` are days of the team's time zone, both within."""

    since: date | None = None
    until: date | None = None
    kind: str = ""
    api_key: ApiKey | None = None
    member: User | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """The four figures after the entry of this number; all 0 before the first."""

    sequence: int = 0
    available: int = 0
    held: int = 0
    spent: int = 0
    granted: int = 0


@dataclass(frozen=True, slots=True)
class Statement:
    """`opening` and `closing` are the team's balance before and after the days, whatever else is filtered by."""

    team: Team
    filters: Filters
    opening: Standing
    closing: Standing

    def newest_first(self) -> QuerySet[CreditEntry]:
        return self._entries().order_by("-sequence")

    def batches(self) -> Iterator[list[CreditEntry]]:
        """All entries, oldest first, never more than BATCH of them at once."""
        after = 0
        while batch := list(self._entries().filter(sequence__gt=after).order_by("sequence")[:BATCH]):
            yield batch
            after = batch[-1].sequence

    def _entries(self) -> QuerySet[CreditEntry]:
        """With whose they are, without a query for each."""
        entries = self.team.credit_entries.filter(
            sequence__gt=self.opening.sequence, sequence__lte=self.closing.sequence
        )
        if self.filters.kind:
            entries = entries.filter(kind=self.filters.kind)
        if self.filters.api_key:
            entries = entries.filter(api_key=self.filters.api_key)
        if self.filters.member:
            entries = entries.filter(member=self.filters.member)
        return entries.select_related("api_key", "member", "actor", "purchase", "redeem_code", "allowance")


def of(team: Team, filters: Filters) -> Statement:
    """The statement as it is now; entries posted later are not in it."""
    since, until = filters.since, filters.until
    return Statement(
        team=team,
        filters=filters,
        opening=_standing(team, before=start_of(team, since)) if since else Standing(),
        closing=_standing(team, before=start_of(team, until + timedelta(days=1)) if until else None),
    )


def refunded(hold_ids: Collection[UUID]) -> dict[UUID, int]:
    """What of these holds was given back after it had been charged; one query for all, and none for none."""
    if not hold_ids:
        return {}
    refunds = CreditEntry.objects.filter(hold_id__in=hold_ids, kind=EntryKind.REFUND).order_by()
    rows = refunds.values("hold_id").annotate(credits=-Sum("spent_delta")).values_list("hold_id", "credits")
    return {hold_id: credits for hold_id, credits in rows if hold_id}


def start_of(team: Team, day: date) -> datetime:
    """When the day begins where the team is."""
    return datetime.combine(day, time.min, ZoneInfo(team.time_zone))


def _standing(team: Team, *, before: datetime | None) -> Standing:
    entries = team.credit_entries.order_by("-sequence")
    if before:
        entries = entries.filter(created_at__lt=before)
    last = entries.values_list("sequence", "available_after", "held_after", "spent_after", "granted_after").first()
    return Standing(*last) if last else Standing()
