"""Making teams."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.credits import open_balance
from accounts.models import Membership, Role, Team, User


@transaction.atomic
def create_team(*, name: str, owner: User) -> Team:
    """A team with its owner and an empty balance."""
    team = Team.objects.create(name=name)
    Membership.objects.create(team=team, user=owner, role=Role.OWNER)
    open_balance(team)
    return team


@transaction.atomic
def ensure_team(user: User) -> Team:
    """The user's first open team, or a new one of their own."""
    # Two first requests at once would otherwise make two teams.
    User.objects.select_for_update().get(pk=user.pk)
    memberships = Membership.objects.filter(user=user, team__closed_at=None).select_related("team")
    if membership := memberships.order_by("created_at", "pk").first():
        return membership.team
    return create_team(name=_("%(name)s's team") % {"name": user.display_name}, owner=user)
