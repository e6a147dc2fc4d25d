"""What is asked before a member, a key or a session is ended; the same on the page and without JavaScript."""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.models import ApiKey, Membership, Role, Team
from accounts.sessions import OpenSession
from project.confirming import Question


def of_leaving(team: Team) -> Question:
    return Question(
        title=_("Leave %(team)s?") % {"team": team.name},
        text=_(
            "You lose the team at once, in every browser. What you have made stays with it. "
            "To come back you would have to be invited again."
        ),
        label=pgettext("a team", "Leave"),
    )


def of_removing(member: Membership) -> Question:
    return Question(
        title=_("Remove %(name)s?") % {"name": member.user.display_name},
        text=_(
            "They lose the team at once, in every browser. Their clips and the keys they made stay. "
            "To come back they would have to be invited again."
        ),
        label=_("Remove"),
    )


def of_transferring(member: Membership) -> Question:
    return Question(
        title=_("Transfer ownership to %(name)s?") % {"name": member.user.display_name},
        text=_("They become an owner, and you become an admin. Only an owner can make you one again."),
        label=_("Transfer"),
    )


def of_role(member: Membership, role: str, *, is_self: bool) -> Question | None:
    """None where nothing is asked: only for an owner more, and for less of what one may oneself."""
    label = Role(role).label
    if is_self and role != member.role:
        return Question(
            title=_("Change your own role to %(role)s?") % {"role": label},
            text=_("You may do less from then on, and cannot take it back yourself."),
            label=_("Change my role"),
        )
    if role == Role.OWNER and member.role != Role.OWNER:
        return Question(
            title=_("Make %(name)s an owner?") % {"name": member.user.display_name},
            text=_("Owners do everything: they close the team, and change or remove other owners, you too."),
            label=_("Make them an owner"),
        )
    return None


def of_revoking(key: ApiKey) -> Question:
    return Question(
        title=_("Revoke %(name)s?") % {"name": key.name},
        text=_("Programs that use it are refused from now on. This cannot be undone."),
        label=_("Revoke"),
    )


def of_rotating_at_once() -> Question:
    return Question(
        title=_("Make a new secret and end all others at once?"),
        text=_(
            "Programs that use the present secret, or an older one, are refused from that moment until they have the "
            "new one. This cannot be undone."
        ),
        label=_("Rotate and end now"),
    )


def of_ending_old_secrets() -> Question:
    return Question(
        title=_("Let only the current secret work?"),
        text=_("Programs that still use an old one are refused from now on."),
        label=_("End now"),
    )


def of_ending(session: OpenSession) -> Question:
    return Question(
        title=_("End %(device)s?") % {"device": session.device},
        text=_("Whoever uses it has to sign in again."),
        label=pgettext("a session", "End it"),
    )


def of_ending_others() -> Question:
    return Question(
        title=_("End all other sessions?"),
        text=_("You stay signed in here alone."),
        label=pgettext("sessions", "End them"),
    )
