from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from generations import price_changes, pricing
from generations.catalog import MODELS
from generations.models import Price, PriceList
from generations.price_changes import InForce, Outdated, Unpriced, differences, make_version, starting_rows, withdraw
from tests.api import asked, ensure_prices
from tests.factories import make_team
from tests.races import race

pytestmark = pytest.mark.django_db
SPEC = MODELS["seedance-2.0"]


@pytest.fixture(autouse=True)
def prices(db):
    ensure_prices()


def current() -> PriceList:
    return PriceList.objects.effective(SPEC.slug, timezone.now()).first()


def dearer(by: int = 1) -> list[price_changes.Row]:
    return [replace(row, credits=row.credits + by) for row in starting_rows(SPEC, current())]


def make(rows=None, *, based_on: int = 1, later: timedelta = timedelta()) -> PriceList:
    effective_at = timezone.now() + later
    return make_version(SPEC, rows or dearer(), based_on=based_on, effective_at=effective_at, note="Dearer")


def test_a_version_is_complete_and_the_one_before_stays_as_it_was():
    before = list(current().prices.order_by("id").values("conditions", "credits"))

    made = make()

    assert (made.version, made.note, made.prices.count()) == (2, "Dearer", 12)
    assert pricing.current(SPEC.slug).version == 2
    assert (
        list(
            Price.objects.filter(price_list__version=1, price_list__model=SPEC.slug)
            .order_by("id")
            .values("conditions", "credits")
        )
        == before
    )


def test_what_is_asked_for_keeps_its_price():  # L11
    generation = asked(make_team(granted=100))

    make(dearer(by=50))
    generation.refresh_from_db()

    assert (generation.held_credits, generation.price_version) == (15, 1)


def test_only_rows_that_change_are_differences():
    old = starting_rows(SPEC, current())
    new = [replace(old[0], credits=30), *old[1:]]

    (found,) = differences(old, new)

    assert (found.conditions, found.old, found.new, found.percent) == (old[0].conditions, 15, 30, 100.0)
    assert differences([], new)[0].old is None
    assert differences([], new)[0].percent is None


def test_the_second_of_two_made_from_the_same_version_is_refused():
    make()

    with pytest.raises(Outdated) as caught:
        make(dearer(by=9), based_on=1)

    assert (caught.value.based_on, caught.value.latest) == (1, 2)
    assert PriceList.objects.filter(model=SPEC.slug).count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_many_made_at_once_from_the_same_version_one_is_made():
    ensure_prices()

    def attempt(by: int) -> Outdated | PriceList:
        try:
            return make(dearer(by))
        except Outdated as refusal:
            return refusal

    refused = [each for each in race(attempt, range(1, 9), threads=8) if isinstance(each, Outdated)]

    assert [(each.based_on, each.latest) for each in refused] == [(1, 2)] * 7
    assert list(PriceList.objects.filter(model=SPEC.slug).values_list("version", flat=True).order_by("version")) == [
        1,
        2,
    ]
    assert Price.objects.filter(price_list__model=SPEC.slug, price_list__version=2).count() == 12


@pytest.mark.parametrize(
    ("credits", "error"), [(None, Unpriced), (0, ValueError), (-1, ValueError), (2**31, ValueError)]
)
def test_a_row_without_a_price_makes_no_version(credits, error):  # L12
    rows = dearer()

    with pytest.raises(error):
        make([replace(rows[0], credits=credits), *rows[1:]])

    assert PriceList.objects.filter(model=SPEC.slug).count() == 1


@pytest.mark.parametrize(
    ("model", "unit", "rows"),
    [("seedance-2.0", "clip", 12), ("doubao-seedance-2.0", "second", 2), ("seedream-4.0", "image", 6)],
)
def test_a_model_without_prices_begins_with_every_combination(model, unit, rows):
    found = starting_rows(MODELS[model], None)

    assert len(found) == rows
    assert {(row.unit, row.credits) for row in found} == {(unit, None)}
    documented = {tuple(sorted(each.conditions)) for each in Price.objects.filter(price_list__model=model)}
    assert {tuple(sorted(row.conditions)) for row in found} == documented


def test_what_is_coming_can_be_withdrawn_and_twice_is_once():
    coming = make(later=timedelta(days=1))

    withdraw(coming)
    withdraw(coming)

    assert not PriceList.objects.filter(pk=coming.pk).exists()
    assert current().version == 1
    assert make(based_on=1).version == 2


@pytest.mark.parametrize("later", [timedelta(), timedelta(seconds=30)])
def test_what_is_in_force_or_about_to_be_can_not_be_withdrawn(later):
    made = make(later=later)

    with pytest.raises(InForce):
        withdraw(made)

    assert made.prices.count() == 12


def test_a_version_that_is_withdrawn_makes_a_change_based_on_it_outdated():
    coming = make(later=timedelta(days=1))
    withdraw(coming)

    with pytest.raises(Outdated) as caught:
        make(based_on=2)

    assert (caught.value.based_on, caught.value.latest) == (2, 1)
