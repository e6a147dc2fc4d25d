import itertools
from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.utils import timezone

from generations import catalog, pricing
from generations.intake import GenerationRequest
from generations.models import Price, PriceList
from generations.pricing import NoPrice
from tests.api import DOCUMENTED_PRICES, asked
from tests.factories import make_team

OF_PRICES = ("0002_documented_prices", "0004_default_prices")
MIGRATIONS = [import_module(f"generations.migrations.{name}") for name in OF_PRICES]


@pytest.fixture(autouse=True)
def documented_prices(db):
    """As the migration makes them."""
    PriceList.objects.all().delete()
    for migration in MIGRATIONS:
        migration.add_prices(apps, None)


def resolved(**chosen) -> catalog.Resolved:
    return catalog.resolve(GenerationRequest(prompt="A gate", **chosen))


@pytest.mark.parametrize("sound", [False, True])
@pytest.mark.parametrize(("resolution", "duration"), DOCUMENTED_PRICES)
def test_the_twelve_documented_prices(resolution, duration, sound):
    quote = pricing.quote(resolved(resolution=resolution, duration=duration, generate_audio=sound))

    assert quote.total_credits == DOCUMENTED_PRICES[resolution, duration][sound]
    assert quote.price_version == 1


@pytest.mark.parametrize("ratio", ["16:9", "9:16", "1:1", "21:9", "4:3", "3:4", "9:21", "adaptive", "keep_ratio"])
def test_every_aspect_ratio_costs_the_same(ratio):
    assert pricing.quote(resolved(aspect_ratio=ratio)).total_credits == 15


def test_an_image_to_start_from_costs_nothing_more():
    assert pricing.quote(resolved(image_urls=("https://example.com/a.png",))).total_credits == 15


def test_the_defaults_are_what_is_priced():
    assert pricing.quote(resolved()) == pricing.quote(
        resolved(duration=5, resolution="480p", aspect_ratio="16:9", generate_audio=False)
    )


def test_a_quote_shows_what_it_is_made_of():
    quote = pricing.quote(resolved(resolution="720p"))

    conditions = {"resolution": "720p", "duration": 5, "generate_audio": False}
    line = {"conditions": conditions, "unit": "clip", "quantity": 1, "unit_credits": 30, "credits": 30}
    assert quote.as_json() == [line]


@pytest.mark.parametrize(
    ("given", "quantity", "total"),
    [
        ({"model": "doubao-seedance-2.0", "duration": 7}, 7, 70),
        ({"model": "doubao-seedance-2.0", "duration": -1}, 15, 150),
        ({"model": "doubao-seedance-2.0-fast", "duration": 7, "resolution": "480p"}, 7, 28),
        ({"model": "seedance-2.0-hd", "duration": 30, "resolution": "4k", "fps": 60}, 30, 1800),
        ({"model": "seedream-4.5", "count": 4, "quality": "high"}, 4, 20),
    ],
)
def test_a_second_and_an_image_are_units_too(given, quantity, total):
    (line,) = pricing.quote(resolved(**given)).lines

    assert (line.quantity, line.credits) == (quantity, total)


@pytest.mark.parametrize("spec", catalog.MODELS.values(), ids=lambda spec: spec.slug)
def test_every_combination_of_every_model_has_a_price(spec):
    choices = {field.name: field.choices for field in spec.priced_fields}

    for values in itertools.product(*choices.values()):
        request = resolved(model=spec.name, **dict(zip(choices, values, strict=True)))
        assert pricing.quote(request).total_credits > 0


def test_the_fast_model_is_a_fifth_cheaper():
    fast, standard = (pricing.quote(resolved(model=f"doubao-seedance-2.0{name}")) for name in ("-fast", ""))

    assert fast.total_credits * 10 == standard.total_credits * 8


@pytest.mark.parametrize(
    ("given", "seconds", "count", "credits"),
    [
        ({"model": "doubao-seedance-2.0", "duration": -1}, 7.4, 1, 70),
        ({"model": "doubao-seedance-2.0", "duration": -1}, 7.5, 1, 80),
        ({"model": "doubao-seedance-2.0", "duration": -1}, 0.4, 1, 40),
        ({"model": "doubao-seedance-2.0", "duration": -1}, 20, 1, 200),
        ({"model": "doubao-seedance-2.0", "duration": 5}, 7.4, 1, 50),
        ({"model": "seedream-4.5", "count": 4}, 0, 3, 9),
        ({}, 5.04, 1, 15),
    ],
)
def test_what_was_made_is_what_counts_where_that_was_left_open(db, given, seconds, count, credits):  # L7, L8
    generation = asked(make_team(granted=10_000), **given)

    assert pricing.made_credits(generation, seconds=seconds, count=count) == credits


def test_cheaper_choices_are_told_the_dearest_of_them_first():
    request = resolved(resolution="720p", duration=10, generate_audio=True)

    found = pricing.current("seedance-2.0").cheaper(request)

    assert [(each.changes, each.total_credits) for each in found] == [
        ({"generate_audio": False}, 45),
        ({"duration": 5}, 43),
        ({"resolution": "480p"}, 40),
    ]


def test_the_cheapest_has_nothing_cheaper():
    assert pricing.current("seedance-2.0").cheaper(resolved()) == []


def test_without_a_price_nothing_can_be_made():
    PriceList.objects.all().delete()

    with pytest.raises(NoPrice):
        pricing.quote(resolved())


def test_a_combination_without_a_price_can_not_be_made():
    Price.objects.filter(conditions__resolution="1080p").delete()

    with pytest.raises(NoPrice):
        pricing.quote(resolved(resolution="1080p"))


@pytest.mark.parametrize(("days", "credits"), [(-1, 7), (1, 15)])
def test_the_latest_list_in_force_counts(days, credits):
    later = PriceList.objects.create(
        model="seedance-2.0", version=2, effective_at=timezone.now() + timedelta(days=days)
    )
    for price in Price.objects.filter(price_list__version=1, price_list__model="seedance-2.0"):
        Price.objects.create(price_list=later, conditions=price.conditions, credits=7)

    assert pricing.quote(resolved()).total_credits == credits


def test_seconds_and_images_are_priced_by_how_many():
    Price.objects.filter(conditions__duration=10).update(unit="second", credits=3)

    quote = pricing.quote(resolved(duration=10))

    assert (quote.lines[0].quantity, quote.total_credits) == (10, 30)
