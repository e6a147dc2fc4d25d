"""What a page answers when a service refuses by the state that it found under its lock."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.translation import gettext as _

from accounts.members import NoSuchMember
from accounts.refusals import TeamClosing
from accounts.roles import NotAllowed


@contextmanager
def answered() -> Iterator[None]:
    """403 for whoever may not, or not any more; 404 for a member or a team that is gone."""
    try:
        yield
    except NotAllowed as error:
        raise PermissionDenied from error
    except (NoSuchMember, TeamClosing) as error:
        raise Http404 from error


def last_owner_words(*, is_self: bool) -> str:
    if is_self:
        return _("You are its only owner. Make another member an owner first, or close the team.")
    return _("They are its only owner. Make another member an owner first.")


def deactivated_words(name: str) -> str:
    return _("%(name)s is deactivated and cannot sign in, and so cannot be an owner.") % {"name": name}
