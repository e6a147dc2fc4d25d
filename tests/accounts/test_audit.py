from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from accounts import credits
from accounts.audit import audit
from accounts.models import Allowance, BudgetUse, CreditBalance, CreditEntry, Purchase, RedeemCode
from tests.factories import make_key, make_member, make_team

NOVEMBER = datetime(2026, 11, 10, tzinfo=UTC)


@pytest.fixture
def books(db):
    """A team with a key's settled and a member's open hold, and books that can be tampered with."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_creditentry DISABLE TRIGGER USER")
    team = make_team(granted=100)
    key, member = make_key(team=team)[0], make_member(team=team)
    settled, opened = uuid4(), uuid4()
    credits.hold(team.pk, 20, hold_id=settled, api_key_id=key.pk, at=NOVEMBER)
    credits.capture(settled, 15)
    credits.hold(team.pk, 30, hold_id=opened, member_id=member.pk, at=NOVEMBER)
    return team


def rules_broken():
    return sorted({row.rule for row in audit()})


def test_books_kept_by_credits_close(books):
    make_team()
    credits.refund(CreditEntry.objects.get(kind="capture").hold_id, 15, note="")

    assert audit() == []


def test_a_balance_that_its_entries_do_not_explain_is_found(books):  # I2
    CreditBalance.objects.filter(team=books).update(available=54, spent=16)

    (row,) = audit()

    assert (row.rule, row.team_id, row.subject) == ("balance_is_the_sum", books.pk, "balance")
    assert (row.expected, row.found) == ("4 55 30 15 100", "4 54 30 16 100")


def test_a_balance_without_any_entry_is_found(books):
    CreditBalance.objects.filter(team=make_team()).update(available=5, granted=5)

    assert rules_broken() == ["balance_is_the_sum"]


def test_entries_without_a_balance_are_found(books):
    CreditBalance.objects.filter(team=books).delete()

    assert rules_broken() == ["balance_is_the_sum"]


def test_a_gap_in_the_chain_is_found(books):
    CreditEntry.objects.filter(team=books, sequence=4).update(sequence=5)

    assert rules_broken() == ["chain_is_unbroken"]


def test_a_running_figure_that_does_not_follow_is_found(books):
    CreditEntry.objects.filter(team=books, sequence=2).update(available_after=81, held_after=19)

    (row,) = audit()

    assert (row.rule, row.subject) == ("chain_is_unbroken", "entry 2")
    assert (row.expected, row.found) == ("2 80 20 0 100", "2 81 19 0 100")


def test_credits_held_by_no_open_hold_are_found(books):  # I3
    CreditBalance.objects.filter(team=books).update(available=54, held=31)

    assert rules_broken() == ["balance_is_the_sum", "held_is_the_open_holds"]


def test_a_hold_settled_in_part_is_found(books):  # I5
    CreditEntry.objects.filter(kind="capture").update(held_delta=-19, available_delta=4)

    assert "holds_settle_once_and_whole" in rules_broken()


def test_a_settlement_of_nothing_is_found(books):  # I5
    CreditEntry.objects.filter(kind="capture").update(hold_id=uuid4())

    assert rules_broken() == ["held_is_the_open_holds", "holds_settle_once_and_whole"]


def test_a_refund_above_what_was_captured_is_found(books):
    captured = CreditEntry.objects.get(kind="capture")
    refund = credits.refund(captured.hold_id, 15, note="")
    CreditEntry.objects.filter(pk=captured.pk).update(available_delta=6, spent_delta=14)

    row = next(row for row in audit() if row.rule == "refunds_are_of_what_was_captured")

    assert (row.team_id, row.subject) == (books.pk, f"refunds of {refund.hold_id}")
    assert (row.expected, row.found) == ("at most 14", "15")


def test_a_refund_of_what_was_never_captured_is_found(books):
    refund = credits.refund(CreditEntry.objects.get(kind="capture").hold_id, 15, note="")
    CreditEntry.objects.filter(pk=refund.pk).update(hold_id=uuid4())

    assert rules_broken() == ["refunds_are_of_what_was_captured"]


@pytest.mark.parametrize("kind", ["capture", "refund"])
def test_what_follows_a_hold_but_names_another_month_is_found(books, kind):
    credits.refund(CreditEntry.objects.get(kind="capture").hold_id, 15, note="")
    CreditEntry.objects.filter(kind=kind).update(period="2026-12")

    assert "what_follows_names_what_its_hold_does" in rules_broken()


@pytest.mark.parametrize("change", [{"used_credits": 46}, {"used_credits": 44}, {"open_holds": 0}, {"open_holds": 2}])
@pytest.mark.parametrize("period", ["2026-11", "lifetime"])
def test_a_budget_that_the_entries_do_not_explain_is_found(books, period, change):  # I8
    BudgetUse.objects.filter(api_key=None, member=None, period=period).update(**change)

    (row,) = audit()

    assert (row.rule, row.team_id, row.subject) == ("budgets_are_the_sum", books.pk, f"budget of team, {period}")
    figures = {"used_credits": 45, "open_holds": 1, **change}
    assert (row.expected, row.found) == ("45 1", f"{figures['used_credits']} {figures['open_holds']}")


@pytest.mark.parametrize("owner", ["key", "member"])
def test_the_budget_of_a_key_and_a_member_is_recomputed_too(books, owner):  # I8
    rows = BudgetUse.objects.exclude(api_key=None) if owner == "key" else BudgetUse.objects.exclude(member=None)
    id = rows.first().api_key_id or rows.first().member_id
    rows.filter(period="lifetime").update(used_credits=7)

    (row,) = audit()

    used = {"key": "15 0", "member": "30 1"}[owner]
    assert (row.subject, row.expected) == (f"budget of {owner} {id}, lifetime", used)


def test_a_budget_that_is_missing_is_found(books):  # I8
    BudgetUse.objects.exclude(member=None).filter(period="2026-11").delete()

    (row,) = audit()

    assert (row.rule, row.expected, row.found) == ("budgets_are_the_sum", "30 1", None)


def test_a_budget_of_no_entry_is_found(books):  # I8
    BudgetUse.objects.create(team=books, period="2026-12", used_credits=1, open_holds=0)

    (row,) = audit()

    assert (row.subject, row.expected, row.found) == ("budget of team, 2026-12", "0 0", "1 0")


def test_a_settlement_in_another_month_or_for_another_key_is_found(books):  # I8
    CreditEntry.objects.filter(kind="capture").update(period="2026-12")
    assert rules_broken() == ["budgets_are_the_sum", "what_follows_names_what_its_hold_does"]

    CreditEntry.objects.filter(kind="capture").update(period="2026-11", api_key=make_key(team=books)[0])
    assert rules_broken() == ["budgets_are_the_sum", "what_follows_names_what_its_hold_does"]


def sources_of(team):
    """Each source with the credits that it says it brought."""
    bought = {"name": "Large", "credits": 10, "amount": 1900, "currency": "usd", "granted_credits": 10}
    redeemed = {"digest": "0" * 64, "hint": "0000", "credits": 10, "redeemed_at": NOVEMBER}
    return {
        "purchase": Purchase.objects.create(team=team, paid_at=NOVEMBER, **bought),
        "redeem_code": RedeemCode.objects.create(team=team, **redeemed),
        "allowance": Allowance.objects.create(team=team, period="2026-11", credits=10),
    }


@pytest.mark.parametrize("name", ["purchase", "redeem_code", "allowance"])
def test_a_source_that_did_not_bring_what_it_says_is_found(books, name):
    sources = sources_of(books)
    lacking = sources.pop(name)
    for source in sources.values():
        credits.grant(books, 10, source=source)

    (row,) = audit()

    assert (row.rule, row.team_id) == ("sources_bring_what_they_say", books.pk)
    assert row.subject.endswith(f" {lacking.pk}")
    assert (row.expected, row.found) == ("10", "0")
    credits.grant(books, 10, source=lacking)
    assert audit() == []


@pytest.mark.parametrize("name", ["purchase", "redeem_code", "allowance"])
def test_a_source_brings_its_credits_once(books, name):  # L13
    source = sources_of(books)[name]
    credits.grant(books, 10, source=source)

    with pytest.raises(IntegrityError, match="brings_once"), transaction.atomic():
        credits.grant(books, 10, source=source)

    assert books.credit_entries.filter(**{name: source}).count() == 1


def test_credits_taken_back_for_another_purchase_than_the_refunded_are_found(books):
    sources = sources_of(books)
    for source in sources.values():
        credits.grant(books, 10, source=source)

    credits.take_back(books, 4, source=sources["purchase"])

    (row,) = audit()
    assert (row.rule, row.expected, row.found) == ("sources_bring_what_they_say", "10", "6")
