from uuid import uuid4

import pytest
from django.db import connection

from accounts import credits
from accounts.audit import audit
from accounts.models import CreditBalance, CreditEntry
from tests.factories import make_team


@pytest.fixture
def books(db):
    """A team with a settled and an open hold, and books that can be tampered with."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_creditentry DISABLE TRIGGER USER")
    team = make_team(granted=100)
    settled, opened = uuid4(), uuid4()
    credits.hold(team.pk, 20, hold_id=settled)
    credits.capture(settled, 15)
    credits.hold(team.pk, 30, hold_id=opened)
    return team


def rules_broken():
    return sorted({row.rule for row in audit()})


def test_books_kept_by_credits_close(books):
    make_team()

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
