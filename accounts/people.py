"""What an operator does to somebody's account: saved, written down, and their sessions ended where that shuts them out.

Teams are told of what concerns their member. Who is an operator is none of their affair, so that is written to no team.
"""

from typing import Any

from allauth.account.models import EmailAddress
from django.db import transaction

from accounts import audit_log, sessions
from accounts.actors import Actor
from accounts.models import AuditAction, User


@transaction.atomic
def save(user: User, *, by: Actor) -> None:
    """Save what was changed on `user`, whose row is still as it was before."""
    before = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    user.save()
    if user.email != before.email:
        _keep_address(user, instead_of=before.email)
        audit_log.record_of_account(by, AuditAction.EMAIL_CHANGED, user=user, email=[before.email, user.email])
    if user.is_active != before.is_active:
        changed = _from_to(before, user, "is_active")
        audit_log.record_of_account(by, AuditAction.ACCOUNT_CHANGED, user=user, **changed)
    if changed := _from_to(before, user, "is_staff", "is_superuser"):
        audit_log.record(by, AuditAction.ACCOUNT_CHANGED, team=None, subject=user.email, subject_id=user.pk, **changed)
    if not user.is_active:
        sessions.end_others(user, current=None, by=by)


@transaction.atomic
def password_was_set(user: User, *, current: str | None, by: Actor) -> None:
    """Note it, and end their sessions but the one with the key `current`."""
    audit_log.record_of_account(by, AuditAction.PASSWORD_CHANGED, user=user)
    sessions.end_others(user, current=current, by=by)


def _keep_address(user: User, *, instead_of: str) -> None:
    """The address is the one they sign in by; unless it is confirmed already, they are asked to when they do."""
    EmailAddress.objects.filter(user=user, email=instead_of).delete()
    EmailAddress.objects.filter(user=user, primary=True).update(primary=False)
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"primary": True})


def _from_to(before: User, after: User, *fields: str) -> dict[str, Any]:
    figures = {field: [getattr(before, field), getattr(after, field)] for field in fields}
    return {field: [old, new] for field, (old, new) in figures.items() if old != new}
