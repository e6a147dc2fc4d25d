"""Asking people by e-mail to join a team. The link works once, for seven days, for whoever reads that address's mail.

The link carries 256 random bits, of which only the SHA-256 is kept. Decided with the team's row locked.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from functools import partial
from typing import Literal

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language

from accounts import addresses, audit_log, mails, members, teams
from accounts.actors import Actor
from accounts.models import AuditAction, AuditEntry, Invitation, Membership, Role, Team, User
from accounts.refusals import TeamClosing
from accounts.roles import NotAllowed, may_manage
from project.ids import first_id

VALID_FOR = timedelta(days=7)
MAX_WAITING = 50
MAILS_AN_HOUR = 20
SESSION_KEY = "invitation"

Reason = Literal["unknown", "expired", "accepted", "revoked"]


class InvitationOver(Exception):
    """The link leads nowhere, or not any more."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class WrongAddress(Exception):
    """The invitation is for an address that is not one of the user's confirmed ones."""

    def __init__(self, email: str) -> None:
        super().__init__("not for this user")
        self.email = email


class AlreadyMember(Exception):
    """The address is a member's."""


class TooManyWaiting(Exception):
    """So many of the team's invitations wait already; one must be accepted or revoked first."""

    limit = MAX_WAITING


class TooManyMails(Exception):
    """So many of the team's invitations, or of the user's in all teams, were mailed within the last hour.

    retry_at is when the next one may be.
    """

    limit = MAILS_AN_HOUR

    def __init__(self, retry_at: datetime) -> None:
        super().__init__(retry_at)
        self.retry_at = retry_at


@transaction.atomic
def invite(team: Team, email: str, role: str, *, by: Actor, is_mailed: bool = True) -> Invitation:
    """Mail someone a link to join as `role`. One that waits for this address already is replaced: its link ends.

    Raises ValidationError for what is no address, NotAllowed, AlreadyMember, TooManyWaiting, TooManyMails, TeamClosing;
    OSError when the mail can't be sent, after all else is committed: then the invitation waits to be sent again, as one
    does that is not to be mailed at all.
    """
    email, role = addresses.plain(email), Role(role).value
    team = teams.lock(team.pk)
    _check_may_manage(team, role, by=by)
    if _is_member(team, email):
        raise AlreadyMember
    invitation = team.invitations.waiting().filter(email=email).first()
    if invitation is None:
        if team.invitations.waiting().count() >= MAX_WAITING:
            raise TooManyWaiting
        invitation = Invitation(team=team, email=email)
    elif invitation.role != role:
        # Who may not make an owner may not unmake the invitation of one either.
        _check_may_manage(team, invitation.role, by=by)
    return _send(invitation, role, by=by, is_mailed=is_mailed)


@transaction.atomic
def send_again(invitation: Invitation, *, by: Actor) -> Invitation:
    """Mail a new link, valid for seven days; the one sent before ends. Raises as invite() does, and InvitationOver."""
    team = teams.lock(invitation.team_id)
    invitation = _locked(Q(pk=invitation.pk), even_expired=True)
    _check_may_manage(team, invitation.role, by=by)
    if _is_member(team, invitation.email):
        raise AlreadyMember
    return _send(invitation, invitation.role, by=by)


@transaction.atomic
def revoke(invitation: Invitation, *, by: Actor) -> None:
    """End an invitation; one that is over stays as it is. Raises NotAllowed, TeamClosing."""
    team = teams.lock(invitation.team_id)
    _check_may_manage(team, invitation.role, by=by)
    if team.invitations.waiting().filter(pk=invitation.pk).update(revoked_at=Now()):
        _record(by, AuditAction.INVITATION_REVOKED, invitation, role=invitation.role)


def find(token: str) -> Invitation:
    """The invitation that a link leads to, with its team and who invited. Raises InvitationOver."""
    invitation = Invitation.objects.select_related("team", "invited_by").filter(digest=_digest(token)).first()
    return _usable(invitation)


@transaction.atomic
def accept(token: str, *, by: Actor) -> Membership:
    """Join. It works once; who has become a member meanwhile stays what they are.

    Raises InvitationOver, WrongAddress unless the address is a confirmed one of the user's, and NotAllowed for who was
    deactivated meanwhile.
    """
    user = by.user
    if user is None:
        raise NotAllowed
    try:
        team = teams.lock(find(token).team_id)
    except TeamClosing as error:
        raise InvitationOver("revoked") from error
    invitation = _locked(Q(digest=_digest(token)))
    # Whoever deactivates them holds this row: they see this membership, or it is not made.
    if not User.objects.select_for_update(no_key=True).get(pk=user.pk).is_active:
        raise NotAllowed
    if not _is_confirmed(user, invitation.email):
        raise WrongAddress(invitation.email)
    if not _might_still_be_sent(invitation):
        raise InvitationOver("revoked")
    invitation.accepted_at, invitation.accepted_by = timezone.now(), user
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    membership, is_new = Membership.objects.get_or_create(
        team=team, user=user, defaults={"role": invitation.role, "last_active_at": timezone.now()}
    )
    if is_new:
        detail = {"role": membership.role, "invited_by": invitation.invited_by.email if invitation.invited_by else ""}
        audit_log.record(by, AuditAction.MEMBER_JOINED, team=team, subject=user.email, subject_id=user.pk, **detail)
    return membership


