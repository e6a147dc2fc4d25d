from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from generations.models import Submission
from tests.api import completed, ensure_prices
from tests.factories import make_account, make_submission, make_team, make_user
from tests.pages import browser_of, queries, text_of

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def address() -> str:
    return reverse("admin:generations_submission_margin")


@pytest.fixture
def team():
    ensure_prices()
    return make_team(granted=10_000)


def delivered(team, label: str, *, days_ago: int = 0) -> None:
    submission = make_submission(
        generation=completed(team), account=make_account(base_url="https://a.example", label=label)
    )
    at = timezone.now() - timedelta(days=days_ago)
    cost = {"cost_points": 6, "total_tokens": 90_000}
    Submission.objects.filter(pk=submission.pk).update(outcome="succeeded", ended_at=at, provider_cost=cost)


def test_what_came_in_and_what_it_cost_is_told_for_the_month_and_for_ever(admin_client, team, address):
    delivered(team, "of today")
    delivered(team, "of last year", days_ago=365)

    page = text_of(admin_client.get(address))

    assert (page.count("of today"), page.count("of last year")) == (2, 1)
    for words in (">15<", ">6<", ">90,000<", "2500.00"):
        assert words in page


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_costs_the_same_however_many_rows_there_are(admin_client, team, address, count):
    for number in range(count):
        delivered(team, f"account {number}")

    with queries(4):
        page = text_of(admin_client.get(address))

    assert page.count("seedance-2.0") == 2 * count


def test_labels_are_text_and_the_empty_page_says_so(admin_client, team, address):  # B1
    empty = text_of(admin_client.get(address))
    delivered(team, HOSTILE)

    assert "Nothing yet" in empty
    assert HOSTILE not in text_of(admin_client.get(address))


def test_only_operators_who_may_see_submissions_come_in(client, address):
    user = make_user()
    user.is_staff = True
    user.save()

    answers = [asks.get(address).status_code for asks in (client, browser_of(make_user()), browser_of(user))]

    assert answers == [302, 302, 403]


def test_it_can_only_be_looked_at(admin_client, address):
    assert admin_client.post(address).status_code == 405
