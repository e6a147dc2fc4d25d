"""What a program is told when a limit refuses a create."""

from contextlib import ExitStack
from datetime import datetime

import pytest
from django.db import transaction
from django.db.models.functions import Now
from django.test import Client

from accounts import budgets, credits
from accounts.models import CreditEntry, Team
from generations.models import Generation
from tests.api import asked, ensure_prices, post
from tests.factories import make_key, make_team
from tests.faults.installation import blocked_count
from tests.races import meanwhile
from tests.sandbox_process import wait_until

BODY = {"prompt": "A gate"}


def program(team, **settings) -> Client:
    return Client(headers={"Authorization": f"Bearer {make_key(team=team, **settings)[1]}"})


@pytest.mark.parametrize("span", ["monthly", "lifetime"])
@pytest.mark.parametrize("source", ["team_budget", "key_budget"])
def test_a_budget_says_which_it_is_what_it_needs_what_is_left_and_when_it_resets(team, source, span):
    limit = {f"{span}_budget_credits": 20}
    if source == "team_budget":
        Team.objects.filter(pk=team.pk).update(**limit)
    client = program(team, **(limit if source == "key_budget" else {}))
    post(client, "/generations", BODY)

    response = post(client, "/generations", BODY)

    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (402, "INSUFFICIENT_CREDITS")
    assert error["message"] == "Insufficient credits. Required: 15, Available: 5"
    details = {"limit_source": source, "required": 15, "available": 5}
    assert error["details"] == {**details, "resets_at": error["details"]["resets_at"]}
    resets_at = error["details"]["resets_at"] and datetime.fromisoformat(error["details"]["resets_at"])
    assert resets_at == (budgets.resets_at(team) if span == "monthly" else None)
    assert (Generation.objects.count(), CreditEntry.objects.filter(kind="hold").count()) == (1, 1)


def test_a_retry_counts_against_the_key_that_asks_for_it(team):
    client = program(team, monthly_budget_credits=14)
    task = asked(team)
    post(client, f"/tasks/{task.id}/cancel")

    response = post(client, f"/tasks/{task.id}/retry")

    assert (response.status_code, response.json()["error"]["details"]["limit_source"]) == (402, "key_budget")
    assert Generation.objects.count() == 1


def test_as_many_as_may_be_in_progress_are_and_one_more_is_told_to_come_again(team):
    client = program(team, max_in_progress=1)
    first = post(client, "/generations", BODY).json()["data"]["id"]

    response = post(client, "/generations", BODY)

    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (429, "RATE_LIMIT_EXCEEDED")
    assert error["message"] == "This key may have 1 in progress at once. Try again when one of them has ended."
    assert error["details"] == {"limit": 1, "constraint": "max_in_progress"}
    assert (response.headers["Retry-After"], response.headers["X-RateLimit-RetryAfter"]) == ("5", "5")
    assert Generation.objects.count() == 1
    post(client, f"/tasks/{first}/cancel")
    assert post(client, "/generations", BODY).status_code == 201


def test_a_create_that_waits_while_its_team_begins_to_close_is_refused(transactional_db):  # K10
    ensure_prices()
    team = make_team(granted=1000)
    client = program(team)
    answers = []

    with ExitStack() as afterwards, transaction.atomic():
        credits.lock(team.pk)
        Team.objects.filter(pk=team.pk).update(closing_at=Now())
        afterwards.enter_context(meanwhile(lambda: answers.append(post(client, "/generations", BODY))))
        wait_until(blocked_count)

    (response,) = answers
    assert (response.status_code, response.json()["error"]["code"]) == (403, "FORBIDDEN")
    assert not Generation.objects.exists()
    assert not CreditEntry.objects.filter(kind="hold").exists()
