"""What the pages of two-factor sign-in, whose views are allauth's, say of one's teams."""

from django import template

from accounts import mfa
from accounts.models import Team, User

register = template.Library()


@register.simple_tag
def teams_that_require_two_factor(user: User) -> list[Team]:
    return mfa.teams_that_require_it(user)


@register.simple_tag
def teams_open_without_two_factor(user: User) -> list[Team]:
    return mfa.teams_open_without_it(user)
