"""What admins do with invitations; where their links lead is in invitations.py."""

from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from accounts import addresses, invitations
from accounts.access import Action, TeamHttpRequest, team_required
from accounts.actors import actor_of
from accounts.forms.teams import InviteForm
from accounts.invitations import AlreadyMember, InvitationOver, TooManyMails, TooManyWaiting
from accounts.models import Invitation, Role
from accounts.roles import NotAllowed, may_manage
from project.http import post_to

from .refused import answered


@dataclass(frozen=True, slots=True)
class InviteResult:
    """What became of one address. `why` is empty where its mail was sent.

    `is_done`: sending it once more would change nothing. `is_unsent`: the invitation waits, but its mail has not gone.
    `is_replaced`: one that waited for the address has ended. `is_for_later`: the hour has no mail left for it.
    """

    address: str
    why: str = ""
    is_done: bool = False
    is_unsent: bool = False
    is_replaced: bool = False
    is_for_later: bool = False


@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(private=True, no_store=True)
@team_required(Action.MANAGE_MEMBERS)
def invite(request: TeamHttpRequest) -> HttpResponse:
    """Each address is answered for: those not sent stay in the form, with why."""
    offered = [role for role in Role.values if may_manage(request.membership.role, role)]
    form = InviteForm(request.POST if request.method == "POST" else None, offered=offered, initial={"role": "member"})
    if not form.is_valid():
        return _page(request, form, [])
    role = form.cleaned_data["role"]
    if role not in offered:
        raise PermissionDenied
    with answered():
        results = _invite_all(request, form.cleaned_data["addresses"], role)
    if any(each.why for each in results):
        left = "\n".join(each.address for each in results if each.why and not each.is_done)
        return _page(request, InviteForm(initial={"addresses": left, "role": role}, offered=offered), results)
    words = ngettext("%(count)s invitation was sent.", "%(count)s invitations were sent.", len(results))
    messages.success(request, words % {"count": len(results)})
    if replaced := [each.address for each in results if each.is_replaced]:
        messages.info(request, _replaced_words(replaced))
    return redirect("accounts:team")


@post_to("accounts:team")
@team_required(Action.MANAGE_MEMBERS)
def send_again(request: TeamHttpRequest, invitation_id: UUID) -> HttpResponse:
    invitation = _found(request, invitation_id)
    try:
        with answered():
            invitations.send_again(invitation, by=actor_of(request))
    except (InvitationOver, AlreadyMember, TooManyMails, OSError) as error:
        messages.error(request, f"{invitation.email}: {_why(request, error)}")
    else:
        words = _("A new link was sent to %(email)s. The one before does not work any more.")
        messages.success(request, words % {"email": invitation.email})
    return redirect("accounts:team")


@post_to("accounts:team")
@team_required(Action.MANAGE_MEMBERS)
def revoke(request: TeamHttpRequest, invitation_id: UUID) -> HttpResponse:
    invitation = _found(request, invitation_id)
    with answered():
        invitations.revoke(invitation, by=actor_of(request))
    messages.success(request, _("The invitation of %(email)s was revoked.") % {"email": invitation.email})
    return redirect("accounts:team")


def _found(request: TeamHttpRequest, invitation_id: UUID) -> Invitation:
    return get_object_or_404(request.team.invitations, pk=invitation_id)


def _invite_all(request: TeamHttpRequest, given: list[str], role: str) -> list[InviteResult]:
    """Once a mail could not be sent, the rest is kept without trying: each try would wait for the server anew."""
    results: list[InviteResult] = []
    is_mailed = True
    for address in given:
        results.append(_invite(request, address, role, is_mailed=is_mailed))
        is_mailed = is_mailed and not results[-1].is_unsent
    return results


def _invite(request: TeamHttpRequest, given: str, role: str, *, is_mailed: bool) -> InviteResult:
    try:
        address = addresses.plain(given)
        is_replaced = request.team.invitations.waiting().filter(email=address).exists()
        invitations.invite(request.team, address, role, by=actor_of(request), is_mailed=is_mailed)
        if not is_mailed:
            raise OSError("the mail server did not answer for the one before")
    except (ValidationError, NotAllowed, AlreadyMember, TooManyWaiting, TooManyMails, OSError) as error:
        is_unsent = isinstance(error, OSError)
        is_done = is_unsent or isinstance(error, AlreadyMember)
        is_for_later = isinstance(error, TooManyMails)
        why = _why(request, error)
        return InviteResult(given, why, is_done=is_done, is_unsent=is_unsent, is_for_later=is_for_later)
    return InviteResult(address, is_replaced=is_replaced)


def _replaced_words(replaced: list[str]) -> str:
    words = ngettext(
        "It replaced an earlier invitation, whose link does not work any more: %(addresses)s.",
        "They replaced earlier invitations, whose links do not work any more: %(addresses)s.",
        len(replaced),
    )
    return words % {"addresses": ", ".join(replaced)}


def _why(request: TeamHttpRequest, error: Exception) -> str:
    match error:
        case ValidationError():
            return " ".join(error.messages)
        case NotAllowed():
            return _("An invitation as owner waits for this address, and only owners can replace it.")
        case AlreadyMember():
            return _("They are in the team already.")
        case InvitationOver():
            return _("This invitation is over: it was accepted or revoked.")
        case TooManyWaiting():
            return _("%(limit)s invitations wait already. Revoke one first.") % {"limit": error.limit}
        case TooManyMails():
            words = _("A team, and each person, sends at most %(limit)s mails an hour. The next can go at %(time)s.")
            return words % {"limit": error.limit, "time": _hour(request, error)}
        case _:
            return _("The mail could not be sent. The invitation waits: send it again later.")


def _hour(request: TeamHttpRequest, error: TooManyMails) -> str:
    at = timezone.localtime(error.retry_at, ZoneInfo(request.team.time_zone))
    return f"{date_format(at, 'H:i')} ({request.team.time_zone})"


def _page(request: TeamHttpRequest, form: InviteForm, results: list[InviteResult]) -> HttpResponse:
    sent = [each for each in results if not each.why]
    later = [each for each in results if each.is_for_later]
    refused = [each for each in results if each.why and not each.is_for_later]
    context = {"form": form, "sent": sent, "refused": refused, "later": later}
    status = 422 if refused or later or form.errors else 200
    return render(request, "accounts/team_invite.html", context, status=status)
