"""What the database itself refuses, whoever writes."""

from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F, ProtectedError

from accounts import credits
from accounts.models import CreditBalance, CreditEntry
from tests.factories import make_team

GRANT = {
    "sequence": 2,
    "kind": "grant",
    "available_delta": 5,
    "held_delta": 0,
    "spent_delta": 0,
    "granted_delta": 5,
    "available_after": 105,
    "held_after": 0,
    "spent_after": 0,
    "granted_after": 105,
}


@pytest.mark.parametrize(
    "change",
    [
        {"available": F("available") + 1},
        {"available": -1, "granted": -1},
        {"held": -1, "available": F("available") + 1},
        {"spent": -1, "available": F("available") + 1},
    ],
    ids=str,
)
def test_a_balance_that_does_not_add_up_cannot_be_written(db, change):
    team = make_team(granted=100)

    with pytest.raises(IntegrityError, match="creditbalance_balances"), transaction.atomic():
        CreditBalance.objects.filter(team=team).update(**change)


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"granted_delta": 6}, "creditentry_balances"),
        ({"available_after": 106}, "creditentry_leaves_books_balanced"),
        ({"available_after": -5, "granted_after": -5}, "creditentry_leaves_books_balanced"),
        ({"available_delta": 0, "granted_delta": 0}, "creditentry_does_what_its_kind_may"),
        ({"available_delta": -5, "granted_delta": -5}, "creditentry_does_what_its_kind_may"),
        ({"held_delta": 5, "granted_delta": 10}, "creditentry_does_what_its_kind_may"),
        ({"kind": "gift"}, "creditentry_does_what_its_kind_may"),
        ({"hold_id": UUID(int=1)}, "creditentry_names_its_hold"),
        ({"sequence": 1}, "creditentry_sequence_is_unique"),
    ],
    ids=str,
)
def test_an_entry_that_does_not_add_up_cannot_be_written(db, change, constraint):  # L10
    team = make_team(granted=100)

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        CreditEntry.objects.create(team=team, **GRANT | change)


def test_a_sound_entry_can_be_written(db):
    team = make_team(granted=100)

    CreditEntry.objects.create(team=team, **GRANT)

    assert CreditEntry.objects.filter(team=team).count() == 2


def test_a_second_settlement_cannot_be_written(db):
    team = make_team(granted=100)
    hold_id = uuid4()
    credits.hold(team.pk, 10, hold_id=hold_id)
    credits.release(hold_id)
    second = GRANT | {"sequence": 4, "kind": "release", "hold_id": hold_id, "available_delta": 10}
    second |= {"held_delta": -10, "granted_delta": 0, "available_after": 100, "granted_after": 100}

    with pytest.raises(IntegrityError, match="creditentry_holds_once_settles_once"), transaction.atomic():
        CreditEntry.objects.create(team=team, **second)


def test_a_team_with_entries_is_not_deleted(db):
    team = make_team(granted=100)

    with pytest.raises(ProtectedError):
        team.delete()
