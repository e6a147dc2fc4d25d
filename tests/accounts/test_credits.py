from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts import credits
from accounts.audit import audit
from accounts.models import CreditBalance, CreditEntry, EntryKind
from accounts.refusals import InsufficientCredits
from tests.factories import make_team, make_user

NOT_CREDITS = [-1, 0, 2**63, 0.1, float("nan"), float("inf"), "1e9", "5", True, False, None, 1.0]


def figures(team):
    balance = CreditBalance.objects.get(team=team)
    return balance.available, balance.held, balance.spent, balance.granted


def deltas(entry):
    return entry.available_delta, entry.held_delta, entry.spent_delta, entry.granted_delta


def test_a_new_team_has_nothing(db):
    team = make_team()

    assert figures(team) == (0, 0, 0, 0)


def test_a_grant_is_available_and_says_who_gave_it_and_why(db):
    operator = make_user()
    team = make_team()

    entry = credits.grant(team, 100, note="a prize", actor=operator)

    assert figures(team) == (100, 0, 0, 100)
    entry.refresh_from_db()
    assert (entry.kind, entry.note, entry.actor, entry.sequence) == (EntryKind.GRANT, "a prize", operator, 1)
    assert deltas(entry) == (100, 0, 0, 100)


def test_a_hold_sets_credits_aside(db):
    team = make_team(granted=100)
    hold_id = uuid4()

    entry = credits.hold(team.pk, 43, hold_id=hold_id)

    assert figures(team) == (57, 43, 0, 100)
    assert (entry.kind, entry.hold_id, entry.sequence) == (EntryKind.HOLD, hold_id, 2)
    assert deltas(entry) == (-43, 43, 0, 0)
    assert (entry.available_after, entry.held_after, entry.spent_after, entry.granted_after) == (57, 43, 0, 100)


def test_a_hold_above_what_is_available_is_refused_and_changes_nothing(db):
    team = make_team(granted=42)

    with pytest.raises(InsufficientCredits) as refusal, transaction.atomic():
        credits.hold(team.pk, 43, hold_id=uuid4())

    assert str(refusal.value) == "Insufficient credits. Required: 43, Available: 42"
    assert (refusal.value.required, refusal.value.available) == (43, 42)
    assert refusal.value.limit_source == "team_balance"
    assert figures(team) == (42, 0, 0, 42)
    assert CreditEntry.objects.filter(team=team).count() == 1


def test_everything_available_can_be_held(db):
    team = make_team(granted=43)

    credits.hold(team.pk, 43, hold_id=uuid4())

    assert figures(team) == (0, 43, 0, 43)


def test_a_name_is_held_once(db):
    team = make_team(granted=100)
    hold_id = uuid4()
    credits.hold(team.pk, 10, hold_id=hold_id)

    with pytest.raises(IntegrityError), transaction.atomic():
        credits.hold(team.pk, 10, hold_id=hold_id)

    assert figures(team) == (90, 10, 0, 100)


def test_capture_of_all_spends_the_hold(db):
    team = make_team(granted=100)
    hold_id = uuid4()
    credits.hold(team.pk, 43, hold_id=hold_id)

    assert credits.capture(hold_id, 43) is True

    assert figures(team) == (57, 0, 43, 100)


def test_capture_of_a_part_returns_the_rest_in_the_same_entry(db):  # L7
    team = make_team(granted=200)
    hold_id = uuid4()
    credits.hold(team.pk, 180, hold_id=hold_id)

    assert credits.capture(hold_id, 100) is True

    assert figures(team) == (100, 0, 100, 200)
    entry = CreditEntry.objects.get(hold_id=hold_id, kind=EntryKind.CAPTURE)
    assert deltas(entry) == (80, -180, 100, 0)


class PartialCapture(TestCase):
    @settings(max_examples=200, deadline=None)
    @given(held=st.integers(1, 200), actual=st.integers(1, 200))
    def test_any_capture_up_to_the_hold_spends_just_that_and_any_above_is_refused(self, held, actual):  # L7
        team = make_team(granted=200)
        hold_id = uuid4()
        credits.hold(team.pk, held, hold_id=hold_id)

        if actual > held:
            with pytest.raises(ValueError, match=f"cannot capture {actual} of {held}"):
                credits.capture(hold_id, actual)
            assert figures(team) == (200 - held, held, 0, 200)
        else:
            credits.capture(hold_id, actual)
            assert figures(team) == (200 - actual, 0, actual, 200)
        assert audit() == []


def test_release_gives_all_of_it_back(db):
    team = make_team(granted=100)
    hold_id = uuid4()
    credits.hold(team.pk, 43, hold_id=hold_id)

    assert credits.release(hold_id) is True

    assert figures(team) == (100, 0, 0, 100)


