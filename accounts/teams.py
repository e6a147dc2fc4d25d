"""Teams: made, changed, and closed. Whoever changes a team, its members or its invitations locks its row first."""

from collections.abc import Iterable
from datetime import timedelta
from functools import cache, partial
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit_log, credits, keys, roles
from accounts.actors import INSTALLATION, Actor
from accounts.models import AuditAction, AuditEntry, CreditBalance, Invitation, Membership, Role, Team, User
from accounts.refusals import TeamClosing
from accounts.roles import Action, authorise
from project.celery import nudge

SETTINGS = (
    "name",
    "time_zone",
    "requires_two_factor",
    "monthly_budget_credits",
    "lifetime_budget_credits",
    "low_balance_credits",
)
MAX_OWNED = 20
MAX_MADE_A_DAY = 10
# A hold that is being taken is before or after such a change. One that waits for it keeps the month it came in.
_LIMITS = {"time_zone", "monthly_budget_credits", "lifetime_budget_credits"}


class TooManyTeams(Exception):
    """The user owns as many open teams as one may."""

    limit = MAX_OWNED


class TooManyTeamsToday(Exception):
    """The user has made as many teams within a day as one may, those that are closed again included."""

    limit = MAX_MADE_A_DAY


@cache
def time_zones() -> list[tuple[str, str]]:
    """Choices of a form: the names of places, and UTC."""
    names = {name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/"))}
    return [(name, name.replace("_", " ")) for name in ["UTC", *sorted(names)]]


@transaction.atomic
def create_team(*, name: str, owner: User, by: Actor | None = None) -> Team:
    """A team with its owner and an empty balance."""
    team = Team.objects.create(name=name)
    Membership.objects.create(team=team, user=owner, role=Role.OWNER, last_active_at=timezone.now())
    credits.open_balance(team)
    by = by or Actor(user=owner)
    audit_log.record(by, AuditAction.TEAM_CREATED, team=team, subject=team.name, subject_id=team.pk)
    return team


@transaction.atomic
def create_own_team(*, name: str, by: Actor) -> Team:
    """One more team, of whoever asks for it. Raises TooManyTeams, TooManyTeamsToday."""
    if by.user is None:
        raise TypeError("nobody to own it")
    # The count and what comes of it must be one step, or two at once would pass it.
    User.objects.select_for_update(no_key=True).get(pk=by.user.pk)
    owned = Membership.objects.filter(user=by.user, role=Role.OWNER, team__closing_at=None)
    if owned.count() >= MAX_OWNED:
        raise TooManyTeams
    made = AuditEntry.objects.filter(user=by.user, action=AuditAction.TEAM_CREATED)
    if made.filter(created_at__gt=timezone.now() - timedelta(days=1)).count() >= MAX_MADE_A_DAY:
        raise TooManyTeamsToday
    return create_team(name=name, owner=by.user, by=by)


@transaction.atomic
def ensure_team(user: User) -> Team:
    """The user's first open team, or a new one of their own."""
    # Two first requests at once would otherwise make two teams.
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    memberships = Membership.objects.filter(user=user, team__closing_at=None).select_related("team")
    if membership := memberships.order_by("created_at", "pk").first():
        return membership.team
    return create_team(name=_("%(name)s's team") % {"name": user.display_name}, owner=user)


def lock(team_id: UUID) -> Team:
    """The team as it is, until the transaction ends. Raises TeamClosing where it is closed or being closed.

    Lock order: as roles.lock() has it.
    """
    team = roles.lock(team_id)
    if not team.is_open:
        raise TeamClosing
    return team


@transaction.atomic
def change(team: Team, *, by: Actor, **settings: Any) -> Team:
    """Give the team these of its SETTINGS, and return it as it is now. Raises NotAllowed, TeamClosing."""
    if unknown := settings.keys() - set(SETTINGS):
        raise TypeError(f"no settings of a team: {', '.join(sorted(unknown))}")
    team = lock(team.pk)
    authorise(team, by, Action.MANAGE_TEAM)
    before = {name: getattr(team, name) for name in settings}
    changed = {name: [before[name], settings[name]] for name in SETTINGS if before.get(name) != settings.get(name)}
    if not changed:
        return team
    if not _LIMITS.isdisjoint(changed):
        credits.lock(team.pk)
    for name in changed:
        setattr(team, name, settings[name])
    if "low_balance_credits" in changed:
        team.low_balance_told_at = None
    team.save(update_fields=[*changed, "low_balance_told_at"])
    audit_log.record(by, AuditAction.TEAM_CHANGED, team=team, subject=team.name, subject_id=team.pk, **changed)
    return team


@transaction.atomic
def close(team: Team, *, by: Actor) -> None:
    """Begin to close the team for good: nobody enters it any more, and its keys and invitations end now.

    Its work is ended and its media deleted by those who own them, who call finish_closing() when nothing is left. Its
    credit entries and its audit log stay. Doing it again changes nothing. Raises NotAllowed.
    """
    try:
        team = lock(team.pk)
    except TeamClosing:
        return
    authorise(team, by, Action.CLOSE_TEAM)
    credits.lock(team.pk)  # no hold in flight shall come after
    Team.objects.filter(pk=team.pk).update(closing_at=Now())
    audit_log.record(by, AuditAction.TEAM_CLOSING, team=team, subject=team.name, subject_id=team.pk)
    keys.revoke_all(team, by=by)
    revoke_invitations(team, team.invitations.waiting(), by=by)
    transaction.on_commit(partial(nudge, "sweep"))


def revoke_invitations(team: Team, waiting: Iterable[Invitation], *, by: Actor) -> None:
    """End these, with the team's row locked by the caller, who has decided it."""
    for invitation in waiting:
        Invitation.objects.filter(pk=invitation.pk).update(revoked_at=Now())
        subject, detail = invitation.email, {"role": invitation.role}
        audit_log.record(
            by, AuditAction.INVITATION_REVOKED, team=team, subject=subject, subject_id=invitation.pk, **detail
        )


@transaction.atomic
def finish_closing(team: Team) -> bool:
    """Note that nothing of a closing team is left. False where it is open, closed already, or something is held."""
    closing = Team.objects.closing().select_for_update(no_key=True).filter(pk=team.pk).first()
    if closing is None or CreditBalance.objects.filter(team=closing, held__gt=0).exists():
        return False
    Team.objects.filter(pk=team.pk).update(closed_at=Now())
    audit_log.record(INSTALLATION, AuditAction.TEAM_CLOSED, team=team, subject=team.name, subject_id=team.pk)
    return True
