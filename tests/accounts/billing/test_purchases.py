"""What Stripe tells, in whatever order, over the signed hook: the books are right each time."""

import itertools
from uuid import uuid4

import pytest

from accounts import credits, teams
from accounts.actors import INSTALLATION, Actor
from accounts.billing import checkout
from accounts.models import AuditAction, AuditEntry, CreditEntry, Purchase
from tests.factories import make_package, make_team
from tests.pipeline import assert_books_are_right, figures
from tests.races import race

COMPLETED = "checkout.session.completed"
SUCCEEDED = "checkout.session.async_payment_succeeded"
FAILED = "checkout.session.async_payment_failed"
EXPIRED = "checkout.session.expired"
REFUNDED = "charge.refunded"


@pytest.fixture
def team(db):
    return make_team()


@pytest.fixture
def purchase(team, stand_in):
    """1,000 credits for 1,900 cents, chosen and not paid yet."""
    checkout.start(team, make_package(name="Large", credits=1000, amount=1900), by=Actor(user=team.members.get()))
    return Purchase.objects.get()


def spend(team, amount):
    hold_id = uuid4()
    credits.hold(team.pk, amount, hold_id=hold_id)
    credits.capture(hold_id, amount)


def kinds(team):
    return list(CreditEntry.objects.filter(team=team).order_by("sequence").values_list("kind", "available_delta"))


def audited(team):
    actions = (AuditAction.CREDITS_BOUGHT, AuditAction.PURCHASE_REFUNDED)
    return AuditEntry.objects.filter(team=team, action__in=actions).order_by("id")


def test_what_is_paid_is_granted_under_the_name_of_the_package(team, purchase, stand_in):
    assert stand_in.tell(COMPLETED, stand_in.session_object()) == 200

    purchase.refresh_from_db()
    entry = CreditEntry.objects.get()
    assert (entry.purchase, entry.granted_delta, entry.actor) == (purchase, 1000, purchase.bought_by)
    assert entry.reason == "Bought: Large"
    assert purchase.paid_at
    assert figures(team) == (1000, 0, 0)
    log = audited(team).get()
    assert (log.action, log.subject_id, log.user, log.api_key) == ("credits.bought", purchase.pk, None, None)
    assert log.detail == {"credits": 1000, "amount": 1900, "currency": "usd"}
    assert_books_are_right()


def test_paid_twice_is_granted_once(team, purchase, stand_in):  # W4, L13
    body = stand_in.session_object()

    stand_in.tell(COMPLETED, body, id="evt_1")
    stand_in.tell(COMPLETED, body, id="evt_1")  # the same event again
    stand_in.tell(COMPLETED, body, id="evt_2")  # and told anew
    stand_in.tell(SUCCEEDED, body)

    assert kinds(team) == [("grant", 1000)]
    assert audited(team).count() == 1
    assert_books_are_right()


def test_a_completed_session_that_is_not_paid_yet_waits_for_the_money(team, purchase, stand_in):
    stand_in.tell(COMPLETED, stand_in.session_object(payment_status="unpaid"))
    assert figures(team) == (0, 0, 0)

    stand_in.tell(SUCCEEDED, stand_in.session_object())

    assert figures(team) == (1000, 0, 0)
    assert_books_are_right()


@pytest.mark.parametrize("ended", [EXPIRED, FAILED])
def test_what_ends_unpaid_brings_nothing(team, purchase, stand_in, ended):
    assert stand_in.tell(ended, stand_in.session_object(payment_status="unpaid")) == 200

    purchase.refresh_from_db()
    assert purchase.expired_at
    assert purchase.paid_at is None
    assert kinds(team) == []
    assert_books_are_right()


def test_completed_after_expired_is_paid(team, purchase, stand_in):  # W7
    stand_in.tell(EXPIRED, stand_in.session_object(payment_status="unpaid"))
    stand_in.tell(COMPLETED, stand_in.session_object())

    purchase.refresh_from_db()
    assert purchase.paid_at
    assert purchase.expired_at is None
    assert figures(team) == (1000, 0, 0)


