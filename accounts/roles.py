"""Who may do what: each role's actions, decided here and nowhere else; docs/roles.md has the table in words.

A page is guarded by what its reader's role was when the request came (accounts.access). Whatever changes a team's
affairs asks once more, by authorise(), with the team's row locked, as whoever takes a role or a key away locks it too:
what is committed after that was done by somebody who still might.
"""

from enum import Enum, auto
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Now

from accounts.actors import INSTALLATION, Actor
from accounts.models import ApiKey, Membership, Role, Scope, Team, User


class Action(Enum):
    VIEW = auto()
    SEE_CREDITS = auto()
    SEE_MEMBERS = auto()
    CREATE = auto()  # and retry, cancel, delete
    MANAGE_COLLECTIONS = auto()  # delete and share those of other members, too
    MANAGE_KEYS = auto()
    MANAGE_WEBHOOKS = auto()  # endpoints, and what became of deliveries
    MANAGE_MEMBERS = auto()  # all but owners
    MANAGE_CREDITS = auto()  # buy, redeem
    MANAGE_TEAM = auto()  # its settings and budgets
    SEE_AUDIT_LOG = auto()
    MANAGE_OWNERS = auto()
    CLOSE_TEAM = auto()


_VIEWER = frozenset({Action.VIEW, Action.SEE_CREDITS, Action.SEE_MEMBERS})
_MEMBER = _VIEWER | {Action.CREATE}
_ADMIN = _MEMBER | {
    Action.MANAGE_COLLECTIONS,
    Action.MANAGE_KEYS,
    Action.MANAGE_WEBHOOKS,
    Action.MANAGE_MEMBERS,
    Action.MANAGE_CREDITS,
    Action.MANAGE_TEAM,
    Action.SEE_AUDIT_LOG,
}
# What a key may do that has the scope.
_MANAGE_SCOPE = frozenset({Action.MANAGE_KEYS, Action.MANAGE_WEBHOOKS})
_OWNER = _ADMIN | {Action.MANAGE_OWNERS, Action.CLOSE_TEAM}
MAY: dict[str, frozenset[Action]] = {
    Role.VIEWER: _VIEWER,
    Role.MEMBER: _MEMBER,
    Role.ADMIN: _ADMIN,
    Role.OWNER: _OWNER,
}


class NotAllowed(Exception):
    """The actor, as they now are, may not do this."""


def can(role: str, action: Action) -> bool:
    return action in MAY.get(role, frozenset())


def may_manage(acting_role: str, role: str, new_role: str | None = None) -> bool:
    """Whether someone may change or remove a member of this role, or make them one of new_role.

    An invitation is a member to be: its role is `role`. Only owners touch owners and make them, so nobody can raise
    themselves.
    """
    concerns_owners = Role.OWNER in (role, new_role)
    return can(acting_role, Action.MANAGE_OWNERS if concerns_owners else Action.MANAGE_MEMBERS)


def lock(team_id: UUID) -> Team:
    """The team as it is, until the transaction ends, be it closing or closed.

    Lock order: team, of several the lowest id first, then balance, then memberships, invitations and keys.
    """
    # no_key: a row that is written for the team meanwhile refers to it, and need not wait.
    return Team.objects.select_for_update(no_key=True).get(pk=team_id)


def authorise(team: Team, by: Actor, action: Action) -> None:
    """See that the actor may do this as they are now. The team's row is locked by the caller. Raises NotAllowed.

    The installation may do everything, and so may operators, whom no role in the team holds back.
    """
    if by == INSTALLATION:
        return
    if by.api_key:
        is_allowed = action in _MANAGE_SCOPE and _may_manage(team, by.api_key)
    else:
        is_allowed = by.user is not None and (_has_role(team, by.user, action) or _is_operator(by.user))
    if not is_allowed:
        raise NotAllowed


def _may_manage(team: Team, key: ApiKey) -> bool:
    """The key, and the very secret that it was recognised by."""
    works = Q(expires_at=None) | Q(expires_at__gt=Now())
    live = ApiKey.objects.filter(works, pk=key.pk, team=team, revoked_at=None, scopes__contains=[Scope.MANAGE])
    if secret := getattr(key, "secret", None):
        works = Q(secrets__valid_until=None) | Q(secrets__valid_until__gt=Now())
        live = live.filter(works, secrets=secret)
    return live.exists()


def _has_role(team: Team, user: User, action: Action) -> bool:
    member = Membership.objects.filter(team=team, user_id=user.pk, user__is_active=True)
    return can(member.values_list("role", flat=True).first() or "", action)


def _is_operator(user: User) -> bool:
    staff = User.objects.filter(pk=user.pk, is_active=True, is_staff=True).first()
    return staff is not None and staff.has_perm("accounts.change_team")
