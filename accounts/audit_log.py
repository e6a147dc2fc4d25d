"""The only writer of the audit log: what was done, written in the transaction that does it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.actors import Actor
from accounts.models import AuditAction, AuditEntry, Membership, Team, User
from project.ids import first_id

FAILURES_EVERY = timedelta(hours=1)


def record(
    actor: Actor,
    action: AuditAction,
    *,
    team: Team | None,
    subject: str = "",
    subject_id: UUID | None = None,
    **detail: Any,
) -> None:
    """Write one entry. `subject` is what it was done to, by name; `detail` is small, flat, and holds no secret."""
    AuditEntry.objects.create(
        team=team,
        user=actor.user,
        api_key=actor.api_key,
        action=action,
        subject=subject[:254],
        subject_id=subject_id,
        detail=detail,
        ip=actor.ip,
    )


def record_of_account(actor: Actor, action: AuditAction, *, user: User, **detail: Any) -> None:
    """What concerns a person, such as a sign-in: an entry for each open team of theirs, whose admins may see it."""
    teams: list[Team | None] = [*_open_teams(user)]
    for team in teams or [None]:
        record(actor, action, team=team, subject=user.email, subject_id=user.pk, **detail)


@transaction.atomic
def record_failed_sign_in(actor: Actor, *, user: User, method: str) -> None:
    """The first failure in an hour, for each person and method: later ones are not written down, whoever they are of.

    Anyone may fail as often as they like with the address of somebody else, and an entry stays for good. Methods are
    told apart because who fails with a code knew the password.
    """
    # Two at once would each find none. no_key: what refers to the user meanwhile need not wait.
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    entries = AuditEntry.objects.filter(Q(team=None) | Q(team__in=_open_teams(user)))
    recent = entries.filter(id__gte=first_id(timezone.now() - FAILURES_EVERY))
    if not recent.filter(action=AuditAction.SIGN_IN_FAILED, subject_id=user.pk, detail__method=method).exists():
        record_of_account(actor, AuditAction.SIGN_IN_FAILED, user=user, method=method)


def _open_teams(user: User) -> list[Team]:
    memberships = Membership.objects.filter(user=user, team__closing_at=None).select_related("team")
    return [membership.team for membership in memberships]