def test_a_whole_refund_takes_all_back(team, purchase, stand_in):
    stand_in.tell(COMPLETED, stand_in.session_object())
    stand_in.tell(REFUNDED, stand_in.charge_object(1900))

    purchase.refresh_from_db()
    assert kinds(team) == [("grant", 1000), ("withdraw", -1000)]
    assert (purchase.returned_credits, purchase.unreturned_credits) == (1000, 0)
    assert audited(team).last().detail == {
        "refunded_amount": 1900, "currency": "usd", "returned_credits": 1000, "unreturned_credits": 0,
    }  # fmt: skip
    assert_books_are_right()


def test_refunds_in_parts_take_back_their_parts_whatever_is_repeated(team, purchase, stand_in):
    stand_in.tell(COMPLETED, stand_in.session_object())
    for refunded in (950, 950, 475, 1900, 1900):  # in all, each time; one of them comes late
        stand_in.tell(REFUNDED, stand_in.charge_object(refunded))

    assert kinds(team) == [("grant", 1000), ("withdraw", -500), ("withdraw", -500)]
    assert audited(team).count() == 3
    assert_books_are_right()


def test_a_part_is_rounded_in_the_teams_favour(team, purchase, stand_in):
    stand_in.tell(COMPLETED, stand_in.session_object())
    stand_in.tell(REFUNDED, stand_in.charge_object(1))

    assert figures(team) == (1000, 0, 0)
    stand_in.tell(REFUNDED, stand_in.charge_object(3))
    assert figures(team) == (999, 0, 0)  # 1,000 * 3 / 1,900 is 1.58


def test_what_was_spent_before_the_refund_shows_as_not_returned(team, purchase, stand_in):
    stand_in.tell(COMPLETED, stand_in.session_object())
    spend(team, 700)
    stand_in.tell(REFUNDED, stand_in.charge_object(1900))

    purchase.refresh_from_db()
    assert (purchase.returned_credits, purchase.unreturned_credits) == (300, 700)
    assert figures(team) == (0, 0, 700)
    assert audited(team).last().detail["unreturned_credits"] == 700
    assert_books_are_right()


def test_a_later_refund_takes_what_an_earlier_one_could_not(team, purchase, stand_in):
    stand_in.tell(COMPLETED, stand_in.session_object())
    spend(team, 1000)
    stand_in.tell(REFUNDED, stand_in.charge_object(950))
    credits.grant(team, 600, note="a prize")
    stand_in.tell(REFUNDED, stand_in.charge_object(1900))

    purchase.refresh_from_db()
    assert (purchase.returned_credits, purchase.unreturned_credits) == (600, 400)
    taken = CreditEntry.objects.get(kind="withdraw")
    assert (taken.purchase, taken.reason, taken.granted_delta) == (purchase, "Refunded: Large", -600)
    assert_books_are_right()


def test_every_order_of_the_same_events_ends_in_the_same_books(db, stand_in):  # W7
    told = ((COMPLETED, None), (EXPIRED, None), (REFUNDED, 950), (REFUNDED, 1900), (COMPLETED, None))
    for order in sorted(set(itertools.permutations(told)), key=str):
        team = make_team()
        checkout.start(team, make_package(credits=1000, amount=1900), by=Actor())
        for type, refunded in order:
            thing = stand_in.charge_object(refunded) if refunded else stand_in.session_object()
            assert stand_in.tell(type, thing) == 200
        purchase = Purchase.objects.get(team=team)
        assert purchase.paid_at
        assert (purchase.refunded_amount, purchase.returned_credits) == (1900, 1000), order
        assert figures(team) == (0, 0, 0)
    assert_books_are_right()


@pytest.mark.parametrize(
    "wrong",
    [{"amount_total": 1}, {"amount_total": 190_000}, {"currency": "jpy"}, {"id": "cs_of_another"}],
    ids=["less", "more", "another currency", "another session"],
)
def test_money_that_is_not_what_was_asked_for_grants_nothing_and_is_logged(team, purchase, stand_in, caplog, wrong):
    assert stand_in.tell(COMPLETED, stand_in.session_object(**wrong)) == 200

    purchase.refresh_from_db()
    assert purchase.paid_at is None
    assert kinds(team) == []
    assert [record.levelname for record in caplog.records if str(purchase.pk) in record.getMessage()] == ["ERROR"]


