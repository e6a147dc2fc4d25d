"""Buying credits through Stripe Checkout.

The purchase is committed before Stripe is asked, and its id goes with the session and with the payment, so whatever
Stripe has to say about either, in whatever order, finds it. It is the idempotency key too: one purchase, one session.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast
from uuid import UUID

import stripe
from django.conf import settings
from django.core.cache import cache
from django.db import OperationalError, connection, transaction
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import get_language

from accounts.actors import Actor
from accounts.models import CreditPackage, Purchase, Team
from project.checks import LEAST_SECRET_CHARACTERS

if TYPE_CHECKING:
    from stripe.params.checkout import SessionCreateParams

# It would keep an id of this machine in the home folder and send it along.
stripe.enable_telemetry = False

SESSION_SECONDS = 3600  # Stripe takes 30 minutes to 24 hours
KEPT_SECONDS = 600
RETRIES = 1
_LOCALES = {"zh-hans": "zh"}
_http = stripe.RequestsClient(timeout=(4, 10))  # to connect, to answer; it keeps a session for each thread

log = logging.getLogger(__name__)


class CheckoutUnavailable(Exception):
    """Stripe could not be reached, or made no session. Nothing was bought; asking again starts another purchase."""


def is_configured() -> bool:
    """Whether packages can be bought here: both of Stripe's secrets are set, and the webhook's is no mere word."""
    return bool(settings.STRIPE_SECRET_KEY) and len(settings.STRIPE_WEBHOOK_SECRET) >= LEAST_SECRET_CHARACTERS


def start(team: Team, package: CreditPackage, *, by: Actor) -> str:
    """The address of Stripe's page where the package is paid for. Raises CheckoutUnavailable.

    Not to be called inside a transaction: the purchase must be there before Stripe knows of it.
    """
    if not is_configured():
        raise CheckoutUnavailable
    with transaction.atomic(durable=True):
        purchase = Purchase.objects.create(
            team=team,
            bought_by=by.user,
            name=package.name,
            credits=package.credits,
            amount=package.amount,
            currency=package.currency.lower(),
        )
    try:
        session = _client().v1.checkout.sessions.create(
            _session(purchase, email=by.user.email if by.user else ""),
            {"idempotency_key": str(purchase.pk)},
        )
    except stripe.StripeError as error:
        # Nobody has the address of a session that was made all the same, but should it be paid, it is a purchase.
        log.error("no checkout for purchase %s: %s %s", purchase.pk, type(error).__name__, error.http_status)
        Purchase.objects.filter(pk=purchase.pk, paid_at=None).update(expired_at=Now())
        raise CheckoutUnavailable from None  # its words and headers are for nobody's eyes
    Purchase.objects.filter(pk=purchase.pk, checkout_id=None).update(checkout_id=session.id)
    return cast(str, session.url)


def start_once(team: Team, package: CreditPackage, *, by: Actor, form_key: UUID) -> str:
    """As start(); the same form sent again, by the same person, within KEPT_SECONDS, leads to the same page."""
    name = f"checkout:{team.pk}:{by.user and by.user.pk}:{package.pk}:{form_key}"
    with _alone(name):
        url: str | None = cache.get(name)
        if url is None:
            url = start(team, package, by=by)
            cache.set(name, url, KEPT_SECONDS)
    return url


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """Whoever comes second with this name waits. Not a transaction: what is done meanwhile must be committed."""
    with connection.cursor() as cursor:
        try:
            cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [name])
        except OperationalError as error:  # lock_timeout: the first one still waits for Stripe
            raise CheckoutUnavailable from error
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [name])


def _client() -> stripe.StripeClient:
    return stripe.StripeClient(
        settings.STRIPE_SECRET_KEY,
        base_addresses={"api": settings.STRIPE_API_BASE},
        max_network_retries=RETRIES,
        http_client=_http,
    )


def _session(purchase: Purchase, *, email: str) -> "SessionCreateParams":
    """https://docs.stripe.com/api/checkout/sessions/create; metadata of the payment is copied to its charge."""
    page = f"{settings.PUBLIC_URL}{reverse('accounts:buy')}?purchase={purchase.pk}"
    metadata = {"purchase_id": str(purchase.pk)}
    parameters: SessionCreateParams = {
        "mode": "payment",
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": purchase.currency,
                    "unit_amount": purchase.amount,
                    "product_data": {"name": purchase.name},
                },
            }
        ],
        "client_reference_id": str(purchase.pk),
        "metadata": metadata,
        "payment_intent_data": {"metadata": metadata, "description": purchase.name},
        "success_url": page,
        "cancel_url": f"{page}&cancelled=1",
        "expires_at": int(time.time()) + SESSION_SECONDS,
        "adaptive_pricing": {"enabled": False},  # what is paid must be what was asked for, in its currency
        "locale": _LOCALES.get(get_language() or "", "auto"),
    }
    if email:
        parameters["customer_email"] = email
    return parameters
