import json
import time

import pytest
from django.test import Client
from django.urls import reverse

from accounts.actors import Actor
from accounts.billing import checkout
from accounts.models import CreditBalance, Purchase
from tests.factories import make_package, make_team
from tests.stripe_stand_in import hook_of_this_process, stand_in

__all__ = ["stand_in"]

URL = "/hooks/stripe"
COMPLETED = "checkout.session.completed"


@pytest.fixture
def team(db, stand_in):
    """A team that has chosen a package of 1,000 credits."""
    team = make_team()
    checkout.start(team, make_package(credits=1000), by=Actor())
    return team


def assert_nothing_happened(team):
    assert CreditBalance.objects.get(team=team).available == 0
    assert Purchase.objects.get().paid_at is None


def test_the_hook_is_where_the_manual_says():
    assert reverse("accounts:stripe_hook") == URL


def test_a_signed_event_has_its_effect(team, stand_in):  # W1
    assert stand_in.tell(COMPLETED, stand_in.session_object(), id="evt_1") == 200

    assert CreditBalance.objects.get(team=team).available == 1000


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_it_only_takes_posts(db, client, method):
    assert getattr(client, method)(URL).status_code == 405


def test_an_event_of_another_kind_is_taken_and_does_nothing(team, stand_in):
    assert stand_in.tell("payment_intent.created", stand_in.session_object()) == 200

    assert_nothing_happened(team)


def test_any_flipped_bit_is_refused(team, stand_in):  # W2
    body, signature = stand_in.signed(COMPLETED, stand_in.session_object())
    flipped = [(_flip(body, bit), signature) for bit in range(0, len(body) * 8, 7)]
    head = signature.encode()
    flipped += [(body, _flip(head, bit).decode("latin-1")) for bit in range(len(head) * 8)]
    answers = {hook_of_this_process(*each) for each in flipped if "\n" not in each[1] and "\r" not in each[1]}

    assert answers == {400}
    assert_nothing_happened(team)


def _flip(data, bit):
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@pytest.mark.parametrize(("seconds", "status"), [(-290, 200), (-310, 400), (290, 200), (310, 400)])
def test_an_event_is_good_for_five_minutes_before_and_after(team, stand_in, seconds, status):  # W5
    signed = stand_in.signed(COMPLETED, stand_in.session_object(), at=time.time() + seconds)

    assert hook_of_this_process(*signed) == status
    assert (Purchase.objects.get().paid_at is not None) == (status == 200)


def test_the_secret_of_another_endpoint_is_refused(team, stand_in):
    stand_in.webhook_secret = "whsec_of_another_endpoint_entirely"

    assert stand_in.tell(COMPLETED, stand_in.session_object()) == 400
    assert_nothing_happened(team)


@pytest.mark.parametrize("secret", ["", " ", "x", "whsec_", "changeme"])
def test_without_a_secret_nobody_is_believed(team, stand_in, settings, secret):  # W3
    settings.STRIPE_WEBHOOK_SECRET = stand_in.webhook_secret = secret

    assert stand_in.tell(COMPLETED, stand_in.session_object()) == 503
    assert_nothing_happened(team)


def test_an_installation_without_stripe_has_no_hook(team, stand_in, settings):
    settings.STRIPE_SECRET_KEY = settings.STRIPE_WEBHOOK_SECRET = ""

    assert stand_in.tell(COMPLETED, stand_in.session_object()) == 503
    assert_nothing_happened(team)


NOW = int(time.time())
SIGNATURES = [
    "", " ", "garbage", "t", "t=", "v1", "v1=", "t=,v1=", "t=1", f"t={NOW}", f"t={NOW},v1", f"t={NOW},v1=",
    f"t={NOW},v1=abc", f"t={NOW},v0=abc", f"t={NOW},v1=a,v1=b,v1=c", f"t={NOW}, v1=abc", f"t={NOW},\tv1=abc",
    f"t={NOW},v1=é", f"t={NOW},v1==", "t=NaN,v1=abc", "t=1e9,v1=abc", "t=-1,v1=abc", f"t={'9' * 5000},v1=abc",
    f"t={'9' * 4000},v1=abc", "t=\u00b2,v1=abc", ",,,", "=,=", f"{'v1=a,' * 5000}t={NOW}", f"v1=abc,t={NOW}",
    "t=0x10,v1=abc", f"t={NOW}.5,v1=abc", "\x00", f"T={NOW},V1=abc", f"t={NOW};v1=abc", '{"t": 1}',
]  # fmt: skip


