"""Telling a team that its credits run low: once each time they fall below its threshold.

What is held counts as there, for it may come back: a hold and its release are no reason to tell anew.

low_balance_told_at says that it was told; it is cleared when the credits, or the threshold, are right again. It is
written with the event, whatever becomes of the mails: these are a step of their own, and low_balance_mails_due until
it is done.
"""

from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts import admin_mails
from accounts.models import EventType, Team
from accounts.webhooks import events


def tell_due(at: datetime | None = None) -> None:
    """Tell the teams that fell below their threshold; forget those that are above it again.

    Raises OSError when no mail can be sent: those left are for the next round.
    """
    at = at or timezone.now()
    watched = Team.objects.open().filter(low_balance_credits__isnull=False)
    is_low = Q(low_balance_credits__gt=F("balance__available") + F("balance__held"))
    told = Team.objects.filter(low_balance_told_at__isnull=False)
    told.filter(Q(low_balance_credits=None) | Q(pk__in=watched.exclude(is_low).values("pk"))).update(
        low_balance_told_at=None, low_balance_mails_due=False
    )
    due = watched.filter(is_low, low_balance_told_at=None)
    for team_id in list(due.values_list("pk", flat=True)):
        _tell(team_id, due, at)
    unmailed = watched.filter(low_balance_told_at__isnull=False, low_balance_mails_due=True)
    # In no order, so that a mail that always fails does not stand in the way of the same others each time.
    for team_id in list(unmailed.order_by("?").values_list("pk", flat=True)):
        _mail(team_id, unmailed)


@transaction.atomic
def _tell(team_id: UUID, due: QuerySet[Team], at: datetime) -> None:
    if not admin_mails.claim(team_id):
        return
    team = due.select_related("balance").filter(pk=team_id).first()
    if team is None:
        return  # told or changed meanwhile
    # Each time is a subject of its own.
    events.record(team_id=team.pk, type=EventType.LOW_CREDITS, subject_id=uuid7(), body=partial(_body, team, at))
    Team.objects.filter(pk=team_id).update(low_balance_told_at=at, low_balance_mails_due=True)


@transaction.atomic
def _mail(team_id: UUID, unmailed: QuerySet[Team]) -> None:
    if not admin_mails.claim(team_id):
        return
    team = unmailed.select_related("balance").filter(pk=team_id).first()
    if team is None:
        return  # mailed or changed meanwhile
    admin_mails.send("low_balance", team=team, buy_url=settings.PUBLIC_URL + reverse("accounts:buy"), **_figures(team))
    Team.objects.filter(pk=team_id, low_balance_told_at=team.low_balance_told_at).update(low_balance_mails_due=False)


def _body(team: Team, at: datetime) -> dict[str, Any]:
    return {
        "event": EventType.LOW_CREDITS.value,
        "team_id": str(team.pk),
        **_figures(team),
        "created_at": at.isoformat(timespec="seconds"),
    }


def _figures(team: Team) -> dict[str, int | None]:
    return {"available": team.balance.available, "threshold": team.low_balance_credits}
