"""The folder of the broker emptied again and again: a message only says "look now", and beat says it again."""

import shutil
from collections import Counter

import pytest

from project.env import DATA_FOLDER
from tests.faults.installation import Installation

PROMPTS = [f"Nudges lost, clip {number}" for number in range(5)]
PROMPTS += [f"Nudges lost, [[fault:fail]] {number}" for number in range(5)]
EACH = 10
EMPTIED_EVERY_SECONDS = 0.5
EMPTIED_AT_MOST = 300


# F2 K5
@pytest.mark.faults
def test_generations_end_while_the_broker_is_emptied_again_and_again(installation: Installation):
    installation.start_worker()
    installation.ask_for(*PROMPTS * EACH)

    for _ in range(EMPTIED_AT_MOST):
        shutil.rmtree(DATA_FOLDER / "broker", ignore_errors=True)
        if installation.ended_within(EMPTIED_EVERY_SECONDS):
            break

    assert installation.states() == {"completed": 50, "failed": 50}
    assert installation.sandbox.state()["creates_by_prompt"] == Counter(PROMPTS * EACH)
    installation.assert_every_one_ended_once()
