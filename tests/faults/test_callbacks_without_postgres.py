"""PostgreSQL killed again and again while providers call back: they are told to come again, and polls do the rest."""

import time
from collections import Counter

import httpx
import pytest

from tests.faults.test_postgres_killed import client, kill_postgres, stack
from tests.project.stack.servers import query
from tests.sandbox_process import wait_until
from tests.stack import RunningStack

__all__ = ["client", "stack"]

MANY = 20
KILLS = 6
BACK_SECONDS = 60
END_SECONDS = 180
PROMPTS = [f"Called back in the dark, {number % 4}" for number in range(MANY)]


def states(stack: RunningStack) -> set[str]:
    sql = "SELECT DISTINCT state FROM generations_generation WHERE prompt LIKE 'Called back in the dark%'"
    return {state for (state,) in query(stack.data_folder, sql)}


def addresses_of_all(stack: RunningStack) -> list[str]:
    """Where providers were told to call back, once all have been sent."""
    sql = """
        SELECT provider, token FROM generations_submission
        JOIN generations_provideraccount AS account ON account.id = account_id
        JOIN generations_generation AS asked ON asked.id = generation_id
        WHERE prompt LIKE 'Called back in the dark%'
    """
    found = query(stack.data_folder, sql)
    return [f"{stack.url}/hooks/{provider}/{token}" for provider, token in found] if len(found) >= MANY else []


def called_back(addresses: list[str], number: int) -> int:
    """0 where nobody is there to answer."""
    body = {"task_id": "x", "number": number}
    try:
        return httpx.post(addresses[number % len(addresses)], json=body, timeout=10, trust_env=False).status_code
    except httpx.TransportError:
        return 0


# W17
@pytest.mark.faults
def test_callbacks_that_nobody_could_keep_cost_nothing_but_time(stack: RunningStack, client: httpx.Client):
    for prompt in PROMPTS:
        client.post("/generations", json={"prompt": prompt}).raise_for_status()
    addresses = wait_until(lambda: addresses_of_all(stack), seconds=60)

    answers: Counter[int] = Counter()
    for number in range(KILLS):
        kill_postgres(stack)
        answers.update(called_back(addresses, 100 * number + place) for place in range(10))
        time.sleep(1)
    wait_until(lambda: called_back(addresses, 99_999) == 202, seconds=BACK_SECONDS)
    wait_until(lambda: states(stack) == {"completed"}, seconds=END_SECONDS)

    ((kept,),) = query(stack.data_folder, "SELECT count(*) FROM generations_callback")
    assert sum(answers[status] for status in (500, 503)) > 0
    assert set(answers) <= {0, 202, 500, 503}
    assert kept >= answers[202]
    assert stack.manage("audit_credits").strip() == "the books close"
