"""A batch from its table to its images, made by every job there is, against the sandbox over HTTP."""

from collections import Counter
from collections.abc import Iterator
from uuid import UUID

import pytest

from accounts.models import Team
from generations.batches import jobs, progress, steering
from generations.models import Asset, Batch, BatchRow, Generation
from tests.batches import BAD, PRICE, drafted
from tests.factories import make_member, make_team
from tests.pages import browser_of
from tests.pipeline import figures, hurry, work
from tests.sandbox_process import wait_until


def prompt(number: int) -> str:
    """A few, again and again: the sandbox draws each image once."""
    return f"A gate of many {number % 10}"


def table(rows: int, *, bad: int) -> Iterator[str]:
    """So many rows, and so many more that are bad in one way or another, among them."""
    ways = ("A gate of {},9:99", BAD + "{},", "A gate {},1024x1024,too much")
    yield "prompt,resolution"
    for number in range(rows):
        if number % (rows // bad) == 0 and number // (rows // bad) < bad:
            yield ways[number % 3].format(number)
        yield f"{prompt(number)},"


def drafted_from(team: Team, text: str) -> Batch:
    """As a member gives it in the browser."""
    form = {"name": "Of many", "kind": "table", "text": text, "model": "seedream-3.0", "shown_model": "seedream-3.0"}
    choices = {"resolution": "1024x1024", "quality": "standard", "count": "1"}
    answer = browser_of(make_member(team=team)).post("/batches/new/", form | choices)
    assert answer.status_code == 302, answer.content.decode()
    return Batch.objects.get(id=UUID(answer.headers["Location"].split("/")[2]))


def run_until(batch: Batch, state: str, *, seconds: float) -> None:
    """Every job, again and again, as beat has it, until the batch is there."""

    def is_there() -> bool:
        jobs.batch()
        work()
        hurry()
        batch.refresh_from_db()
        return batch.state == state and not progress.of(batch).in_progress

    wait_until(is_there, seconds=seconds)


def start(batch: Batch, *, cap: int) -> None:
    assert steering.start(batch.id, batch.created_by, cap_credits=cap)


def test_forty_rows_with_four_bad_ones_among_them(committed_team, account, sandbox):
    batch = drafted_from(committed_team, "\n".join(table(40, bad=4)))
    start(batch, cap=40 * PRICE)

    run_until(batch, "finished", seconds=120)

    check(batch, committed_team, sandbox, made=40, bad=4)


def test_a_cap_is_respected_to_the_credit_and_resumed(committed_team, account):
    batch = drafted(committed_team, *(f"A gate, {number}" for number in range(8)))
    start(batch, cap=3 * PRICE + 1)

    run_until(batch, "paused", seconds=60)
    at_the_cap = figures(committed_team)
    steering.resume(batch.id, batch.created_by, cap_credits=8 * PRICE, shown_credits=5 * PRICE)
    run_until(batch, "finished", seconds=60)

    assert at_the_cap == (2000 - 3 * PRICE, 0, 3 * PRICE)
    assert figures(committed_team) == (2000 - 8 * PRICE, 0, 8 * PRICE)


def test_what_fails_at_the_provider_is_told_and_leaves_its_credits(committed_team, account):
    batch = drafted(committed_team, "A gate", "Something forbidden", "A ship")
    start(batch, cap=6)

    run_until(batch, "finished", seconds=60)

    at = progress.of(batch)
    assert (at.completed, at.failed, at.charged_credits) == (2, 1, 4)
    assert figures(committed_team) == (1996, 0, 4)


@pytest.mark.faults
def test_five_hundred_rows_with_ten_bad_ones_among_them(committed_team, account, sandbox):
    team = make_team(granted=10_000)
    batch = drafted_from(team, "\n".join(table(490, bad=10)))
    start(batch, cap=490 * PRICE)

    run_until(batch, "finished", seconds=900)

    check(batch, team, sandbox, made=490, bad=10)


def check(batch: Batch, team: Team, sandbox, *, made: int, bad: int) -> None:
    """All good rows made once each, all bad ones explained, and the cap reached to the credit."""
    at = progress.of(batch)
    assert (at.completed, at.bad, at.rows, at.committed_credits) == (made, bad, made + bad, batch.cap_credits)
    assert figures(team)[1:] == (0, made * PRICE)
    assert sandbox.state()["creates_by_prompt"] == Counter(prompt(number) for number in range(made))
    assert Asset.objects.filter(generation__batch_id=batch.id, kind=Asset.Kind.OUTPUT).count() == made
    problems = BatchRow.objects.filter(batch=batch).exclude(problem__isnull=True).values_list("problem", flat=True)
    assert len([problem for problem in problems if problem["message"] and problem["constraint"]]) == bad
    assert Generation.objects.filter(batch_id=batch.id).count() == made
