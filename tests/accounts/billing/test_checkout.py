import logging
import threading
import time

import pytest
import stripe
from django.utils.translation import override

from accounts.actors import Actor
from accounts.billing import checkout
from accounts.models import CreditBalance, Purchase
from tests.factories import make_package, make_team, make_user
from tests.receiver import answer, hang, reset

REFUSED = answer(402, b'{"error": {"type": "card_error", "message": "No."}}', Content_Type="application/json")
BUSY = answer(500, b'{"error": {"type": "api_error", "message": "Oops."}}', Content_Type="application/json")


@pytest.fixture
def team(db):
    return make_team()


def start(team, **package):
    return checkout.start(team, make_package(**package), by=Actor(user=make_user(email="ana@example.com")))


def test_stripe_is_told_what_is_bought_for_what_and_where_to_lead_back(team, stand_in, settings):
    url = start(team, name="Large", credits=1000, amount=1900, currency="eur")

    purchase = Purchase.objects.get()
    page = f"{settings.PUBLIC_URL}/credits/buy/?purchase={purchase.pk}"
    form = stand_in.session.form
    expires_at = int(form.pop("expires_at"))
    assert form == {
        "mode": "payment",
        "line_items[0][quantity]": "1",
        "line_items[0][price_data][currency]": "eur",
        "line_items[0][price_data][unit_amount]": "1900",
        "line_items[0][price_data][product_data][name]": "Large",
        "client_reference_id": str(purchase.pk),
        "metadata[purchase_id]": str(purchase.pk),
        "payment_intent_data[metadata][purchase_id]": str(purchase.pk),
        "payment_intent_data[description]": "Large",
        "success_url": page,
        "cancel_url": f"{page}&cancelled=1",
        "adaptive_pricing[enabled]": "false",
        "locale": "auto",
        "customer_email": "ana@example.com",
    }
    assert 1800 < expires_at - time.time() <= 86400  # what Stripe takes
    assert stand_in.session.headers["Idempotency-Key"] == str(purchase.pk)
    assert url == stand_in.session.url


def test_the_purchase_keeps_what_the_package_was_and_who_chose_it(team, stand_in):
    package = make_package(name="Large", credits=1000, amount=1900)
    checkout.start(team, package, by=Actor(user=team.members.get()))
    package.credits = 1
    package.save()

    purchase = Purchase.objects.get()
    assert (purchase.team, purchase.bought_by, purchase.credits) == (team, team.members.get(), 1000)
    assert (purchase.checkout_id, purchase.paid_at) == (stand_in.session.id, None)
    assert CreditBalance.objects.get(team=team).available == 0


def test_the_page_of_stripe_speaks_the_language_of_ours(team, stand_in):
    with override("zh-hans"):
        start(team)

    assert stand_in.session.form["locale"] == "zh"


def test_a_call_that_fails_once_is_repeated_and_makes_one_session(team, stand_in):
    stand_in.answers.append(BUSY)

    start(team)

    assert (stand_in.calls, len(stand_in.sessions), Purchase.objects.count()) == (2, 1, 1)


@pytest.mark.parametrize(
    "broken", [BUSY, REFUSED, reset, answer(200, b"<html>")], ids=["busy", "refused", "reset", "html"]
)
def test_when_stripe_makes_no_session_nothing_is_bought_and_it_says_so(team, stand_in, broken, caplog):
    stand_in.answers.extend([broken] * 4)

    with pytest.raises(checkout.CheckoutUnavailable):
        start(team)

    purchase = Purchase.objects.get()
    assert purchase.expired_at
    assert (purchase.paid_at, purchase.checkout_id) == (None, None)
    assert str(purchase.pk) in caplog.text
    assert "ana@example.com" not in caplog.text
    assert stand_in.settings()["STRIPE_SECRET_KEY"] not in caplog.text  # A8


def test_the_library_logs_no_address_at_any_level(team, stand_in, caplog):  # A8
    caplog.set_level(logging.DEBUG)

    start(team)

    assert "ana@example.com" not in caplog.text


def test_a_stripe_that_hangs_is_given_up(team, stand_in, monkeypatch):
    stop = threading.Event()
    stand_in.answers.extend([hang(stop)] * 4)
    monkeypatch.setattr(checkout, "_http", stripe.RequestsClient(timeout=0.2))

    with pytest.raises(checkout.CheckoutUnavailable):
        start(team)

    stop.set()
    assert stand_in.calls == 1 + checkout.RETRIES


def test_a_session_that_was_paid_although_its_address_was_lost_is_a_purchase(team, stand_in):
    stand_in.answers.extend([reset] * 4)
    with pytest.raises(checkout.CheckoutUnavailable):
        start(team, credits=1000)
    stand_in.answers.clear()
    purchase = Purchase.objects.get()
    session = {"id": "cs_1", "payment_status": "paid", "amount_total": purchase.amount, "currency": purchase.currency}

    assert stand_in.tell("checkout.session.completed", session | {"metadata": {"purchase_id": str(purchase.pk)}}) == 200

    assert CreditBalance.objects.get(team=team).available == 1000


@pytest.mark.parametrize(
    ("key", "secret", "is_configured"),
    [
        ("sk", "whsec_with_characters_enough", True),
        ("", "whsec_with_characters_enough", False),
        ("sk", "", False),
        ("sk", "x", False),
        ("sk", "whsec_", False),
    ],
)
def test_packages_are_sold_with_both_secrets_only(team, settings, key, secret, is_configured):  # W3
    settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = key, secret

    assert checkout.is_configured() is is_configured
    if not is_configured:
        with pytest.raises(checkout.CheckoutUnavailable):
            start(team)
        assert Purchase.objects.count() == 0
