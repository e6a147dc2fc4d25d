"""Several takes of one request: all or none, each with a key of its own."""

import pytest

from accounts import budgets
from accounts.models import CreditBalance, CreditEntry, Membership, Team
from accounts.refusals import InsufficientCredits
from generations import catalog, pricing, variations
from generations.idempotency import Idempotency
from generations.intake import GenerationRequest
from generations.lifecycle import Asker
from generations.models import Generation, IdempotencyKey
from tests.api import ensure_prices, failed
from tests.factories import make_member, make_team
from tests.races import race

KEY = Idempotency(key="form:a", request_digest="0" * 64)


@pytest.fixture
def team(db):
    ensure_prices()
    return make_team(granted=100)


def make(team: Team, count: int, *, key: Idempotency = KEY, **more) -> list[Generation]:
    resolved = catalog.resolve(GenerationRequest(prompt="A gate, and light"))
    asker = more.pop("asker", Asker(team_id=team.pk))
    return variations.create(resolved, pricing.quote(resolved), count=count, asker=asker, idempotency=key, **more)


def figures(team: Team) -> tuple[int, int]:
    balance = CreditBalance.objects.get(team=team)
    return balance.available, balance.held


def test_so_many_are_made_with_one_batch_id_and_holds_of_their_own(team):
    made = make(team, 4)

    assert len({each.id for each in made}) == Generation.objects.count() == 4
    assert len({each.hold_id for each in made}) == 4
    (batch_id,) = {each.batch_id for each in made}
    assert batch_id is not None
    assert figures(team) == (40, 60)


def test_a_single_one_stands_alone(team):
    assert [each.batch_id for each in make(team, 1)] == [None]


def test_each_is_another_try_of_the_same(team):
    before = failed(team)

    assert {each.retry_of for each in make(team, 2, retry_of=before)} == {before}


def test_the_same_again_answers_the_first(team):
    first, again = make(team, 3), make(team, 3)

    assert [each.id for each in again] == [each.id for each in first]
    assert (Generation.objects.count(), figures(team)) == (3, (55, 45))


def test_another_count_is_another_request(team):
    make(team, 2)
    make(team, 3)

    assert Generation.objects.count() == 5


def test_where_the_last_can_not_be_paid_none_is_made_and_the_figures_are_of_all(team):
    other = make_team(granted=50)

    with pytest.raises(InsufficientCredits) as refused:
        make(other, 4)

    assert (refused.value.required, refused.value.available) == (60, 50)
    assert figures(other) == (50, 0)
    assert not Generation.objects.exists()
    assert not IdempotencyKey.objects.exists()
    assert not CreditEntry.objects.filter(kind="hold").exists()


def test_a_cap_is_told_with_what_it_has_left_for_all(team):
    member = make_member(team=team)
    Membership.objects.filter(user=member).update(monthly_budget_credits=40)

    with pytest.raises(InsufficientCredits) as refused:
        make(team, 3, asker=Asker(team_id=team.pk, user_id=member.pk))

    told = refused.value
    assert (told.limit_source, told.required, told.available) == ("member_budget", 45, 40)
    assert told.resets_at == budgets.resets_at(team)


@pytest.mark.django_db(transaction=True)
def test_sent_eight_times_at_once_they_are_made_once():
    ensure_prices()
    team = make_team(granted=100)

    answers = race(lambda _number: [each.id for each in make(team, 3)], range(8), threads=8)

    assert len({tuple(ids) for ids in answers}) == 1
    assert (Generation.objects.count(), figures(team)) == (3, (55, 45))


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_take_no_more_than_there_is_and_each_takes_all_or_nothing():
    ensure_prices()
    team = make_team(granted=100)

    def ask(number: int) -> bool:
        try:
            make(team, 2, key=Idempotency(key=f"form:{number}", request_digest="0" * 64))
        except InsufficientCredits:
            return False
        return True

    answers = race(ask, range(8), threads=8)

    assert sum(answers) == 3
    assert (Generation.objects.count(), figures(team)) == (6, (10, 90))
