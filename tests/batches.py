"""Batches at every stage, made as people make them."""

from typing import Any

from accounts.models import Team, User
from generations.batches import making, reading, steering
from generations.batches.checking import with_choices
from generations.catalog import MODELS
from generations.models import Batch
from tests.factories import make_member

IMAGES = "seedream-3.0"  # 2 credits for one at 1024 × 1024
PRICE = 2
BAD = "x" * 301  # longer than a prompt of that model may be


def prompts(count: int) -> list[str]:
    return [f"A gate, {number}" for number in range(1, count + 1)]


def drafted(
    team: Team, *prompts: str, user: User | None = None, model: str = IMAGES, name: str = "Nightly", **choices: str
) -> Batch:
    rows = with_choices(reading.prompts("\n".join(prompts)), MODELS[model], choices)
    return steering.draft(team, user or make_member(team=team), name=name, rows=rows)


def started(team: Team, *prompts: str, cap: int | None = None, **given: Any) -> Batch:
    """Running, and nothing made yet."""
    batch = drafted(team, *prompts, **given)
    assert steering.start(batch.id, batch.created_by, cap_credits=cap or 10_000)
    batch.refresh_from_db()
    return batch


def make_all(batch: Batch) -> Batch:
    """What the job would do with it now."""
    while making.step(batch.id) is making.Step.MADE:
        pass
    batch.refresh_from_db()
    return batch
