"""Stripe's events: told from others by their signature, and given their effect.

https://docs.stripe.com/webhooks. They may come twice, at once and in any order: the purchase's own row says what has
been done, see accounts.billing.purchases, so no event has to be remembered.
"""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import stripe
from django.conf import settings

from . import purchases

TOLERANCE_SECONDS = 300
_WORD = re.compile(r"[\w.-]{1,255}", re.ASCII)


class NotFromStripe(Exception):
    """The signature is missing, malformed, of something else, too old or of the future; or the body is no event."""


@dataclass(frozen=True, slots=True)
class Event:
    id: str
    type: str
    object: dict[str, Any]


def read(body: bytes, *, signature: str) -> Event:
    """The event in a request's body, whose Stripe-Signature header is `signature`. Raises NotFromStripe."""
    try:
        # ValueError is for what is no UTF-8, TypeError for a signature that is no ASCII.
        stripe.WebhookSignature.verify_header(body, signature, settings.STRIPE_WEBHOOK_SECRET, TOLERANCE_SECONDS)
    except (stripe.SignatureVerificationError, ValueError, TypeError):
        raise NotFromStripe from None
    # The library bounds the past alone.
    if _signed_at(signature) > time.time() + TOLERANCE_SECONDS:
        raise NotFromStripe
    try:
        match json.loads(body):
            case {"id": str(id), "type": str(type), "data": {"object": dict(thing)}} if _WORD.fullmatch(id):
                return Event(id, type[:100], thing)
    except (ValueError, RecursionError):
        pass
    raise NotFromStripe


def apply(event: Event) -> None:
    """Do what the event asks for, unless that was done before. Raises NotFromStripe for one that lacks something."""
    effect = _EFFECTS.get(event.type)
    if effect is None:
        return
    try:
        effect(event.object)
    except KeyError:
        raise NotFromStripe from None


def _session_completed(session: dict[str, Any]) -> None:
    """Some ways to pay take days: then async_payment_succeeded or _failed follows."""
    if _get(session, "payment_status", str) == "paid":
        _session_paid(session)


def _session_paid(session: dict[str, Any]) -> None:
    if purchase_id := _purchase_of(session):
        purchases.paid(
            purchase_id,
            checkout_id=_id(session),
            amount=_get(session, "amount_total", int),
            currency=_get(session, "currency", str),
        )


def _session_ended(session: dict[str, Any]) -> None:
    if purchase_id := _purchase_of(session):
        purchases.expired(purchase_id, checkout_id=_id(session))


def _charge_refunded(charge: dict[str, Any]) -> None:
    if purchase_id := _purchase_of(charge):
        purchases.refunded(
            purchase_id,
            amount=_get(charge, "amount", int),
            currency=_get(charge, "currency", str),
            refunded_amount=_get(charge, "amount_refunded", int),
        )


_EFFECTS: dict[str, Callable[[dict[str, Any]], None]] = {
    "checkout.session.completed": _session_completed,
    "checkout.session.async_payment_succeeded": _session_paid,
    "checkout.session.async_payment_failed": _session_ended,
    "checkout.session.expired": _session_ended,
    "charge.refunded": _charge_refunded,
}


def _purchase_of(thing: dict[str, Any]) -> UUID | None:
    """The purchase that a session or charge is of; None for what else is sold through the same account."""
    match thing:
        case {"metadata": {"purchase_id": str(text)}}:
            try:
                return UUID(text)
            except ValueError:
                return None
    return None


def _get(thing: dict[str, Any], name: str, kind: type[Any]) -> Any:
    """Raises KeyError where it is missing or of another type."""
    value = thing.get(name)
    if type(value) is not kind:
        raise KeyError(name)
    return value


def _id(session: dict[str, Any]) -> str:
    id = session.get("id")
    if type(id) is not str or not _WORD.fullmatch(id):
        raise KeyError("id")
    return id


def _signed_at(signature: str) -> int:
    """The first t= of a header that was verified."""
    return next(int(part.split("=", 2)[1]) for part in signature.split(",") if part.startswith("t="))
