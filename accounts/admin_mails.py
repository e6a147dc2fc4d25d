"""Mails to those who run a team, sent in the transaction that notes they were told.

    with transaction.atomic():
        if admin_mails.claim(team.pk): send(…), then note it

A mail server may hang, so the row that notes it is not locked meanwhile, but an advisory lock that stands in nobody's
way; and it is written last.
"""

import logging
from smtplib import (
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPHeloError,
    SMTPRecipientsRefused,
    SMTPResponseException,
)
from typing import Any
from uuid import UUID

from django.db import connection

from accounts import mails
from accounts.models import Role, Team, User

log = logging.getLogger(__name__)


def claim(subject_id: UUID) -> bool:
    """Whether nobody else is telling of this subject; until the transaction ends nobody else will be."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"tell:{subject_id}"])
        return bool(cursor.fetchone()[0])


def send(name: str, *, team: Team, **context: Any) -> None:
    """Mail the owners and admins of the team, each in their language. Raises OSError where nobody was told and the mail
    server could not be used: then it is worth another try.

    What it has against one mail or its address is logged, and keeps nobody else from theirs. Once somebody was told,
    every failure is only logged: the caller must not roll back, or they would be told again and again.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = '15min'")
    people = User.objects.filter(is_active=True, memberships__team=team, memberships__role__in=(Role.OWNER, Role.ADMIN))
    is_told, lost = False, None
    for user in list(people.order_by("memberships__created_at")):
        try:
            mails.send(name, to=user.email, language=user.language, team=mails.without_links(team.name), **context)
            is_told = True
        except OSError as error:
            log.warning("mail %s to user %s failed: %s", name, user.pk, type(error).__name__)
            if not _is_about_the_mail(error):
                lost = error
    if lost and not is_told:
        raise lost


def _is_about_the_mail(error: OSError) -> bool:
    """Whether the server was there and said no to this mail, such as 550 or 552."""
    if isinstance(error, (SMTPConnectError, SMTPHeloError, SMTPAuthenticationError)):
        return False
    return isinstance(error, (SMTPRecipientsRefused, SMTPResponseException))
