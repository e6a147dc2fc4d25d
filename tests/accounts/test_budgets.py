from datetime import UTC, datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts import budgets, credits
from accounts.audit import audit
from accounts.budgets import Budgets, BudgetState, Room
from accounts.models import ApiKey, BudgetUse, CreditBalance, CreditEntry, Membership, Team
from accounts.refusals import InsufficientCredits, TeamClosing, TooManyInProgress
from tests.factories import make_key, make_member, make_team

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOVEMBER = datetime(2026, 11, 10, tzinfo=UTC)
LATER = datetime(2027, 3, 10, tzinfo=UTC)


@pytest.fixture
def team(db):
    return make_team(granted=1000)


@pytest.fixture
def key(team):
    return make_key(team=team)[0]


@pytest.fixture
def member(team):
    return make_member(team=team)


def limit(owner, **limits):
    """Set columns of a team, a key or a membership."""
    rows = {Team: Team.objects, ApiKey: ApiKey.objects}.get(type(owner), Membership.objects)
    rows.filter(**({"user": owner} if rows is Membership.objects else {"pk": owner.pk})).update(**limits)


def hold(team, amount, **asker):
    hold_id = uuid4()
    with transaction.atomic():
        credits.hold(team.pk, amount, hold_id=hold_id, **asker)
    return hold_id


def uses(team, **owner):
    """{period: (used, open holds)} of the team, or of a key or a member of it."""
    rows = BudgetUse.objects.filter(team=team, **{"api_key": None, "member": None, **owner})
    return {row.period: (row.used_credits, row.open_holds) for row in rows}


def everything(team):
    balance = CreditBalance.objects.values_list().get(team=team)
    return (
        balance,
        sorted(BudgetUse.objects.values_list("id", "used_credits", "open_holds")),
        CreditEntry.objects.count(),
    )


def test_a_hold_counts_against_its_key_and_the_team_but_not_the_keys_maker(team, member):
    key, _ = make_key(team=team)
    ApiKey.objects.filter(pk=key.pk).update(created_by=member)

    hold(team, 43, api_key_id=key.pk, at=NOVEMBER)

    assert uses(team) == uses(team, api_key=key) == {"2026-11": (43, 1), "lifetime": (43, 1)}
    assert uses(team, member=member) == {}
    assert audit() == []


def test_a_hold_counts_against_its_member_and_the_team(team, member, key):
    hold(team, 43, member_id=member.pk, at=NOVEMBER)

    assert uses(team) == uses(team, member=member) == {"2026-11": (43, 1), "lifetime": (43, 1)}
    assert uses(team, api_key=key) == {}
    assert audit() == []


def test_a_hold_of_nobody_counts_against_the_team_alone(team):
    hold(team, 43, at=NOVEMBER)

    assert uses(team) == {"2026-11": (43, 1), "lifetime": (43, 1)}
    assert BudgetUse.objects.count() == 2
    assert audit() == []


@pytest.mark.parametrize("span", ["monthly", "lifetime"])
@pytest.mark.parametrize("source", ["team_budget", "key_budget", "member_budget"])
def test_a_budget_is_used_to_the_last_credit_and_refuses_the_next_naming_itself(team, key, member, source, span):
    owner = {"team_budget": team, "key_budget": key, "member_budget": member}[source]
    asker = {"member_id": member.pk} if source == "member_budget" else {"api_key_id": key.pk}
    limit(owner, **{f"{span}_budget_credits": 100})
    hold(team, 60, at=NOVEMBER, **asker)
    before = everything(team)

    with pytest.raises(InsufficientCredits) as refusal:
        hold(team, 41, at=NOVEMBER, **asker)

    assert (refusal.value.limit_source, refusal.value.required, refusal.value.available) == (source, 41, 40)
    assert refusal.value.resets_at == (datetime(2026, 12, 1, tzinfo=UTC) if span == "monthly" else None)
    assert everything(team) == before
    hold(team, 40, at=NOVEMBER, **asker)
    assert uses(team) == {"2026-11": (100, 2), "lifetime": (100, 2)}


