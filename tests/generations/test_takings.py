from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from generations import price_changes, takings
from generations.catalog import MODELS
from generations.models import Generation, PriceList, Submission
from tests.api import completed, completed_images, ensure_prices, failed
from tests.factories import make_account, make_submission, make_team
from tests.pages import queries

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def team():
    ensure_prices()
    return make_team(granted=10_000)


@pytest.fixture
def account():
    return make_account(base_url="https://provider.example", label="<b>first</b>", provider="see2ai")


def brought(generation, account, *, cost=None, **columns) -> Submission:
    submission = make_submission(generation=generation, account=account)
    columns = {"outcome": "succeeded", "ended_at": timezone.now(), "provider_cost": cost or {}, **columns}
    Submission.objects.filter(pk=submission.pk).update(**columns)
    return submission


def rows_of(model: str, **prices: int) -> list[price_changes.Row]:
    """The rows in force, those of a resolution at another price."""
    price_list = PriceList.objects.effective(model, timezone.now()).first()
    rows = price_changes.starting_rows(MODELS[model], price_list)
    return [replace(row, credits=prices.get(f"r{row.conditions['resolution']}", row.credits)) for row in rows]


def test_what_was_delivered_is_reckoned_at_other_prices(team, account):
    completed(team)
    brought(completed(team), account, cost={"cost_points": 10})
    brought(completed(team, resolution="720p"), account, cost={"cost_points": 5})
    failed(team)

    effect = takings.at_prices("seedance-2.0", rows_of("seedance-2.0", r480p=30), since=timezone.now() - DAY)

    assert (effect.delivered, effect.charged, effect.would_be) == (3, 60, 90)
    assert (effect.points, effect.known_charged, effect.known_would_be) == (15, 45, 60)
    assert (effect.margin, effect.margin_then, effect.percent) == (3000.0, 4000.0, 50.0)


def test_images_are_reckoned_by_how_many_were_charged(team):
    generation = completed_images(team, 3)
    unit = generation.quote[0]["unit_credits"]

    effect = takings.at_prices("seedream-4.0", rows_of("seedream-4.0", r1024x1024=unit + 1), since=timezone.now() - DAY)

    assert (effect.charged, effect.would_be) == (3 * unit, 3 * unit + 3)


def test_choices_that_have_no_price_there_are_told_and_left_out(team):
    completed(team)
    rows = [row for row in rows_of("seedance-2.0") if row.conditions["resolution"] != "480p"]

    effect = takings.at_prices("seedance-2.0", rows, since=timezone.now() - DAY)

    assert (effect.delivered, effect.unpriced, effect.charged, effect.percent) == (0, 1, 0, None)


def test_what_was_delivered_before_is_not_reckoned(team):
    completed(team)
    Generation.objects.update(ended_at=timezone.now() - 2 * DAY)

    effect = takings.at_prices("seedance-2.0", rows_of("seedance-2.0"), since=timezone.now() - DAY)

    assert (effect.delivered, effect.margin) == (0, None)


def test_takings_are_added_up_by_account_and_model(team, account):
    other = make_account(base_url="https://other.example", label="second")
    brought(completed(team), account, cost={"cost_points": 10, "total_tokens": 900, "source": "x"})
    brought(completed(team), account)
    brought(failed(team), account, cost={"cost_points": 5}, outcome="CONTENT_POLICY")
    brought(failed(team), account, cost={"cost_points": 15}, arrived_late=True, loss_credits=15)
    brought(completed_images(team, 2), other)

    with queries(1):
        first, second = takings.by_account(since=timezone.now() - DAY)

    assert (first.account, first.model) == ("<b>first</b>", "seedance-2.0")
    assert (first.delivered, first.charged, first.points, first.tokens, first.loss) == (2, 30, 30, 900, 15)
    assert first.margin == 500.0
    assert (second.model, second.delivered, second.points, second.margin) == ("seedream-4.0", 1, None, None)


def test_an_attempt_that_another_account_made_good_brought_nothing_itself(team, account):
    generation = completed(team)
    brought(generation, account, outcome="PROVIDER_ERROR")
    brought(generation, make_account(base_url="https://other.example", label="second"))

    first, second = takings.by_account(since=None)

    assert [(each.delivered, each.charged) for each in (first, second)] == [(0, 0), (1, 15)]


def test_only_the_time_that_is_asked_for_counts(team, account):
    brought(completed(team), account, ended_at=timezone.now() - 2 * DAY)

    assert takings.by_account(since=timezone.now() - DAY) == []
    assert len(takings.by_account(since=None)) == 1