@pytest.mark.parametrize("settle", [credits.release, lambda hold_id: credits.capture(hold_id, 30)])
def test_settling_again_in_the_same_way_changes_nothing(db, settle):
    team = make_team(granted=100)
    hold_id = uuid4()
    credits.hold(team.pk, 43, hold_id=hold_id)
    settle(hold_id)
    before = figures(team)

    assert settle(hold_id) is False

    assert figures(team) == before
    assert CreditEntry.objects.filter(hold_id=hold_id).count() == 2


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (credits.release, lambda hold_id: credits.capture(hold_id, 43)),
        (lambda hold_id: credits.capture(hold_id, 43), credits.release),
        (lambda hold_id: credits.capture(hold_id, 43), lambda hold_id: credits.capture(hold_id, 42)),
    ],
)
def test_settling_again_in_another_way_is_refused(db, first, second):
    team = make_team(granted=100)
    hold_id = uuid4()
    credits.hold(team.pk, 43, hold_id=hold_id)
    first(hold_id)
    before = figures(team)

    with pytest.raises(credits.HoldSettledOtherwise):
        second(hold_id)

    assert figures(team) == before


def test_what_was_never_held_cannot_be_settled(db):
    with pytest.raises(credits.NoSuchHold):
        credits.release(uuid4())


def test_a_withdrawal_takes_back_what_is_available(db):
    operator = make_user()
    team = make_team(granted=100)

    entry = credits.withdraw(team, 30, note="given by mistake", actor=operator)

    assert figures(team) == (70, 0, 0, 70)
    assert deltas(entry) == (-30, 0, 0, -30)


def test_a_withdrawal_does_not_touch_what_is_held(db):
    team = make_team(granted=100)
    credits.hold(team.pk, 80, hold_id=uuid4())

    with pytest.raises(InsufficientCredits):
        credits.withdraw(team, 30, note="too much", actor=None)

    assert figures(team) == (20, 80, 0, 100)


@pytest.mark.parametrize(("amount", "left"), [(30, 130), (-30, 70), (-100, 0)])
def test_an_adjustment_goes_up_or_down(db, amount, left):
    operator = make_user()
    team = make_team(granted=100)

    entry = credits.adjust(team, amount, note="a slip", actor=operator)

    assert figures(team) == (left, 0, 0, left)
    assert deltas(entry) == (amount, 0, 0, amount)
    assert (entry.kind, entry.note, entry.actor) == ("adjust", "a slip", operator)


def test_an_adjustment_does_not_go_below_what_is_available(db):
    team = make_team(granted=100)
    credits.hold(team.pk, 80, hold_id=uuid4())

    with pytest.raises(InsufficientCredits):
        credits.adjust(team, -21, note="too much")

    assert figures(team) == (20, 80, 0, 100)


@pytest.mark.parametrize(("to", "added"), [(300, 100), (200, 0), (150, 0)])
def test_a_top_up_grants_what_is_lacking_and_counts_what_is_held_as_there(db, to, added):
    team = make_team(granted=200)
    credits.hold(team.pk, 60, hold_id=uuid4())

    assert credits.top_up(team, to) == added

    assert figures(team) == (140 + added, 60, 0, 200 + added)
    assert CreditEntry.objects.filter(team=team, kind="grant", granted_delta=added).count() == (1 if added else 0)
    assert audit() == []


@pytest.mark.parametrize(("amount", "taken"), [(30, 30), (40, 40), (41, 40), (1000, 40)])
def test_what_is_taken_back_is_no_more_than_is_available(db, amount, taken):
    team = make_team(granted=100)
    credits.hold(team.pk, 60, hold_id=uuid4())

    assert credits.take_back(team, amount) == taken
    assert credits.take_back(team, 1000) == 40 - taken

    assert figures(team) == (0, 60, 0, 60)
    assert audit() == []


def test_taking_back_from_nothing_writes_nothing(db):
    team = make_team()

    assert credits.take_back(team, 5) == 0

    assert not CreditEntry.objects.filter(team=team).exists()


def test_a_refund_gives_back_what_was_spent_says_by_whom_and_is_in_the_audit_log(db):
    operator = make_user()
    team = make_team(granted=100)
    hold_id = uuid4()
    credits.hold(team.pk, 43, hold_id=hold_id)
    credits.capture(hold_id, 40)

    entry = credits.refund(hold_id, 15, note="too dark", actor=operator)

    assert figures(team) == (75, 0, 25, 100)
    assert deltas(entry) == (15, 0, -15, 0)
    assert (entry.kind, entry.hold_id, entry.note, entry.actor) == ("refund", hold_id, "too dark", operator)
    assert audit() == []


def test_refunds_together_are_no_more_than_was_captured(db):
    team = make_team(granted=100)
    hold_id = uuid4()
    credits.hold(team.pk, 43, hold_id=hold_id)
    credits.capture(hold_id, 40)
    credits.refund(hold_id, 30, note="")

    with pytest.raises(ValueError, match="cannot refund 11 of 10"):
        credits.refund(hold_id, 11, note="")

    assert figures(team) == (90, 0, 10, 100)
    credits.refund(hold_id, 10, note="")
    assert figures(team) == (100, 0, 0, 100)
    assert audit() == []