def test_a_budget_of_nothing_is_a_stop(team, key):
    limit(key, monthly_budget_credits=0)

    with pytest.raises(InsufficientCredits) as refusal:
        hold(team, 1, api_key_id=key.pk)

    assert (refusal.value.limit_source, refusal.value.available) == ("key_budget", 0)


def test_of_several_limits_the_balance_is_named_first_then_the_askers_then_the_teams_and_a_month_before_a_lifetime(
    team, key
):
    limit(team, monthly_budget_credits=10, lifetime_budget_credits=10)
    limit(key, monthly_budget_credits=10, lifetime_budget_credits=10, max_in_progress=1)
    named = []

    def refused(amount):
        with pytest.raises(InsufficientCredits) as refusal:
            hold(team, amount, api_key_id=key.pk)
        named.append((refusal.value.limit_source, refusal.value.resets_at is not None))

    refused(1001)
    refused(11)
    limit(key, monthly_budget_credits=None)
    refused(11)
    limit(key, lifetime_budget_credits=None)
    refused(11)
    limit(team, monthly_budget_credits=None)
    refused(11)

    assert named == [
        ("team_balance", False),
        ("key_budget", True),
        ("key_budget", False),
        ("team_budget", True),
        ("team_budget", False),
    ]


def test_another_keys_budget_and_another_members_cap_do_not_matter(team, key, member):
    limit(key, lifetime_budget_credits=0)
    limit(member, lifetime_budget_credits=0)

    hold(team, 43, api_key_id=make_key(team=team)[0].pk)
    hold(team, 43, member_id=make_member(team=team).pk)

    assert uses(team)["lifetime"] == (86, 2)


def test_a_cap_is_of_a_member_in_one_team(member, team):
    other = make_team(granted=100)
    make_member(team=other, user=member)
    Membership.objects.filter(team=team, user=member).update(monthly_budget_credits=0)

    hold(other, 43, member_id=member.pk)

    assert uses(other, member=member)["lifetime"] == (43, 1)


def test_a_limit_that_is_set_later_knows_what_was_used_before(team, key):
    hold(team, 60, api_key_id=key.pk)
    limit(key, monthly_budget_credits=50)

    with pytest.raises(InsufficientCredits) as refusal:
        hold(team, 1, api_key_id=key.pk)

    assert refusal.value.available == 0
    assert budgets.of_key(ApiKey.objects.get(pk=key.pk)).monthly.left == 0


def test_a_release_gives_everything_back(team, key):
    hold_id = hold(team, 43, api_key_id=key.pk, at=NOVEMBER)

    credits.release(hold_id)
    credits.release(hold_id)

    assert uses(team) == uses(team, api_key=key) == {"2026-11": (0, 0), "lifetime": (0, 0)}
    assert audit() == []


def test_a_capture_of_a_part_gives_the_rest_back(team, member):  # L7
    hold_id = hold(team, 180, member_id=member.pk, at=NOVEMBER)

    credits.capture(hold_id, 100)

    assert uses(team) == uses(team, member=member) == {"2026-11": (100, 0), "lifetime": (100, 0)}
    assert audit() == []


def test_a_refund_gives_spent_credits_back_to_balance_and_budgets(team, key):
    hold_id = hold(team, 180, api_key_id=key.pk, at=NOVEMBER)
    credits.capture(hold_id, 100)

    credits.refund(hold_id, 30, note="too dark")

    assert uses(team) == uses(team, api_key=key) == {"2026-11": (70, 0), "lifetime": (70, 0)}
    assert audit() == []


def test_the_month_is_the_teams_and_what_comes_back_goes_to_the_month_it_was_reserved_in(team, member):
    Team.objects.filter(pk=team.pk).update(time_zone="Asia/Shanghai")
    last_minute = datetime(2026, 11, 30, 23, 59, tzinfo=SHANGHAI)
    midnight = datetime(2026, 12, 1, tzinfo=SHANGHAI)
    limit(member, monthly_budget_credits=100)

    before = [hold(team, 30, member_id=member.pk, at=last_minute) for _ in range(3)]
    with pytest.raises(InsufficientCredits) as refusal:
        hold(team, 30, member_id=member.pk, at=last_minute)
    hold(team, 100, member_id=member.pk, at=midnight)
    credits.release(before[0])
    credits.capture(before[1], 10)

    assert refusal.value.resets_at == midnight
    assert uses(team, member=member) == {"2026-11": (40, 1), "2026-12": (100, 1), "lifetime": (140, 2)}
    assert uses(team) == uses(team, member=member)
    settled = CreditEntry.objects.filter(hold_id__in=before[:2])
    assert {(row.period, row.member_id) for row in settled} == {("2026-11", member.pk)}
    assert audit() == []


