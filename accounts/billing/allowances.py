"""Monthly allowances: on the first of a month, in its own time zone, a team is topped up to what was agreed.

An Allowance row says that a month was seen to. It is written in the transaction of the top-up, so the job may run
twice, at once with itself, or days late: the month it runs in is paid once, and months that went by are not.
"""

import logging
from datetime import datetime

from django.db import DatabaseError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import audit_log, budgets, credits, teams
from accounts.actors import INSTALLATION, Actor
from accounts.models import Allowance, AuditAction, Team
from accounts.models.credits import MAX_COUNTED

log = logging.getLogger(__name__)


def pay_due(at: datetime | None = None) -> None:
    """Top up every team whose month, at the moment `at`, has not been seen to."""
    at = at or timezone.now()
    entitled = Team.objects.open().filter(monthly_allowance_credits__isnull=False)
    for zone in list(entitled.order_by().values_list("time_zone", flat=True).distinct()):
        period = budgets.period_of(Team(time_zone=zone), at)
        # A later month was seen to where the team has moved west across a midnight since.
        seen_to = Allowance.objects.filter(period__gte=period).values("team_id")
        due = entitled.filter(time_zone=zone).exclude(pk__in=seen_to)
        for team_id in list(due.values_list("pk", flat=True)):
            try:
                _pay(due.filter(pk=team_id), period)
            except (credits.TooManyCredits, DatabaseError) as error:  # one team's, and no reason to leave the others
                log.error("team %s got no allowance for %s: %s", team_id, period, type(error).__name__)


@transaction.atomic
def _pay(due: QuerySet[Team], period: str) -> None:
    team = due.select_for_update(skip_locked=True, no_key=True).first()
    if team is None or team.monthly_allowance_credits is None:
        return  # paid, changed or looked at by another meanwhile
    allowance, is_new = Allowance.objects.get_or_create(team=team, period=period, defaults={"credits": 0})
    if is_new:
        allowance.credits = credits.top_up(team, team.monthly_allowance_credits, source=allowance)
        allowance.save(update_fields=["credits"])
        if allowance.credits:
            audit_log.record(
                INSTALLATION, AuditAction.ALLOWANCE_PAID, team=team, subject=period, credits=allowance.credits
            )


@transaction.atomic
def set_allowance(team: Team, credits: int | None, *, by: Actor, at: datetime | None = None) -> None:
    """From the next first of a month on, top the team up to so many credits; None ends it.

    A month that is still to be paid, because the job is late, is paid as it is agreed now. Raises ValueError below 1,
    TeamClosing.
    """
    if credits is not None and not 0 < credits <= MAX_COUNTED:
        raise ValueError(f"an allowance is above 0, not {credits}")
    locked = teams.lock(team.pk)
    before = locked.monthly_allowance_credits
    team.monthly_allowance_credits = credits
    if before == credits:
        return
    if before is None:
        period = budgets.period_of(locked, at)
        Allowance.objects.get_or_create(team=locked, period=period, defaults={"credits": 0})
    locked.monthly_allowance_credits = credits
    locked.save(update_fields=["monthly_allowance_credits"])
    audit_log.record(
        by, AuditAction.TEAM_CHANGED, team=locked, subject=locked.name, subject_id=locked.pk,
        monthly_allowance_credits=[before, credits],
    )  # fmt: skip