@pytest.mark.parametrize("settle", [credits.release, lambda hold_id: None], ids=["released", "open"])
def test_what_was_not_captured_cannot_be_refunded(db, settle):
    team = make_team(granted=100)
    hold_id = uuid4()
    credits.hold(team.pk, 43, hold_id=hold_id)
    settle(hold_id)
    before = figures(team)

    with pytest.raises(ValueError, match="cannot refund 1 of 0"):
        credits.refund(hold_id, 1, note="")

    assert figures(team) == before


def test_what_was_refunded_stays_settled(db):
    team = make_team(granted=100)
    hold_id = uuid4()
    credits.hold(team.pk, 43, hold_id=hold_id)
    credits.capture(hold_id, 40)
    credits.refund(hold_id, 40, note="")

    assert credits.capture(hold_id, 40) is False
    with pytest.raises(credits.HoldSettledOtherwise):
        credits.release(hold_id)

    assert figures(team) == (100, 0, 0, 100)


def test_what_was_never_held_cannot_be_refunded(db):
    with pytest.raises(credits.NoSuchHold):
        credits.refund(uuid4(), 1, note="")


def test_a_hold_and_what_settled_it_are_found_by_index(db):
    team = make_team(granted=100)
    hold_id = uuid4()
    credits.hold(team.pk, 43, hold_id=hold_id)

    with CaptureQueriesContext(connection) as captured:
        credits.release(hold_id)
    lookups = [query["sql"] for query in captured.captured_queries if query["sql"].startswith("SELECT")]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plans = []
        for lookup in lookups:
            cursor.execute(f"EXPLAIN {lookup}")
            plans.append("\n".join(row[0] for row in cursor.fetchall()))

    assert len(plans) == 2
    assert all("creditentry_holds_once_settles_once" in plan for plan in plans), plans


@pytest.mark.parametrize("amount", NOT_CREDITS, ids=repr)
def test_only_whole_positive_numbers_are_credits(db, amount):  # L12
    team = make_team(granted=100)
    hold_id, captured = uuid4(), uuid4()
    credits.hold(team.pk, 10, hold_id=captured)
    credits.capture(captured, 10)
    credits.hold(team.pk, 43, hold_id=hold_id)
    before = figures(team)

    for post in (
        lambda: credits.grant(team, amount, note=""),
        lambda: credits.withdraw(team, amount, note=""),
        lambda: credits.top_up(team, amount),
        lambda: credits.take_back(team, amount),
        lambda: credits.hold(team.pk, amount, hold_id=uuid4()),
        lambda: credits.capture(hold_id, amount),
        lambda: credits.refund(captured, amount, note=""),
    ):
        with pytest.raises((TypeError, ValueError)):
            post()

    assert figures(team) == before


@pytest.mark.parametrize("amount", [0, 2**63, -(2**63), *NOT_CREDITS[3:]], ids=repr)
def test_only_whole_numbers_other_than_0_are_adjustments(db, amount):  # L12
    team = make_team(granted=100)

    with pytest.raises((TypeError, ValueError)):
        credits.adjust(team, amount, note="")

    assert figures(team) == (100, 0, 0, 100)


def test_the_statement_runs_from_the_newest_entry_and_is_of_one_team(db):
    team = make_team(granted=100)
    make_team(granted=999)
    hold_id = uuid4()
    credits.hold(team.pk, 43, hold_id=hold_id)
    credits.capture(hold_id, 40)

    statement = CreditEntry.objects.statement(team)

    assert [(row.sequence, row.kind, row.available_after) for row in statement] == [
        (3, "capture", 60),
        (2, "hold", 57),
        (1, "grant", 100),
    ]


def test_a_hold_that_is_rolled_back_was_never_there(db):  # L15
    team = make_team(granted=100)

    def fail_after_holding():
        credits.hold(team.pk, 43, hold_id=uuid4())
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        transaction.atomic(fail_after_holding)()

    assert figures(team) == (100, 0, 0, 100)
    assert audit() == []


def test_no_more_is_granted_than_can_be_counted(db):
    team = make_team(granted=10)
    most = 2**63 - 1 - 10
    for post in (credits.grant, credits.adjust):
        with pytest.raises(credits.TooManyCredits):
            post(team, most + 1, note="")
    assert credits.top_up(team, 2**63 - 1) == most
    with pytest.raises(credits.TooManyCredits):
        credits.grant(team, 1, note="")

    hold_id = uuid4()
    credits.hold(team.pk, 2**63 - 1, hold_id=hold_id)
    credits.release(hold_id)

    assert audit() == []


def test_a_note_that_is_too_long_is_a_value_error(db):
    team = make_team(granted=10)
    for post in (credits.grant, credits.withdraw, credits.adjust):
        with pytest.raises(ValueError, match="at most 200"):
            post(team, 1, note="x" * 201)
        post(team, 1, note="x" * 200)
