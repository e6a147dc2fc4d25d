"""What the pages of two-factor sign-in, whose views are allauth's, say of one's teams."""

from django import template
from django.template import Context

from accounts import mfa
from accounts.access import current_membership
from accounts.members import is_last_owner
from accounts.models import Team, User

register = template.Library()


@register.simple_tag
def teams_that_require_two_factor(user: User) -> list[Team]:
    return mfa.teams_that_require_it(user)


@register.simple_tag
def teams_open_without_two_factor(user: User) -> list[Team]:
    return mfa.teams_open_without_it(user)


@register.simple_tag(takes_context=True)
def team_to_leave_instead(context: Context) -> Team | None:
    """The current team, where it waits for the user's second factor and is not left without an owner by them."""
    membership = current_membership(context["request"])
    return membership.team if mfa.lacks_two_factor(membership) and not is_last_owner(membership) else None
