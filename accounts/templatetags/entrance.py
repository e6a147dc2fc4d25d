"""What the page to sign up, whose view is allauth's, says to someone who was invited."""

from django import template
from django.template.context import RequestContext

from accounts import invitations
from accounts.models import Invitation

register = template.Library()


@register.simple_tag(takes_context=True)
def remembered_invitation(context: RequestContext) -> Invitation | None:
    return invitations.remembered(context["request"])
