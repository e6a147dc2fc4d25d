"""What became of purchases. Stripe may tell it late, twice, at once and in any order; the books come out the same.

Each call locks the purchase, then the team where that is to get credits, then the balance. The purchase's row says what
has been done, so a repeat does nothing. Money for a team that takes no credits any more is noted as paid for nothing,
and the operator is told to give it back.
"""

import logging
from functools import partial
from uuid import UUID

from django.conf import settings
from django.core.mail import mail_managers
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts import audit_log, credits, teams
from accounts.actors import INSTALLATION
from accounts.models import AuditAction, Purchase
from accounts.refusals import TeamClosing

log = logging.getLogger(__name__)


@transaction.atomic
def paid(purchase_id: UUID, *, checkout_id: str, amount: int, currency: str) -> None:
    """Grant the credits, once. Money that is not what was asked for, to the cent, grants nothing and is logged."""
    purchase = _locked(purchase_id, checkout_id=checkout_id)
    if purchase is None or purchase.paid_at or not _agrees(purchase, amount, currency):
        return
    purchase.granted_credits = purchase.credits if _grant(purchase) else 0
    purchase.paid_at, purchase.expired_at, purchase.checkout_id = timezone.now(), None, checkout_id
    audit_log.record(
        INSTALLATION,
        AuditAction.CREDITS_BOUGHT,
        team=purchase.team,
        subject=purchase.name,
        subject_id=purchase.pk,
        credits=purchase.granted_credits,
        amount=purchase.amount,
        currency=purchase.currency,
    )
    if purchase.refunded_amount:
        _take_back(purchase)
    purchase.save(update_fields=["paid_at", "expired_at", "checkout_id", "granted_credits", "returned_credits"])


@transaction.atomic
def expired(purchase_id: UUID, *, checkout_id: str) -> None:
    """The session ended unpaid. Says nothing about one that was paid."""
    purchase = _locked(purchase_id, checkout_id=checkout_id)
    if purchase is None or purchase.paid_at or purchase.expired_at:
        return
    purchase.expired_at = timezone.now()
    purchase.save(update_fields=["expired_at"])


@transaction.atomic
def refunded(purchase_id: UUID, *, amount: int, currency: str, refunded_amount: int) -> None:
    """Of the `amount` that was paid, `refunded_amount` has gone back in all: the credits it brought are taken back.

    Of those that were spent already as many as there are; the rest shows as unreturned_credits. What is heard before
    the payment itself takes effect with it.
    """
    purchase = _locked(purchase_id)
    if purchase is None or not _agrees(purchase, amount, currency):
        return
    refunded_amount = min(refunded_amount, purchase.amount)
    if refunded_amount <= purchase.refunded_amount:
        return
    purchase.refunded_amount = refunded_amount
    if purchase.paid_at:
        _take_back(purchase)
    purchase.save(update_fields=["refunded_amount", "returned_credits"])


def _grant(purchase: Purchase) -> bool:
    """Whether the team could take what was bought; the operator is told where not."""
    try:
        teams.lock(purchase.team_id)  # a team that begins to close does so before or after
        credits.grant(purchase.team, purchase.credits, source=purchase, actor=purchase.bought_by)
    except (TeamClosing, credits.TooManyCredits) as refusal:
        reason = "is closed" if isinstance(refusal, TeamClosing) else "has all the credits it can have"
        log.error("purchase %s was paid, but its team %s: refund it", purchase.pk, reason)
        page = settings.PUBLIC_URL + reverse("admin:accounts_purchase_change", args=[purchase.pk])
        subject = "A payment is to be refunded"
        text = (
            f"Purchase {purchase.pk} was paid, but its team {reason}. It got no credits: refund it at Stripe.\n\n{page}"
        )
        transaction.on_commit(partial(mail_managers, subject, text, fail_silently=True))
        return False
    return True


def _take_back(purchase: Purchase) -> None:
    due = purchase.due_credits - purchase.returned_credits
    returned = credits.take_back(purchase.team, due, source=purchase) if due else 0
    purchase.returned_credits += returned
    audit_log.record(
        INSTALLATION,
        AuditAction.PURCHASE_REFUNDED,
        team=purchase.team,
        subject=purchase.name,
        subject_id=purchase.pk,
        refunded_amount=purchase.refunded_amount,
        currency=purchase.currency,
        returned_credits=returned,
        unreturned_credits=due - returned,
    )


def _locked(purchase_id: UUID, *, checkout_id: str | None = None) -> Purchase | None:
    """None, and a line in the log, where it is not ours, or not of this session."""
    rows = Purchase.objects.select_for_update(of=("self",), no_key=True).select_related("team", "bought_by")
    purchase = rows.filter(pk=purchase_id).first()
    if purchase is None:
        log.warning("Stripe tells of purchase %s, which is unknown here", purchase_id)
    elif checkout_id and purchase.checkout_id not in (None, checkout_id):
        log.error("Stripe tells of purchase %s, but of another session than its own", purchase_id)
        return None
    return purchase


def _agrees(purchase: Purchase, amount: int, currency: str) -> bool:
    agrees = (amount, currency.lower()) == (purchase.amount, purchase.currency)
    if not agrees:
        log.error(
            "purchase %s is of %s %s, but Stripe tells of %s %r",
            purchase.pk, purchase.amount, purchase.currency, amount, currency[:3],
        )  # fmt: skip
    return agrees