def test_a_hold_is_reserved_in_the_month_of_this_moment(team):
    hold(team, 1)

    assert set(uses(team)) == {budgets.period_of(team), "lifetime"}


def test_a_key_may_have_so_many_in_progress_and_no_more(team, key):
    limit(key, max_in_progress=2)
    first = hold(team, 1, api_key_id=key.pk, at=NOVEMBER)
    hold(team, 1, api_key_id=key.pk, at=LATER)
    before = everything(team)

    with pytest.raises(TooManyInProgress) as refusal:
        hold(team, 1, api_key_id=key.pk, at=LATER)

    assert refusal.value.limit == 2
    assert everything(team) == before
    hold(team, 1)
    credits.capture(first, 1)
    hold(team, 1, api_key_id=key.pk)


@pytest.mark.parametrize("end", [{}, {"closed_at": timezone.now}])
def test_a_team_that_closes_can_hold_nothing_more_and_settles_what_it_held(team, end):
    hold_id = hold(team, 43)
    now = timezone.now()
    limit(team, closing_at=now, **dict.fromkeys(end, now))
    before = everything(team)

    with pytest.raises(TeamClosing):
        hold(team, 1)

    assert everything(team) == before
    assert credits.capture(hold_id, 40) is True


def test_who_has_left_the_team_can_hold_nothing(team, member):
    Membership.objects.filter(user=member).delete()
    before = everything(team)

    with pytest.raises(PermissionDenied):
        hold(team, 1, member_id=member.pk)

    assert everything(team) == before


def test_a_hold_from_before_there_were_budgets_touches_none(team):
    hold_id = uuid4()
    CreditBalance.objects.filter(team=team).update(available=957, held=43, sequence=F("sequence") + 1)
    before = {"available_after": 957, "held_after": 43, "spent_after": 0, "granted_after": 1000}
    deltas = {"available_delta": -43, "held_delta": 43, "spent_delta": 0, "granted_delta": 0}
    CreditEntry.objects.create(team=team, sequence=2, kind="hold", hold_id=hold_id, **before, **deltas)
    hold(team, 7)

    credits.capture(hold_id, 40)
    credits.refund(hold_id, 5, note="an old one")

    assert uses(team)["lifetime"] == (7, 1)
    assert audit() == []


def test_where_the_budgets_of_a_team_stand(team, django_assert_num_queries):
    limit(team, time_zone="Asia/Shanghai", monthly_budget_credits=100)
    team.refresh_from_db()
    hold(team, 30, at=datetime(2026, 1, 10, tzinfo=UTC))
    hold(team, 40)

    with django_assert_num_queries(1):
        found = budgets.of_team(team)

    assert found == Budgets(
        monthly=BudgetState(limit=100, used=40, left=60, resets_at=budgets.resets_at(team)),
        lifetime=BudgetState(limit=None, used=70, left=None, resets_at=None),
    )
    assert found.monthly.resets_at.tzinfo == SHANGHAI


def test_where_the_budgets_of_a_key_and_a_member_stand(team, key, member):
    limit(key, lifetime_budget_credits=100)
    limit(member, monthly_budget_credits=10)
    hold(team, 30, api_key_id=key.pk)
    hold(team, 7, member_id=member.pk)

    of_key = budgets.of_key(ApiKey.objects.get(pk=key.pk))
    of_member = budgets.of_member(Membership.objects.get(user=member))

    assert (of_key.monthly.used, of_key.monthly.left) == (30, None)
    assert (of_key.lifetime.used, of_key.lifetime.left) == (30, 70)
    assert (of_member.monthly.used, of_member.monthly.left) == (7, 3)
    assert (of_member.lifetime.used, of_member.lifetime.left) == (7, None)


