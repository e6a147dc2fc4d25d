"""Three workers, one of which is killed with -9 every two seconds, for a minute."""

import random

import pytest

from generations.models import Submission
from tests.faults.installation import Installation

CLIPS = [f"Killed at random, clip {number}" for number in range(8)]
FAILURES = [f"Killed at random, [[fault:fail]] {number}" for number in range(12)]
PROMPTS = (CLIPS + FAILURES) * 10
COUNT = len(PROMPTS)
KILLS = 30
EVERY_SECONDS = 2
# So that something is always in progress when a worker is killed.
PROVIDER_SECONDS = 3


# F1
@pytest.mark.faults
def test_workers_killed_again_and_again_lose_and_double_nothing(installation: Installation):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    installation.sandbox.set(seconds=PROVIDER_SECONDS)
    for _ in range(3):
        installation.start_worker()

    for kill in range(KILLS):
        installation.ask_for(*PROMPTS[kill * COUNT // KILLS : (kill + 1) * COUNT // KILLS])
        installation.ended_within(EVERY_SECONDS)
        installation.kill(chance.choice(installation.workers))
        installation.start_worker()
    in_progress = COUNT - sum(installation.states()[state] for state in ("completed", "failed"))
    installation.settle(seconds=150)

    assert in_progress > 0
    assert sum(installation.states().values()) == COUNT
    assert installation.sandbox.state()["creates"] <= Submission.objects.count()
    installation.assert_every_one_ended_once()
