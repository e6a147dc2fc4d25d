"""The members of a team as its pages show them: who, as what, and what they have spent, to those whom that concerns."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Case, IntegerField, Q, QuerySet, When

from accounts import budgets
from accounts.mfa import have_two_factor
from accounts.models import Membership, Role, Team
from accounts.roles import Action, can, may_manage


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRow:
    """used_this_month is None where it is not for whoever looks; can_manage says that they may change this member."""

    member: Membership
    used_this_month: int | None
    is_self: bool
    can_manage: bool
    lacks_two_factor: bool


def found(team: Team, words: str = "") -> QuerySet[Membership]:
    """Those whose name or address has all of these words in it, by rank and address."""
    rank = Case(*(When(role=role, then=number) for number, role in enumerate(Role.values)), output_field=IntegerField())
    members = team.memberships.select_related("user")
    for word in words.split():
        members = members.filter(Q(user__name__icontains=word) | Q(user__email__icontains=word))
    return members.alias(rank=rank).order_by("rank", "user__email")


def rows(members: list[Membership], *, viewer: Membership) -> list[MemberRow]:
    """In the same order; three queries at most, however many there are."""
    team = viewer.team
    without = _without_two_factor(team) if team.requires_two_factor and _is_admin(viewer) else set()
    used = _used(viewer)
    return [
        MemberRow(
            member=member,
            used_this_month=used.get(member.user_id, 0) if _is_admin(viewer) or member.pk == viewer.pk else None,
            is_self=member.pk == viewer.pk,
            can_manage=may_manage(viewer.role, member.role),
            lacks_two_factor=member.user_id in without,
        )
        for member in members
    ]


def without_two_factor(team: Team) -> int:
    """How many members, of those who can sign in, have no second factor."""
    return len(_without_two_factor(team))


def _is_admin(viewer: Membership) -> bool:
    return can(viewer.role, Action.MANAGE_MEMBERS)


def _used(viewer: Membership) -> dict[UUID, int]:
    if _is_admin(viewer):
        return budgets.used_this_month(viewer.team)["member"]
    return {viewer.user_id: budgets.of_member(viewer).monthly.used}


def _without_two_factor(team: Team) -> set[UUID]:
    members = team.memberships.filter(user__is_active=True).exclude(user_id__in=have_two_factor())
    return set(members.values_list("user_id", flat=True))