def test_a_refund_of_another_sum_takes_nothing(team, purchase, stand_in, caplog):
    stand_in.tell(COMPLETED, stand_in.session_object())
    stand_in.tell(REFUNDED, stand_in.charge_object(1900, amount=1901))
    stand_in.tell(REFUNDED, stand_in.charge_object(1900, currency="jpy"))

    assert figures(team) == (1000, 0, 0)
    assert caplog.text.count(str(purchase.pk)) == 2


def test_what_is_sold_elsewhere_through_the_same_account_is_none_of_ours(db, stand_in, team, purchase):
    for metadata in ({}, {"purchase_id": "not an id"}, {"purchase_id": str(uuid4())}, {"order": "7"}, None):
        for type in (COMPLETED, EXPIRED):
            assert stand_in.tell(type, stand_in.session_object(metadata=metadata)) == 200
        assert stand_in.tell(REFUNDED, stand_in.charge_object(1900, metadata=metadata)) == 200

    purchase.refresh_from_db()
    assert (purchase.paid_at, purchase.expired_at, purchase.refunded_amount) == (None, None, 0)


def test_a_hundred_deliveries_of_one_event_at_once_have_one_effect(transactional_db, stand_in):  # W6
    team = make_team()
    checkout.start(team, make_package(credits=1000), by=Actor())
    body = stand_in.session_object()

    answers = race(lambda _: stand_in.tell(COMPLETED, body, id="evt_1"), range(100), threads=20)

    assert answers == [200] * 100
    assert kinds(team) == [("grant", 1000)]
    assert_books_are_right()


def test_payment_expiry_and_refund_at_once_come_out_right(transactional_db, stand_in):  # W6
    team = make_team()
    for _ in range(10):
        checkout.start(team, make_package(credits=1000, amount=1900), by=Actor())
        turns = [(COMPLETED, stand_in.session_object()), (EXPIRED, stand_in.session_object())] * 2
        turns += [(REFUNDED, stand_in.charge_object(refunded)) for refunded in (475, 950, 1900, 1900)]

        answers = race(lambda turn: stand_in.tell(*turn), turns, threads=8)

        assert answers == [200] * 8
        purchase = Purchase.objects.get(checkout_id=stand_in.session.id)
        assert (purchase.refunded_amount, purchase.returned_credits) == (1900, 1000)
    assert figures(team) == (0, 0, 0)
    assert_books_are_right()


@pytest.mark.parametrize("refund_comes", ["before", "after", "never"])
def test_what_is_paid_for_a_team_that_is_closing_brings_nothing_and_the_operator_is_told(
    team, purchase, stand_in, caplog, settings, mailoutbox, django_capture_on_commit_callbacks, refund_comes
):
    settings.MANAGERS = [("Ana", "ana@example.com")]
    credits.grant(team, 50, note="left")
    teams.close(team, by=INSTALLATION)
    if refund_comes == "before":
        stand_in.tell(REFUNDED, stand_in.charge_object(1900))

    with django_capture_on_commit_callbacks(execute=True):
        answers = [stand_in.tell(COMPLETED, stand_in.session_object()) for _ in range(2)]

    if refund_comes == "after":
        stand_in.tell(REFUNDED, stand_in.charge_object(1900))
    assert answers == [200, 200]
    purchase.refresh_from_db()
    assert purchase.paid_at
    assert (purchase.granted_credits, purchase.returned_credits, purchase.unreturned_credits) == (0, 0, 0)
    assert purchase.refunded_amount == (0 if refund_comes == "never" else 1900)
    assert figures(team) == (50, 0, 0)
    assert [str(purchase.pk) in message.body for message in mailoutbox] == [True]
    assert mailoutbox[0].to == ["ana@example.com"]
    assert [record.levelname for record in caplog.records if str(purchase.pk) in record.getMessage()] == ["ERROR"]
    assert_books_are_right()


def test_what_is_more_than_can_be_counted_brings_nothing(team, purchase, stand_in, caplog):
    credits.grant(team, 2**63 - 1000, note="a very rich team")

    assert stand_in.tell(COMPLETED, stand_in.session_object()) == 200

    purchase.refresh_from_db()
    assert (purchase.paid_at is not None, purchase.granted_credits) == (True, 0)
    assert str(purchase.pk) in caplog.text