@pytest.mark.parametrize("span", ["monthly", "lifetime"])
@pytest.mark.parametrize("source", ["team_budget", "key_budget", "member_budget"])
def test_the_room_is_what_a_hold_finds(team, key, member, source, span, django_assert_num_queries):
    limit({"team_budget": team, "key_budget": key, "member_budget": member}[source], **{f"{span}_budget_credits": 100})
    is_member = source == "member_budget"
    asker = {"member_id": member.pk} if is_member else {"api_key_id": key.pk}
    hold(team, 60, **asker)
    rows = Membership.objects.filter(user=member) if is_member else ApiKey.objects.filter(pk=key.pk)
    row = rows.select_related("team__balance").get()

    with django_assert_num_queries(1):
        room = budgets.room_of(row)

    assert (room.credits, room.limit_source) == (40, source)
    assert room.resets_at == (budgets.resets_at(row.team) if span == "monthly" else None)
    with pytest.raises(InsufficientCredits) as refusal:
        hold(team, 41, **asker)
    assert (refusal.value.available, refusal.value.limit_source) == (room.credits, room.limit_source)
    assert refusal.value.resets_at == room.resets_at
    hold(team, 40, **asker)
    assert budgets.room_of(rows.get()).credits == 0


def test_without_a_limit_or_within_them_all_the_room_is_the_balance(team, key, django_assert_num_queries):
    unlimited = ApiKey.objects.select_related("team__balance").get(pk=key.pk)
    with django_assert_num_queries(0):
        assert budgets.room_of(unlimited) == Room(1000, "team_balance", None)
    limit(team, lifetime_budget_credits=1000)
    limit(key, monthly_budget_credits=5000)
    limited = ApiKey.objects.select_related("team__balance").get(pk=key.pk)

    with django_assert_num_queries(2):
        assert budgets.room_of(limited) == Room(1000, "team_balance", None)


def test_the_tightest_limit_is_the_room(team, key):
    limit(team, monthly_budget_credits=50, lifetime_budget_credits=60)
    limit(key, monthly_budget_credits=70, lifetime_budget_credits=40)
    hold(team, 15)

    assert budgets.room_of(ApiKey.objects.get(pk=key.pk)) == Room(
        35, "team_budget", budgets.resets_at(Team.objects.get(pk=team.pk))
    )


def test_a_list_of_keys_and_members_is_told_at_once_what_each_used_this_month(
    team, key, member, django_assert_num_queries
):
    hold(team, 30, api_key_id=key.pk)
    hold(team, 7, member_id=member.pk)
    hold(team, 5, member_id=member.pk, at=datetime(2026, 1, 10, tzinfo=UTC))
    other = make_team(granted=100)
    hold(other, 9, member_id=make_member(team=other).pk)

    with django_assert_num_queries(1):
        used = budgets.used_this_month(team)

    assert used == {"key": {key.pk: 30}, "member": {member.pk: 7}}


@pytest.mark.parametrize(
    ("zone", "at", "period", "end"),
    [
        ("UTC", "2026-11-30T23:59:59Z", "2026-11", "2026-12-01T00:00:00Z"),
        ("UTC", "2026-12-01T00:00:00Z", "2026-12", "2027-01-01T00:00:00Z"),
        ("Asia/Shanghai", "2026-11-30T15:59:59Z", "2026-11", "2026-11-30T16:00:00Z"),
        ("Asia/Shanghai", "2026-11-30T16:00:00Z", "2026-12", "2026-12-31T16:00:00Z"),
        ("America/New_York", "2026-11-01T03:59:59Z", "2026-10", "2026-11-01T04:00:00Z"),
        ("America/New_York", "2026-11-01T04:00:00Z", "2026-11", "2026-12-01T05:00:00Z"),
    ],
)
def test_months_begin_at_midnight_where_the_team_is(db, zone, at, period, end):
    team = make_team(granted=1)
    limit(team, time_zone=zone)
    team.refresh_from_db()
    at, end = datetime.fromisoformat(at), datetime.fromisoformat(end)

    hold(team, 1, at=at)

    assert CreditEntry.objects.get(team=team, kind="hold").period == budgets.period_of(team, at) == period
    assert budgets.resets_at(team, at) == end