def joined_with(token: str, user: User) -> Membership | None:
    """The membership that the user has by this very link, which they may open again."""
    return Membership.objects.filter(
        user=user, team__closing_at=None, team__invitations__digest=_digest(token), team__invitations__accepted_by=user
    ).first()


def remember(request: HttpRequest, token: str) -> None:
    """Keep the invitation in the session, not its token, for someone who has to sign up first."""
    request.session[SESSION_KEY] = _digest(token)


def remembered(request: HttpRequest) -> Invitation | None:
    """The invitation that this browser has opened, as long as it can be accepted."""
    digest = request.session.get(SESSION_KEY)
    if not digest:
        return None
    try:
        return _usable(Invitation.objects.select_related("team", "invited_by").filter(digest=digest).first())
    except InvitationOver:
        return None


def _check_may_manage(team: Team, role: str, *, by: Actor) -> None:
    if not may_manage(members.acting(team, by).role, role):
        raise NotAllowed


def _send(invitation: Invitation, role: str, *, by: Actor, is_mailed: bool = True) -> Invitation:
    """Write the invitation with a new token, and mail it once that is committed."""
    _count_mail(invitation.team, by)
    token = secrets.token_urlsafe(32)
    now = timezone.now()
    invitation.role, invitation.digest, invitation.invited_by = role, _digest(token), by.user
    invitation.created_at, invitation.expires_at = now, now + VALID_FOR
    invitation.save()
    _record(by, AuditAction.MEMBER_INVITED, invitation, role=role)
    if is_mailed:
        transaction.on_commit(partial(_mail, invitation, token))
    return invitation


def _count_mail(team: Team, by: Actor) -> None:
    """The audit log has one entry for each mail, and nobody else writes one while the team and the user are locked."""
    if by.user:
        # Closed ones included: nobody shall have more by making team after team.
        User.objects.select_for_update(no_key=True).get(pk=by.user.pk)
        _refuse_one_too_many(AuditEntry.objects.filter(user=by.user))
    _refuse_one_too_many(AuditEntry.objects.filter(team=team))


def _refuse_one_too_many(entries: QuerySet[AuditEntry]) -> None:
    hour_ago = timezone.now() - timedelta(hours=1)
    # A minute for the clocks of several hosts.
    sent = entries.filter(action=AuditAction.MEMBER_INVITED, id__gte=first_id(hour_ago, skew_ms=-60_000))
    times = sorted(sent.filter(created_at__gt=hour_ago).values_list("created_at", flat=True))
    if len(times) >= MAILS_AN_HOUR:
        raise TooManyMails(times[-MAILS_AN_HOUR] + timedelta(hours=1))


def _mail(invitation: Invitation, token: str) -> None:
    inviter = invitation.invited_by
    mails.send(
        "invitation",
        to=invitation.email,
        language=(inviter and inviter.language) or get_language() or "",
        team=mails.without_links(invitation.team.name),
        inviter=mails.without_links(inviter.display_name) if inviter else "",
        inviter_email=inviter.email if inviter else "",
        role=Role(invitation.role).label,
        link=settings.PUBLIC_URL + reverse("accounts:invitation", args=[token]),
        expires_at=invitation.expires_at,
    )


def _locked(which: Q, *, even_expired: bool = False) -> Invitation:
    # of: who invited may be nobody, and the team's row is locked already.
    rows = Invitation.objects.select_for_update(of=("self",)).select_related("team", "invited_by")
    return _usable(rows.filter(which).first(), even_expired=even_expired)


def _usable(invitation: Invitation | None, *, even_expired: bool = False) -> Invitation:
    if invitation is None:
        raise InvitationOver("unknown")
    if invitation.accepted_at:
        raise InvitationOver("accepted")
    if invitation.revoked_at or not invitation.team.is_open:
        raise InvitationOver("revoked")
    if invitation.expires_at <= timezone.now() and not even_expired:
        raise InvitationOver("expired")
    return invitation


def _is_member(team: Team, email: str) -> bool:
    spellings = addresses.spellings(email)
    confirmed = EmailAddress.objects.filter(email__in=spellings, verified=True).values("user_id")
    return Membership.objects.filter(Q(user__email__in=spellings) | Q(user_id__in=confirmed), team=team).exists()


def _is_confirmed(user: User, email: str) -> bool:
    confirmed = EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)
    return any(addresses.is_same(address, email) for address in confirmed)


def _might_still_be_sent(invitation: Invitation) -> bool:
    """Whether who has sent it might do so now: it gives no role that they could not give any more."""
    sender = Membership.objects.filter(
        team=invitation.team_id, user=invitation.invited_by_id, user__is_active=True
    ).first()
    return sender is not None and may_manage(sender.role, invitation.role)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def _record(by: Actor, action: AuditAction, invitation: Invitation, **detail: object) -> None:
    audit_log.record(by, action, team=invitation.team, subject=invitation.email, subject_id=invitation.pk, **detail)
