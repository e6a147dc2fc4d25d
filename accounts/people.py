"""What an operator does to somebody's account: saved, written down, and their sessions ended where that shuts them out.

Teams are told of what concerns their member. Who is an operator is none of their affair, so that is written to no team.
"""

from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db import transaction

from accounts import audit_log, members, roles, sessions
from accounts.actors import Actor
from accounts.models import AuditAction, Membership, Role, Team, User


class OnlyOwner(Exception):
    """These teams, which others are in, would be left without an owner who can sign in."""

    def __init__(self, teams: list[Team]) -> None:
        super().__init__(", ".join(str(team.pk) for team in teams))
        self.teams = teams


@transaction.atomic
def save(user: User, *, by: Actor) -> None:
    """Save what was changed on `user`, whose row is still as it was before. Raises OnlyOwner."""
    locked = frozenset() if user.is_active else _locked_teams(user)
    before = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if before.is_active and not user.is_active:
        _keep_owners(user, locked)
    user.save()
    if user.email != before.email:
        _keep_address(user, instead_of=before.email)
        audit_log.record_of_account(by, AuditAction.EMAIL_CHANGED, user=user, email=[before.email, user.email])
    if user.is_active != before.is_active:
        changed = _from_to(before, user, "is_active")
        audit_log.record_of_account(by, AuditAction.ACCOUNT_CHANGED, user=user, **changed)
    if changed := _from_to(before, user, "is_staff", "is_superuser"):
        audit_log.record(by, AuditAction.ACCOUNT_CHANGED, team=None, subject=user.email, subject_id=user.pk, **changed)
    if not user.is_active:
        sessions.end_others(user, current=None, by=by)


@transaction.atomic
def password_was_set(user: User, *, current: str | None, by: Actor) -> None:
    """Note it, and end their sessions but the one with the key `current`."""
    audit_log.record_of_account(by, AuditAction.PASSWORD_CHANGED, user=user)
    sessions.end_others(user, current=current, by=by)


def _locked_teams(user: User) -> frozenset[UUID]:
    """The ids of all open teams that the user is in, locked: nobody goes from them or is made their owner meanwhile."""
    ids = Team.objects.open().filter(memberships__user=user).order_by("pk").values_list("pk", flat=True)
    return frozenset(roles.lock(team_id).pk for team_id in list(ids))


def _keep_owners(user: User, locked: frozenset[UUID]) -> None:
    """With the user's row locked: what they own by now and was not locked before, they have got in this instant."""
    owned = Membership.objects.filter(user=user, role=Role.OWNER, team__closing_at=None).select_related("team")
    needing = [each for each in owned if each.team_id not in locked or members.is_needed(each)]
    if needing:
        raise OnlyOwner(sorted((each.team for each in needing), key=lambda team: (team.name, team.pk)))


def _keep_address(user: User, *, instead_of: str) -> None:
    """The address is the one they sign in by; unless it is confirmed already, they are asked to when they do."""
    EmailAddress.objects.filter(user=user, email=instead_of).delete()
    EmailAddress.objects.filter(user=user, primary=True).update(primary=False)
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"primary": True})


def _from_to(before: User, after: User, *fields: str) -> dict[str, Any]:
    figures = {field: [getattr(before, field), getattr(after, field)] for field in fields}
    return {field: [old, new] for field, (old, new) in figures.items() if old != new}
