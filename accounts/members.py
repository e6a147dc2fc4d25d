"""Who is in a team, and as what. All is decided with the team's row locked, so that two cannot both go as the last.

Someone who goes loses the team at once, in every session; what they have made and what is being made stay the team's.
"""

from uuid import UUID

from django.db import transaction

from accounts import audit_log, credits, teams
from accounts.actors import Actor
from accounts.models import AuditAction, Membership, Role, Team, User
from accounts.roles import Action, NotAllowed, authorise, can, may_manage


class NoSuchMember(LookupError):
    """The user is not in the team, or not any more."""


class LastOwner(Exception):
    """The team would be left without an owner who can sign in."""


class Deactivated(Exception):
    """The member cannot sign in, so they become no owner."""


@transaction.atomic
def change_role(team: Team, user_id: UUID, role: str, *, by: Actor) -> Membership:
    """Give a member another role; the one they have changes nothing.

    Raises NotAllowed, NoSuchMember, LastOwner, Deactivated, TeamClosing, and ValueError for a role that there is none.
    """
    role = Role(role).value
    team = teams.lock(team.pk)
    member = _managed(team, user_id, by=by, new_role=role)
    if member.role != role:
        if role == Role.OWNER:
            _check_can_sign_in(member)
        else:
            _keep_an_owner(member)
        _give_role(member, role, by=by, action=AuditAction.MEMBER_ROLE_CHANGED)
    return member


@transaction.atomic
def remove(team: Team, user_id: UUID, *, by: Actor) -> None:
    """Take a member out of the team. Raises NotAllowed, NoSuchMember, LastOwner, TeamClosing."""
    team = teams.lock(team.pk)
    _take_out(_managed(team, user_id, by=by), by=by, action=AuditAction.MEMBER_REMOVED)


@transaction.atomic
def leave(team: Team, *, by: Actor) -> None:
    """Go. Raises NoSuchMember, LastOwner, TeamClosing."""
    team = teams.lock(team.pk)
    _take_out(_own(team, by), by=by, action=AuditAction.MEMBER_LEFT)


@transaction.atomic
def transfer(team: Team, user_id: UUID, *, by: Actor) -> None:
    """Make a member owner in the place of the actor, who stays as an admin.

    Raises NotAllowed when the actor is no owner or the member is the actor, NoSuchMember, Deactivated, TeamClosing.
    """
    team = teams.lock(team.pk)
    actor = acting(team, by)
    if actor.role != Role.OWNER or actor.user_id == user_id:
        raise NotAllowed
    heir = _member(team, user_id)
    _check_can_sign_in(heir)
    if heir.role != Role.OWNER:
        _give_role(heir, Role.OWNER, by=by, action=AuditAction.OWNERSHIP_TRANSFERRED)
    _give_role(actor, Role.ADMIN, by=by, action=AuditAction.MEMBER_ROLE_CHANGED)


@transaction.atomic
def make_owner(team: Team, user_id: UUID, *, by: Actor) -> None:
    """Make a member an owner, for an operator too, who is in no team; an owner stays one.

    Raises NotAllowed, NoSuchMember, Deactivated, TeamClosing.
    """
    team = teams.lock(team.pk)
    authorise(team, by, Action.MANAGE_OWNERS)
    heir = _member(team, user_id)
    _check_can_sign_in(heir)
    if heir.role != Role.OWNER:
        _give_role(heir, Role.OWNER, by=by, action=AuditAction.MEMBER_ROLE_CHANGED)


@transaction.atomic
def set_cap(team: Team, user_id: UUID, *, monthly: int | None, lifetime: int | None, by: Actor) -> Membership:
    """Set what a member may spend; None is no cap. Raises NotAllowed, NoSuchMember, TeamClosing."""
    team = teams.lock(team.pk)
    credits.lock(team.pk)  # no hold in flight shall overrun the new cap
    member = _managed(team, user_id, by=by)
    caps = {"monthly_budget_credits": monthly, "lifetime_budget_credits": lifetime}
    changed = {name: [getattr(member, name), cap] for name, cap in caps.items() if getattr(member, name) != cap}
    if changed:
        for name in changed:
            setattr(member, name, caps[name])
        member.save(update_fields=[*changed])
        _record(by, AuditAction.MEMBER_CAP_CHANGED, member, **changed)
    return member


def who_may(team: Team, action: Action, *, most: int = 3) -> list[User]:
    """Whom to ask for what one may not do: who can sign in, may do it, and may give others a role that may.

    Those longest in the team come first.
    """
    roles = [role for role in Role.values if can(role, action) and can(role, Action.MANAGE_MEMBERS)]
    able = team.memberships.filter(role__in=roles, user__is_active=True).select_related("user")
    return [each.user for each in able.order_by("created_at", "pk")[:most]]


def is_last_owner(member: Membership) -> bool:
    """Whether the team would have no owner who can sign in without this one."""
    owners = Membership.objects.filter(team=member.team_id, role=Role.OWNER, user__is_active=True)
    return member.role == Role.OWNER and not owners.exclude(pk=member.pk).exists()


def is_needed(member: Membership) -> bool:
    """Whether others who can sign in would be left in the team without an owner who can."""
    others = Membership.objects.filter(team=member.team_id, user__is_active=True).exclude(pk=member.pk)
    return is_last_owner(member) and others.exists()


def acting(team: Team, by: Actor) -> Membership:
    """The actor's own membership, with the team's row locked by the caller. Raises NotAllowed where they have none."""
    try:
        return _own(team, by)
    except NoSuchMember as error:
        raise NotAllowed from error


def _managed(team: Team, user_id: UUID, *, by: Actor, new_role: str | None = None) -> Membership:
    actor, member = acting(team, by), _member(team, user_id)
    if not may_manage(actor.role, member.role, new_role):
        raise NotAllowed
    return member


def _own(team: Team, by: Actor) -> Membership:
    if by.user is None:
        raise NoSuchMember
    return _member(team, by.user.pk)


def _member(team: Team, user_id: UUID) -> Membership:
    member = Membership.objects.filter(team=team, user_id=user_id).select_related("team", "user").first()
    if member is None:
        raise NoSuchMember(user_id)
    return member


def _keep_an_owner(member: Membership) -> None:
    if is_last_owner(member):
        raise LastOwner


def _check_can_sign_in(heir: Membership) -> None:
    """Read with the team's row locked, as whoever deactivates one of its members locks it too."""
    if not heir.user.is_active:
        raise Deactivated


def _take_out(member: Membership, *, by: Actor, action: AuditAction) -> None:
    _keep_an_owner(member)
    _record(by, action, member, role=member.role)
    _end_invitations(member, role="", by=by)
    member.delete()


def _give_role(member: Membership, role: str, *, by: Actor, action: AuditAction) -> None:
    before, member.role = member.role, role
    member.save(update_fields=["role"])
    _record(by, action, member, role=[before, role])
    _end_invitations(member, role=role, by=by)


def _end_invitations(member: Membership, *, role: str, by: Actor) -> None:
    """Those that the member has sent, but might not send with this role: they would outlive the power to send them."""
    sent = member.team.invitations.waiting().filter(invited_by=member.user_id).order_by("pk")
    teams.revoke_invitations(member.team, [each for each in sent if not may_manage(role, each.role)], by=by)


def _record(by: Actor, action: AuditAction, member: Membership, **detail: object) -> None:
    audit_log.record(by, action, team=member.team, subject=member.user.email, subject_id=member.user_id, **detail)
