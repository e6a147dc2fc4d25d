"""What an operator posts by hand, from the admin or the command line. One form posts once, however often it is sent.

The key of a form is the subject_id of its audit entry; nothing else needs to be kept.
"""

from uuid import UUID

from django.db import transaction

from accounts import audit_log, teams
from accounts import credits as books
from accounts.actors import Actor
from accounts.models import AuditAction, AuditEntry, CreditEntry, EntryKind, Team, User


class AlreadyPosted(Exception):
    """This form was posted before, and did what it does then."""


@transaction.atomic
def grant(team: Team, credits: int, *, note: str, by: Actor, form_key: UUID | None = None) -> CreditEntry:
    """Raises AlreadyPosted, TeamClosing, ValueError below 1, above what can be counted, or for a note too long."""
    if form_key:
        only_once(form_key, team=team, by=by)
    teams.lock(team.pk)
    entry = books.grant(team, credits, note=note, actor=by.user)
    audit_log.record(by, AuditAction.CREDITS_GRANTED, team=team, subject=note, subject_id=form_key, credits=credits)
    return entry


@transaction.atomic
def adjust(team: Team, credits: int, *, note: str, by: Actor, form_key: UUID | None = None) -> CreditEntry:
    """Give, or with a figure below 0 take. Raises what grant() does, and InsufficientCredits."""
    if form_key:
        only_once(form_key, team=team, by=by)
    teams.lock(team.pk)
    entry = books.adjust(team, credits, note=note, actor=by.user)
    audit_log.record(by, AuditAction.CREDITS_ADJUSTED, team=team, subject=note, subject_id=form_key, credits=credits)
    return entry


@transaction.atomic
def refund(team: Team, credits: int, *, hold_id: UUID, refunded_before: int, note: str, by: Actor) -> CreditEntry:
    """Give back what one of the team's generations was charged, or a part of it; its budgets get it back too.

    Raises AlreadyPosted where not so much of it had been refunded as whoever asks believed, ValueError above what is
    left of the charge, credits.NoSuchHold.
    """
    books.lock(team.pk)
    if charged(team, hold_id)[1] != refunded_before:
        raise AlreadyPosted
    entry = books.refund(hold_id, credits, note=note, actor=by.user)
    audit_log.record(
        by, AuditAction.CREDITS_ADJUSTED, team=team, subject=note, subject_id=hold_id,
        credits=credits, available=entry.available_after,
    )  # fmt: skip
    return entry


def charged(team: Team, hold_id: UUID) -> tuple[int, int]:
    """What a hold of the team's was charged, and how much of that has been refunded. Raises credits.NoSuchHold."""
    entries = CreditEntry.objects.filter(team=team, hold_id=hold_id).values_list("kind", "spent_delta")
    if not entries:
        raise books.NoSuchHold(hold_id)
    refunded = -sum(spent for kind, spent in entries if kind == EntryKind.REFUND)
    return sum(spent for kind, spent in entries if kind == EntryKind.CAPTURE), refunded


def only_once(form_key: UUID, *, team: Team | None, by: Actor) -> None:
    """Raises AlreadyPosted where the audit log has this form. To be asked in the transaction that posts it."""
    # One form of an operator at a time, so that of the same one sent twice the second sees the first.
    if by.user:
        User.objects.select_for_update(no_key=True).get(pk=by.user.pk)
    if AuditEntry.objects.filter(team=team, user=by.user, subject_id=form_key).exists():
        raise AlreadyPosted
