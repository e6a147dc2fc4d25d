"""What keys have spent, day by day, by the calendar of their team."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from accounts.models import ApiKey, CreditEntry, Team

DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyUsage:
    """The days, oldest first, today last, and the credits spent on each: less than 0 where more was given back."""

    days: list[date]
    credits: list[int]

    @property
    def total(self) -> int:
        return sum(self.credits)

    @property
    def most(self) -> int:
        return max(0, *self.credits)


def of_keys(team: Team, keys: Iterable[ApiKey], *, at: datetime | None = None) -> dict[UUID, DailyUsage]:
    """What each of these keys of the team has spent on each of the last 30 days; one query for all of them.

    A charge counts on the day it was posted, in the team's time zone; a refund is taken off its own day.
    """
    zone = ZoneInfo(team.time_zone)
    today = (at or timezone.now()).astimezone(zone).date()
    days = [today - timedelta(days=back) for back in reversed(range(DAYS))]
    ids = [key.pk for key in keys]
    spent: dict[UUID, dict[date, int]] = {key_id: {} for key_id in ids}
    entries = CreditEntry.objects.filter(
        team=team,
        api_key__in=ids,
        created_at__gte=datetime.combine(days[0], time.min, tzinfo=zone),
        created_at__lt=datetime.combine(today + timedelta(days=1), time.min, tzinfo=zone),
    ).exclude(spent_delta=0)
    by_day = entries.annotate(day=TruncDate("created_at", tzinfo=zone)).values_list("api_key_id", "day")
    for key_id, day, credits in by_day.annotate(credits=Sum("spent_delta")).order_by():
        spent[key_id][day] = credits
    return {key_id: DailyUsage(days=days, credits=[spent[key_id].get(day, 0) for day in days]) for key_id in ids}