@pytest.mark.parametrize("signature", SIGNATURES, ids=range(len(SIGNATURES)))
def test_a_malformed_signature_is_refused(team, stand_in, signature):  # W11
    body, _ = stand_in.signed(COMPLETED, stand_in.session_object())

    assert hook_of_this_process(body, signature) == 400
    assert_nothing_happened(team)


def test_no_signature_at_all_is_refused(team, stand_in, client):
    body, _ = stand_in.signed(COMPLETED, stand_in.session_object())

    assert client.post(URL, body, content_type="application/json").status_code == 400


BODIES = [
    "", " ", "null", "[]", "1", '"text"', "{", "{}", '{"id": 1}', '{"id": "evt_1"}', "[" * 100_000, "NaN",
    '{"id": "evt_1", "type": "x"}', '{"id": "evt_1", "type": "x", "data": []}', '{"id": "", "type": "x", "data": {}}',
    '{"id": "evt_1", "type": "x", "data": {"object": 7}}', '{"id": "a b", "type": "x", "data": {"object": {}}}',
    '{"id": "evt_\\u0000", "type": "x", "data": {"object": {}}}',
    json.dumps({"id": "e" * 256, "type": "x", "data": {"object": {}}}),
]  # fmt: skip


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_what_is_signed_but_no_event_is_refused(team, stand_in, body):  # W11
    assert hook_of_this_process(*stand_in.sign(body)) == 400
    assert_nothing_happened(team)


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": None}, {"id": "x" * 256}, {"id": "cs\0"}, {"amount_total": None}, {"amount_total": "1900"},
        {"amount_total": True}, {"amount_total": 19.0}, {"currency": None}, {"payment_status": None},
    ],
)  # fmt: skip
def test_an_event_that_lacks_what_it_needs_is_refused_and_may_come_again(team, stand_in, wrong):
    assert stand_in.tell(COMPLETED, stand_in.session_object(**wrong), id="evt_1") == 400
    assert_nothing_happened(team)

    assert stand_in.tell(COMPLETED, stand_in.session_object(), id="evt_1") == 200
    assert CreditBalance.objects.get(team=team).available == 1000


def test_an_event_that_came_too_early_to_act_acts_when_it_is_sent_again(team, stand_in):
    purchase = Purchase.objects.get()
    Purchase.objects.filter(pk=purchase.pk).update(amount=purchase.amount + 1)
    body, signature = stand_in.signed(COMPLETED, stand_in.session_object(), id="evt_1")
    assert hook_of_this_process(body, signature) == 200
    assert_nothing_happened(team)

    Purchase.objects.filter(pk=purchase.pk).update(amount=purchase.amount)
    assert hook_of_this_process(body, signature) == 200
    assert CreditBalance.objects.get(team=team).available == 1000


def test_a_body_that_is_no_text_is_refused(team, stand_in):
    _, signature = stand_in.sign("x")

    assert hook_of_this_process(b"\xff\xfe\x00", signature) == 400


def test_a_body_above_256_kib_is_refused(team, stand_in):  # W12
    thing = stand_in.session_object(padding="x" * (256 * 1024))

    assert stand_in.tell(COMPLETED, thing) == 413
    assert_nothing_happened(team)


def test_a_body_just_below_is_taken(team, stand_in):
    assert stand_in.tell(COMPLETED, stand_in.session_object(padding="x" * (255 * 1024))) == 200


def test_an_effect_that_fails_leaves_nothing_behind(team, stand_in, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError

    client = Client(raise_request_exception=False)
    body, signature = stand_in.signed(COMPLETED, stand_in.session_object())
    with monkeypatch.context() as patch:
        patch.setattr("accounts.billing.purchases.audit_log.record", fail)
        failed = client.post(URL, body, content_type="application/json", headers={"Stripe-Signature": signature})
    assert failed.status_code == 500
    assert_nothing_happened(team)

    assert hook_of_this_process(body, signature) == 200
    assert CreditBalance.objects.get(team=team).available == 1000
