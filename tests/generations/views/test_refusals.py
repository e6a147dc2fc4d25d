"""Which limit refused, what it needs, what is left and when it resets, in the words of the form and of a retry."""

from datetime import UTC

import pytest
from django.utils.formats import date_format

from accounts import budgets
from accounts.models import CreditEntry, Membership, Team
from generations.models import Generation
from tests.api import failed
from tests.pages import HTMX, filled_in, text_of

RESET = "It resets on"
LIMITS = {
    ("member", "monthly"): f"This costs 15 credits; your cap for this month has 14 left. {RESET}",
    ("member", "lifetime"): "This costs 15 credits; your cap has 14 left.",
    ("team", "monthly"): f"This costs 15 credits; the team&#x27;s budget for this month has 14 left. {RESET}",
    ("team", "lifetime"): "This costs 15 credits; the team&#x27;s budget has 14 left.",
}


def limit(team, member, owner, span):
    rows = Team.objects.filter(pk=team.pk) if owner == "team" else Membership.objects.filter(user=member)
    rows.update(**{f"{span}_budget_credits": 14})


@pytest.mark.parametrize(("limited", "words"), LIMITS.items())
def test_the_form_says_which_limit_refused_and_when_it_resets(browser, team, maker, limited, words):
    limit(team, maker, *limited)

    response = browser.post("/create/", filled_in(prompt="Kept as typed"), headers=HTMX)

    page = text_of(response)
    assert response.status_code == 422
    assert words in page
    assert "Kept as typed" in page
    assert (date_format(budgets.resets_at(team), "DATE_FORMAT") in page) == (RESET in words)
    assert not Generation.objects.exists()
    assert not CreditEntry.objects.filter(kind="hold").exists()


def test_the_day_it_resets_is_the_teams(browser, team, maker):
    limit(team, maker, "member", "monthly")
    Team.objects.filter(pk=team.pk).update(time_zone="Pacific/Kiritimati")
    team.refresh_from_db()

    page = text_of(browser.post("/create/", filled_in(), headers=HTMX))

    assert budgets.resets_at(team).day == 1
    assert budgets.resets_at(team).astimezone(UTC).day != 1
    assert f"{RESET} {date_format(budgets.resets_at(team), 'DATE_FORMAT')}." in page


@pytest.mark.parametrize(("limited", "words"), LIMITS.items())
def test_a_retry_says_so_too_and_makes_nothing(browser, team, maker, limited, words):
    generation = failed(team)
    limit(team, maker, *limited)

    response = browser.post(f"/generations/{generation.id}/retry/", follow=True)

    assert words in text_of(response)
    assert Generation.objects.count() == 1
